"""`tnc.tune_end_to_end` against plain loops of PyTorch's, and after it was killed."""

from __future__ import annotations

import copy
import os
import random
import signal
import subprocess
import sys
from collections import UserDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

import tnc
from tests.finetune.networks import drawn_after
from tnc.finetune.checkpoint import checkpoint_at

CLASSES, FEATURES, BATCH = 3, 5, 7


class Network(nn.Module):
    """Draws random numbers when it is trained, and has statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.inward, self.outward = nn.Linear(FEATURES, 8), nn.Linear(8, CLASSES)
        self.norm, self.dropout = nn.BatchNorm1d(8), nn.Dropout(0.3)

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.dropout(self.norm(self.inward(x)).relu())
        out: Tensor = self.outward(hidden)
        return out


def network() -> Network:
    torch.manual_seed(3)
    return Network().double()


def data(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Five batches in an order of the epoch's, each drawn anew from all three generators."""
    features = torch.randn(5 * BATCH, FEATURES, generator=torch.Generator().manual_seed(0)).double()
    labels = torch.arange(5 * BATCH) % CLASSES
    for rows in torch.randperm(5 * BATCH).split(BATCH):
        noise = 0.1 * torch.randn(BATCH, FEATURES).double()
        yield (features[rows] + noise * random.random() + 0.1 * np.random.rand(), labels[rows])


def weights(module: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def same(ours: dict[str, Tensor], theirs: dict[str, Tensor]) -> bool:
    return all(torch.equal(ours[name], theirs[name]) for name in theirs)


def sgd(parameters: Any) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, 0.1, momentum=0.9)


def halving(optimizer: torch.optim.Optimizer) -> torch.optim.lr_scheduler.LRScheduler:
    return torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)


