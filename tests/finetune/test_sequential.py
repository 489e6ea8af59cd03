"""`tnc.tune_sequential` against least squares and loops written out."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import tnc
from tests.finetune.networks import Dense, compressed, data, dense, drawn_after

NAMES = ["conv", "twice", "last"]


def weights(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def same(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> bool:
    return all(torch.equal(ours[name], theirs[name]) for name in theirs)


def before_last(net: nn.Module, x: Tensor) -> Tensor:
    y = net.norm(net.conv(x)).relu().flatten(2)
    return net.twice(net.twice(y).relu()).flatten(1)


def test_ranks_that_suffice_give_the_teacher_back() -> None:
    student, teacher = compressed(6, conv_rank=18), dense()
    student.twice = copy.deepcopy(teacher.twice)
    report = tnc.tune_sequential(student, teacher, data, iterations=400, norms=False)
    assert [unit.name for unit in report.units] == ["conv", "last"]
    for unit in report.units:
        assert unit.after < 1e-8 < unit.before
        assert unit.method == "closed form"
    x, _ = next(data(1))
    torch.testing.assert_close(student(x), teacher(x), rtol=0, atol=1e-3)
    assert not student.training
    assert report.norms == 0


def apart(ours: Tensor, theirs: Tensor) -> float:
    return (((ours - theirs) ** 2).sum() / (theirs**2).sum()).item()


def test_losses_are_those_of_the_samples() -> None:
    student, teacher = compressed(2), dense()
    report = tnc.tune_sequential(student, teacher, data, norms=False)
    first, last = report.units[0], report.units[-1]
    with torch.no_grad():
        x = torch.cat([x for x, _ in data(0)])
        y = teacher.conv(x)
        start = compressed(2).conv(x)
        assert first.before == pytest.approx(apart(start, y), rel=1e-9)
        assert last.after == pytest.approx(apart(student(x), teacher(x)), rel=1e-9)
    assert [unit.name for unit in report.units] == NAMES
    assert all(unit.after < unit.before for unit in report.units)
    assert str(report).splitlines()[2].startswith("last   ")


def test_a_part_makes_good_what_earlier_ones_have_lost() -> None:
    """Rank 4 suffices for the last layer: then it is least squares from what the student gives."""
    student, teacher = compressed(4), dense()
    report = tnc.tune_sequential(student, teacher, data, iterations=400, norms=False)
    with torch.no_grad():
        x = torch.cat([x for x, _ in data(0)])
        inputs = before_last(student, x)
        ones = torch.ones(len(x), 1, dtype=x.dtype)
        inputs = torch.cat([inputs, ones], 1)
        best = inputs @ (torch.linalg.pinv(inputs) @ teacher(x))
        assert report.units[-1].after == pytest.approx(apart(best, teacher(x)), rel=1e-6)
        assert apart(student(x), best) < 1e-6
        alone = teacher.last(before_last(student, x))
        assert report.units[-1].after < 0.9 * apart(alone, teacher(x))


def test_parts_are_tuned_to_norms_as_they_are_left() -> None:
    student, teacher = compressed(2), dense()
    last = tnc.tune_sequential(student, teacher, data).units[-1]
    with torch.no_grad():
        ours = torch.cat([student(x) for x, _ in data(0)])
        theirs = torch.cat([teacher(x) for x, _ in data(0)])
    assert last.after == pytest.approx(apart(ours, theirs), rel=1e-9)


def test_batches_and_norms() -> None:
    student, teacher = compressed(2), dense()
    assert tnc.tune_sequential(student, teacher, data, batches=1).norms == 1
    again = compressed(2)
    for parts in (["conv"], ["twice", "last"]):
        tnc.tune_sequential(again, teacher, lambda epoch: [next(data(0))], parts=parts, norms=False)
        tnc.reestimate(again, data, batches=1)
    assert same(weights(student), weights(again))


def sgd(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, 1e-6)


def test_the_callers_random_numbers_go_on() -> None:
    def fail() -> None:
        with pytest.raises(ValueError, match="gives no batch"):
            tnc.tune_sequential(student, teacher, lambda _: [])

    student, teacher = compressed(2), dense()
    expected = drawn_after(lambda: None)
    for each in (
        lambda: tnc.tune_sequential(student, teacher, data, iterations=1),
        lambda: tnc.reestimate(student, data),
        fail,
    ):
        found = drawn_after(each)
        assert torch.equal(found[0], expected[0])
        assert found[1:] == expected[1:]


def test_gradient_descent_on_a_part() -> None:
    student, teacher, theirs = compressed(2), dense(), compressed(2)
    report = tnc.tune_sequential(
        student, teacher, data, parts=["last"], method="sgd", epochs=2, optimizer=sgd, norms=False
    )
    optimizer = sgd(theirs.last.parameters())
    for epoch in range(2):
        for x, _ in data(epoch):
            with torch.no_grad():
                inputs, y = before_last(theirs, x), teacher(x)
            optimizer.zero_grad()
            ((theirs.last(inputs) - y) ** 2).mean().backward()
            optimizer.step()
    for name, tensor in weights(theirs).items():
        torch.testing.assert_close(weights(student)[name], tensor, rtol=1e-10, atol=1e-12)
    (unit,) = report.units
    assert (unit.method, unit.steps) == ("sgd", 6)
    assert unit.after < unit.before


@pytest.mark.parametrize("method", ["auto", "sgd"])
def test_frozen_weights_are_held(method: Any) -> None:
    student, teacher = compressed(2), dense()
    student.conv.requires_grad_(False)
    student.last.A.requires_grad_(False)
    before = weights(student)
    report = tnc.tune_sequential(
        student, teacher, data, method=method, iterations=5, optimizer=sgd, norms=False
    )
    after = weights(student)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {"twice.A", "twice.B", "last.B", "last.b"}
    conv, _, last = report.units
    assert (conv.method, conv.steps, conv.after) == ("frozen", 0, conv.before)
    assert str(report).splitlines()[0].endswith("  frozen")
    assert last.after < last.before


class Stages(nn.Module):
    def __init__(self, first: nn.Module, second: nn.Module) -> None:
        super().__init__()
        self.stage_1, self.stage_2 = nn.Sequential(first, nn.Tanh()), nn.Sequential(second)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.stage_2(self.stage_1(x))
        return out


def test_blocks_are_trained_as_wholes() -> None:
    """A block with two layers has no closed form; one layer in a block has."""
    lib, linear = tnc.load("std.dense"), lambda: nn.Linear(6, 6).double()
    torch.manual_seed(0)
    teacher = Stages(nn.Sequential(linear(), nn.ReLU(), linear()), linear())
    student = copy.deepcopy(teacher)
    student.stage_1[0][2] = lib.SVD(S=6, T=6, bias=True, R=2).double()
    student.stage_2[0] = lib.SVD(S=6, T=6, bias=True, R=2).double()
    batches = [(torch.randn(40, 6).double(), None)]
    report = tnc.tune_sequential(student, teacher, lambda _: batches, parts=["stage_*"])
    assert [(each.name, each.method) for each in report.units] == [
        ("stage_1", "sgd"),
        ("stage_2", "closed form"),
    ]
    with pytest.raises(ValueError, match="`stage_1` has no closed form"):
        tnc.tune_sequential(
            student, teacher, lambda _: batches, parts=["stage_*"], method="closed form"
        )


class Killed(BaseException):
    """As if there had been no time for anything."""


@pytest.mark.parametrize("method", ["auto", "sgd"])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_run_that_was_killed_goes_on(at: int, method: Any, tmp_path: Path) -> None:
    teacher, place = dense(), tmp_path / "run.pt"

    def kill(name: str, number: int, of: int, loss: float) -> None:
        assert (name, of) == (NAMES[number - 1], 3)
        if number == at:
            raise Killed

    def run(student: nn.Module, **given: Any) -> tnc.SequentialReport:
        return tnc.tune_sequential(
            student, teacher, data, method=method, iterations=5, checkpoint=place, **given
        )

    whole = compressed(2)
    expected = tnc.tune_sequential(whole, teacher, data, method=method, iterations=5)
    with pytest.raises(Killed):
        run(compressed(2), progress=kill)
    again = compressed(2)
    assert run(again) == expected
    assert same(weights(again), weights(whole))


def test_a_checkpoint_of_other_parts(tmp_path: Path) -> None:
    teacher, place = dense(), tmp_path / "run.pt"
    given: dict[str, Any] = {"iterations": 2, "checkpoint": place}
    tnc.tune_sequential(compressed(2), teacher, data, parts=["last"], **given)
    with pytest.raises(ValueError, match="is of a run over other parts"):
        tnc.tune_sequential(compressed(2), teacher, data, **given)


def test_parts_that_do_not_exist() -> None:
    student = compressed(2)
    before = weights(student)
    with pytest.raises(ValueError, match="`con` matches no part"):
        tnc.tune_sequential(student, dense(), data, parts=["last", "con"])
    assert same(weights(student), before)


def test_nothing_was_replaced() -> None:
    report = tnc.tune_sequential(dense(), dense(), data)
    assert report.units == ()


def test_networks_keep_their_training_flags() -> None:
    student, teacher = compressed(2).train(), dense()
    teacher.train()
    teacher.norm.eval()
    tnc.tune_sequential(student, teacher, data, iterations=1)
    assert all(each.training for each in student.modules())
    assert isinstance(teacher, Dense)
    assert [teacher.norm.training, teacher.conv.training] == [False, True]


class Rectified(nn.Module):
    """Calls one layer twice, and changes in place what comes out of it."""

    def __init__(self, inplace: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.line, self.act = nn.Linear(6, 6), nn.ReLU(inplace=inplace)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.act(self.line(self.act(self.line(x))))
        return out


def test_what_networks_do_in_place_is_not_what_is_read() -> None:
    reports = []
    for inplace in (False, True):
        teacher = Rectified(inplace).double()
        student = copy.deepcopy(teacher)
        student.line = tnc.load("std.dense").SVD(S=6, T=6, R=6, bias=True).double()
        tnc.fit(student.line, teacher.line)
        x = torch.randn(40, 6, generator=torch.Generator().manual_seed(1)).double()
        given = [(x, None)]
        reports.append(tnc.tune_sequential(student, teacher, lambda _, given=given: given))
    assert [each.units[0].after < 1e-16 for each in reports] == [True, True]


def test_a_checkpoint_of_another_run_changes_nothing(tmp_path: Path) -> None:
    teacher, place = dense(), tmp_path / "run.pt"
    tnc.tune_sequential(compressed(2), teacher, data, iterations=2, checkpoint=place)
    student = compressed(3)
    before = weights(student)
    with pytest.raises(ValueError, match="is of a run with network = "):
        tnc.tune_sequential(student, teacher, data, iterations=2, checkpoint=place)
    assert same(weights(student), before)
    with pytest.raises(ValueError, match="is of a run with iterations = 2, not 3"):
        tnc.tune_sequential(compressed(2), teacher, data, iterations=3, checkpoint=place)


def test_rounding_does_not_raise_a_loss() -> None:
    torch.manual_seed(0)
    teacher = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8)).bfloat16()
    student = copy.deepcopy(teacher)
    for number in range(2):
        student[number] = tnc.load("std.dense").SVD(S=8, T=8, R=2, bias=True).bfloat16()
        tnc.fit(student[number], teacher[number])
    given = [(torch.randn(9, 8).bfloat16(), None)]
    tnc.tune_sequential(student, teacher, lambda _: given)
    again = tnc.tune_sequential(student, teacher, lambda _: given)
    assert [unit.after <= unit.before for unit in again.units] == [True, True]
    x = given[0][0]
    for number, unit in enumerate(again.units):
        wanted, found = teacher[: number + 1](x), student[: number + 1](x)
        assert apart(found.double(), wanted.double()) == pytest.approx(unit.after, rel=1e-2)


class Keyed(nn.Module):
    """Calls a part by the name of its argument; the part may give more than a tensor."""

    def __init__(self, more: bool) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.part = Pair(more)

    def forward(self, x: Tensor) -> Tensor:
        found = self.part(x=x)
        out: Tensor = found[0] if isinstance(found, tuple) else found
        return out


class Pair(nn.Module):
    def __init__(self, more: bool) -> None:
        super().__init__()
        self.line, self.more = nn.Linear(4, 4), more

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, None]:
        return (self.line(x), None) if self.more else self.line(x)


def test_parts_are_called_by_name_and_give_tensors() -> None:
    given = [(torch.randn(9, 4), None)]
    report = tnc.tune_sequential(Keyed(False), Keyed(False), lambda _: given, parts=["part"])
    assert [(unit.name, unit.before) for unit in report.units] == [("part", 0.0)]
    with pytest.raises(TypeError, match="`part` gives a tuple, not a tensor"):
        tnc.tune_sequential(Keyed(True), Keyed(True), lambda _: given, parts=["part"])