def test_it_is_the_plain_loop() -> None:
    ours, theirs = network(), network()
    theirs.dropout.p = ours.dropout.p = 0.0
    fixed = [(torch.randn(BATCH, FEATURES).double(), torch.arange(BATCH) % CLASSES)] * 3
    report = tnc.tune_end_to_end(
        ours, lambda epoch: fixed, epochs=2, optimizer=sgd, scheduler=halving
    )
    optimizer = sgd(theirs.parameters())
    scheduler, losses = halving(optimizer), []
    theirs.train()
    for _ in range(2):
        for x, labels in fixed:
            optimizer.zero_grad()
            loss = cross_entropy(theirs(x), labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        scheduler.step()
    assert same(weights(ours), weights(theirs))
    assert [each.loss for each in report.epochs] == [sum(losses[:3]) / 3, sum(losses[3:]) / 3]
    assert report.steps == 6
    assert ours.training


def test_it_learns_and_says_so() -> None:
    seen: list[tuple[int, int, float]] = []
    net = network().eval()
    report = tnc.tune_end_to_end(
        net,
        data,
        epochs=8,
        evaluate=lambda each: float(each.training),
        progress=lambda *told: seen.append(told),
    )
    assert report.epochs[-1].loss < report.epochs[0].loss
    assert [each.score for each in report.epochs] == [0.0] * 8
    assert [told[:2] for told in seen[:6]] == [(0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (1, 1)]
    assert len(str(report).splitlines()) == 8
    assert not net.training


def test_the_callers_random_numbers_go_on() -> None:
    def fail(_: nn.Module) -> float:
        raise ZeroDivisionError

    def run() -> None:
        tnc.tune_end_to_end(nets.pop(), data)

    def stop() -> None:
        with pytest.raises(ZeroDivisionError):
            tnc.tune_end_to_end(nets.pop(), data, evaluate=fail)

    nets, expected = [network(), network()], drawn_after(lambda: None)
    for each in (run, stop):
        found = drawn_after(each)
        assert torch.equal(found[0], expected[0])
        assert found[1:] == expected[1:]
    assert not nets


def test_what_sleeps_in_a_network_that_trains_sleeps_on() -> None:
    for training in (True, False):
        net, seen = network().train(training), []
        net.norm.eval()
        mean = net.norm.running_mean.clone()
        tnc.tune_end_to_end(
            net,
            data,
            epochs=2,
            evaluate=lambda each: 0.0,
            progress=lambda *_, net=net, seen=seen: seen.append(
                (net.norm.training, net.dropout.training)
            ),
        )
        assert set(seen) == {(not training, True)}
        assert torch.equal(net.norm.running_mean, mean) == training
        assert (net.norm.training, net.dropout.training) == (False, training)


class Frozen(Network):
    """Keeps its normalisation asleep by itself, as many networks do."""

    def train(self, mode: bool = True) -> Frozen:
        super().train(mode)
        self.norm.eval()
        return self


def test_a_network_says_itself_what_trains() -> None:
    net = Frozen().double().eval()
    mean = net.norm.running_mean.clone()
    tnc.tune_end_to_end(net, data)
    assert torch.equal(net.norm.running_mean, mean)


def plateau(optimizer: torch.optim.Optimizer) -> torch.optim.lr_scheduler.LRScheduler:
    return torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.1, patience=0)


@pytest.mark.parametrize("scored", [False, True])
def test_plateaus_are_those_of_the_score_or_of_the_loss(scored: bool) -> None:
    """A worse score at once lowers the rate; the loss falls, and so does not."""
    made: list[torch.optim.Optimizer] = []

    def kept(parameters: Any) -> torch.optim.Optimizer:
        made.append(sgd(parameters))
        return made[0]

    scores = iter([1.0, 2.0, 3.0])
    report = tnc.tune_end_to_end(
        network(),
        data,
        epochs=3,
        optimizer=kept,
        scheduler=plateau,
        evaluate=(lambda _: next(scores)) if scored else None,
    )
    losses = [each.loss for each in report.epochs]
    expected = plateau(theirs := sgd([nn.Parameter(torch.zeros(1))]))
    for value in [1.0, 2.0, 3.0] if scored else losses:
        expected.step(value)  # type: ignore[call-arg, arg-type]
    assert made[0].param_groups[0]["lr"] == theirs.param_groups[0]["lr"]
    assert (made[0].param_groups[0]["lr"] < 0.01) == scored


def test_the_same_seed_gives_the_same_weights() -> None:
    nets = [network() for _ in range(3)]
    for net, seed in zip(nets, (1, 1, 2), strict=True):
        tnc.tune_end_to_end(net, data, seed=seed)
        torch.rand(1)
    assert same(weights(nets[0]), weights(nets[1]))
    assert not same(weights(nets[0]), weights(nets[2]))


class Killed(BaseException):
    """As if there had been no time for anything."""


@pytest.mark.parametrize("scheduler", [halving, plateau])
@pytest.mark.parametrize("at", [(0, 1), (0, 3), (0, 5), (1, 2), (1, 5), (2, 1)])
def test_a_run_that_was_killed_goes_on(
    at: tuple[int, int], scheduler: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tnc.finetune.checkpoint.INTERVAL", -1.0)  # after every batch
    whole, killed, place = network(), network(), tmp_path / "deep" / "run.pt"

    def run(net: nn.Module, path: Path | None, **given: Any) -> tnc.EndToEndReport:
        return tnc.tune_end_to_end(
            net,
            data,
            epochs=3,
            optimizer=sgd,
            scheduler=scheduler,
            evaluate=lambda _: torch.rand(()).item(),
            checkpoint=path,
            **given,
        )

    def kill(epoch: int, batch: int, loss: float) -> None:
        if (epoch, batch) == at:
            raise Killed

    expected = run(whole, None)
    with pytest.raises(Killed):
        run(killed, place, progress=kill)
    assert [each.name for each in place.parent.glob("*")] == ([] if at == (0, 1) else ["run.pt"])
    again = network()
    assert run(again, place) == expected
    assert same(weights(again), weights(whole))
    third = network()
    assert run(third, place, progress=kill) == expected  # nothing is left to do
    assert same(weights(third), weights(whole))


DIES = """
import os, signal, torch
from tests.finetune.test_end_to_end import network, data
import tnc

def die(state, file):
    file.write(b"half")
    file.flush()
    os.kill(os.getpid(), signal.SIGKILL)

torch.save = die
tnc.tune_end_to_end(network(), data, checkpoint="run.pt")
"""


def test_what_a_killed_process_has_left_goes(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    died = subprocess.run([sys.executable, "-c", DIES], cwd=tmp_path, env=environment, check=False)
    assert died.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.read_bytes() == b"half"
    others = [tmp_path / name for name in ("run.pt.1", "other.pt.1.unfinished", "run.pt.bak")]
    for other in others:
        other.write_text("mine")
    tnc.tune_end_to_end(network(), data, checkpoint=tmp_path / "run.pt")
    assert {*tmp_path.iterdir()} == {tmp_path / "run.pt", *others}


def test_what_a_living_process_writes_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run begins in the middle of writing."""
    place, kept, seen = tmp_path / "run.pt", torch.save, []

    def save(state: Any, file: Any) -> None:
        monkeypatch.setattr(torch, "save", kept)
        other = checkpoint_at(place, "end to end", network())
        assert other.load() is None
        seen.append([each.name for each in tmp_path.iterdir()])
        kept(state, file)

    monkeypatch.setattr(torch, "save", save)
    tnc.tune_end_to_end(network(), data, checkpoint=place)
    assert seen == [[f"run.pt.{os.getpid()}.unfinished"]]
    assert [each.name for each in tmp_path.iterdir()] == ["run.pt"]


def test_more_epochs_go_on_from_a_checkpoint(tmp_path: Path) -> None:
    first, whole, place = network(), network(), tmp_path / "run.pt"
    tnc.tune_end_to_end(first, data, epochs=1, checkpoint=place)
    report = tnc.tune_end_to_end(first, data, epochs=3, checkpoint=place)
    assert report == tnc.tune_end_to_end(whole, data, epochs=3)
    assert same(weights(first), weights(whole))


def distilled(student: Tensor, teacher: Tensor, labels: Tensor, share: float, T: float) -> Tensor:
    """The loss of Hinton et al., term by term."""
    total = torch.zeros((), dtype=student.dtype)
    for ours, theirs, label in zip(student, teacher, labels, strict=True):
        q, p = (ours / T).exp(), (theirs / T).exp()
        q, p = q / q.sum(), p / p.sum()
        apart = sum(p[k] * (p[k].log() - q[k].log()) for k in range(CLASSES))
        plain = -(ours[label].exp() / ours.exp().sum()).log()
        total = total + (1 - share) * plain + share * T * T * apart
    return total / len(labels)


@pytest.mark.parametrize(("share", "temperature"), [(0.3, 2.0), (1.0, 5.0), (0.0, 1.0)])
def test_distillation(share: float, temperature: float) -> None:
    ours, teacher = network(), network()
    ours.dropout.p = 0.0
    torch.manual_seed(9)
    teacher.outward.reset_parameters()
    theirs, x, labels = copy.deepcopy(ours), torch.randn(BATCH, FEATURES).double(), None
    labels = torch.arange(BATCH) % CLASSES
    teacher.train()
    report = tnc.tune_end_to_end(
        ours,
        lambda epoch: [(x, labels)],
        optimizer=sgd,
        teacher=teacher,
        distillation=share,
        temperature=temperature,
    )
    assert teacher.training
    optimizer = sgd(theirs.train().parameters())
    loss = distilled(theirs(x), teacher.eval()(x).detach(), labels, share, temperature)
    loss.backward()
    optimizer.step()
    assert report.epochs[0].loss == pytest.approx(loss.item(), rel=1e-12)
    for name, tensor in weights(theirs).items():
        torch.testing.assert_close(weights(ours)[name], tensor, rtol=1e-10, atol=1e-12)


class Named(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(2, 2)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        out: Tensor = self.inner(a - 2 * b)
        return out


def test_several_arguments_and_other_losses() -> None:
    a, b, aim = torch.randn(3, 4, 2)
    nets = [Named() for _ in range(2)]
    nets[1].load_state_dict(nets[0].state_dict())
    given: list[Any] = [(a, b), {"b": b, "a": a}]
    for net, inputs in zip(nets, given, strict=True):
        batches = [(inputs, {"aim": aim})]
        tnc.tune_end_to_end(
            net,
            lambda epoch, batches=batches: batches,
            loss=lambda y, t: (y - t["aim"]).abs().sum(),
        )
    assert same(weights(nets[0]), weights(nets[1]))


def wrong(**given: Any) -> dict[str, Any]:
    return {"data": data, **given}


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        (wrong(epochs=-1), ValueError, "epochs = -1"),
        (wrong(teacher=network(), distillation=1.5), ValueError, "distillation = 1.5"),
        (wrong(teacher=network(), temperature=0), ValueError, "temperature = 0"),
        (wrong(data=lambda epoch: []), ValueError, "gives no batch"),
        (wrong(data=lambda epoch: [torch.zeros(2, FEATURES)]), TypeError, "pairs"),
    ],
)
def test_what_makes_no_sense(given: dict[str, Any], error: type[Exception], said: str) -> None:
    net = network()
    before = weights(net)
    with pytest.raises(error, match=said):
        tnc.tune_end_to_end(net, **given)
    assert same(weights(net), before)
    assert net.training


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def foreign(path: Path) -> None:
    torch.save({"weights": 1}, path)


@pytest.mark.parametrize(
    ("spoil", "seed", "said"),
    [
        (truncated, 0, "no checkpoint"),
        (foreign, 0, "no checkpoint of tnc"),
        (lambda path: path.write_text("hello"), 0, "no checkpoint"),
        (lambda path: path.write_bytes(b""), 0, "no checkpoint"),
        (lambda path: path.write_bytes(b"junk"), 0, "no checkpoint"),
        (lambda path: None, 1, "seed = 0, not 1"),
    ],
)
def test_a_file_that_is_no_checkpoint_of_this_run(
    spoil: Callable[[Path], object], seed: int, said: str, tmp_path: Path
) -> None:
    place = tmp_path / "run.pt"
    tnc.tune_end_to_end(network(), data, checkpoint=place)
    spoil(place)
    before = place.read_bytes()
    with pytest.raises(ValueError, match=said):
        tnc.tune_end_to_end(network(), data, seed=seed, checkpoint=place)
    assert place.read_bytes() == before


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"optimizer": sgd}, "optimizer = 'Adam, rate 0.001', not 'SGD, rate 0.1'"),
        ({"scheduler": halving}, "scheduler = None, not 'StepLR'"),
        ({"teacher": network()}, r"distillation = None, not \(0.5, 4.0\)"),
        ({"epochs": 1}, "2 epochs are done already, more than 1"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused(
    given: dict[str, Any], said: str, tmp_path: Path
) -> None:
    place = tmp_path / "run.pt"
    tnc.tune_end_to_end(network(), data, epochs=2, checkpoint=place)
    net = network()
    before = weights(net)
    with pytest.raises(ValueError, match=said):
        tnc.tune_end_to_end(net, data, **{"epochs": 3, **given}, checkpoint=place)
    assert same(weights(net), before)


def test_a_checkpoint_of_another_network_changes_nothing(tmp_path: Path) -> None:
    place = tmp_path / "run.pt"
    tnc.tune_end_to_end(network(), data, checkpoint=place)
    net = network()
    net.outward = nn.Linear(8, CLASSES + 1).double()
    before = weights(net)
    with pytest.raises(ValueError, match="is of a run with network = "):
        tnc.tune_end_to_end(net, data, checkpoint=place)
    assert same(weights(net), before)


def test_a_checkpoint_of_another_format_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "run.pt"
    tnc.tune_end_to_end(network(), data, checkpoint=place)
    found = torch.load(place, weights_only=True)
    del found["about"]["format"]
    torch.save(found, place)
    with pytest.raises(
        ValueError, match="was written by another version of tnc: give another path"
    ):
        tnc.tune_end_to_end(network(), data, checkpoint=place)


def test_rates_may_be_numbers_of_numpy(tmp_path: Path) -> None:
    def run(net: nn.Module, epochs: int, path: Path | None) -> None:
        def cosine(optimizer: torch.optim.Optimizer) -> torch.optim.lr_scheduler.LRScheduler:
            return torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: np.cos(epoch / 9))

        tnc.tune_end_to_end(net, data, epochs=epochs, scheduler=cosine, checkpoint=path)

    whole, again = network(), network()
    run(whole, 3, None)
    run(again, 2, tmp_path / "run.pt")
    run(again, 3, tmp_path / "run.pt")
    assert same(weights(again), weights(whole))


def test_named_arguments_in_any_mapping() -> None:
    x, labels = torch.randn(6, FEATURES).double(), torch.arange(6) % CLASSES
    reports = [
        tnc.tune_end_to_end(network(), lambda _, inputs=inputs: [(inputs, labels)])
        for inputs in (x, UserDict(x=x))
    ]
    assert reports[0] == reports[1]
