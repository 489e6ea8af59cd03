"""Tuning: what was measured decides. The clock here is made up, so that nothing depends on time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import torch

from tnc.diagnostics import Report, Source
from tnc.driver.build import compile_unit
from tnc.driver.front import Unit, parsed
from tnc.driver.options import Options, Output, Request
from tnc.driver.project import Project, measured, planned
from tnc.driver.requests import elaborated
from tnc.driver.tune import MODEL
from tnc.driver.tuner import Contest, Unmeasurable
from tnc.emit.load import load_module
from tnc.plan.profile import CPU

CP = """tnn 1
layer CP {
  mode n, h, w, i: 3, j: 3, s: 8, t: 10, r: 4
  conv(pad: same) h' = h * i, w' = w * j
  input x[n, s, h, w]
  weight A[s, r], H[r, i], W[r, j], B[r, t]
  output y[n, t, h', w'] = x * A * H * W * B
}
"""
TWO = """tnn 1
layer Low(S: int = 12, T: int = 10, R: int = 4) {
  mode n, s: S, t: T, r: R
  input x[n, s]
  weight A[s, r], B[r, t]
  output y[n, t] = x * A * B
}
layer Net {
  mode n, s: 12
  input x[n, s]
  output y = x |> Low() |> relu |> Low(S: 10, T: 6)
}
layer Plain {
  mode n
  input x[n]
  output y[n] = relu(x)
}
"""


@dataclass
class Clock:
    """A tuner by whose clock the orders that it is asked about take what `time` says."""

    time: Callable[[str], float]
    machine: str = "one"
    seen: list[Contest] = field(default_factory=list)

    def seconds(self, contest: Contest) -> Mapping[str, float]:
        self.seen.append(contest)
        return {name: self.time(name) for name in contest.texts}


def favourite(order: str) -> Clock:
    return Clock(lambda name: 1.0 if name == order else 2.0)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "tnc" / "plans"


def unit(text: str = CP) -> Unit:
    return parsed(Source("cp.tnn", text))


def compiled(clock: Clock | None, layer: str = "CP", text: str = CP, **options: object) -> Output:
    sizes = {"n": 4, "h": 6, "w": 6} if layer == "CP" else {"n": 4}
    given = Options(sizes, tuner=clock, **options)  # type: ignore[arg-type]
    return compile_unit(unit(text), [Request(layer)], given)


def steps(output: Output) -> list[tuple[str, ...]]:
    return [step.operands for step in output.built[-1].plan.steps]


def test_what_is_quickest_by_the_clock_is_taken() -> None:
    clock = Clock(lambda name: 1.0)
    compiled(clock)
    (contest,) = clock.seen
    assert next(iter(contest.texts)) == MODEL
    assert "reconstruct first" in contest.texts
    assert (contest.layer, contest.shapes, contest.share) == ("CP", ((4, 8, 6, 6),), 1.0)
    taken = {order: steps(compiled(favourite(order), cache=False)) for order in contest.texts}
    assert taken[MODEL] == steps(compiled(None))
    assert len({str(each) for each in taken.values()}) == len(taken) > 2


def test_of_equals_the_model_decides() -> None:
    assert steps(compiled(Clock(lambda name: 1.0))) == steps(compiled(None))


def test_the_modules_compute_the_same() -> None:
    x = torch.randn(4, 8, 6, 6, dtype=torch.float64)
    clock = Clock(lambda name: 1.0)
    compiled(clock)
    values, gradients = [], []
    outputs = [compiled(favourite(each), cache=False) for each in clock.seen[0].texts]
    for output in [compiled(None), *outputs]:
        torch.manual_seed(0)
        layer = load_module(output.text).CP(dtype=torch.float64)
        y = layer(x)
        values.append(y.detach())
        gradients.append(torch.autograd.grad(y.square().sum(), layer.parameters()))
    for other, theirs in zip(values[1:], gradients[1:], strict=True):
        torch.testing.assert_close(other, values[0])
        torch.testing.assert_close(theirs, gradients[0])


def test_what_is_measured_runs() -> None:
    clock = Clock(lambda name: 1.0)
    compiled(clock)
    x = torch.randn(4, 8, 6, 6)
    for text in clock.seen[0].texts.values():
        assert load_module(text).CP()(x).shape == (4, 10, 6, 6)


def test_measured_once(folder: Path) -> None:
    first, second = favourite("reconstruct first"), favourite(MODEL)
    texts = [compiled(first).text, compiled(second).text]
    assert texts[0] == texts[1]
    assert (len(first.seen), second.seen) == (1, [])
    stored = [json.loads(each.read_text()) for each in folder.glob("*.json")]
    (kept,) = [each for each in stored if each["schema"] == "tnc.tuned/1"]
    assert kept["machine"] == "one"
    assert kept["seconds"] == [{name: first.time(name) for name in first.seen[0].texts}]


def test_without_the_cache_it_is_measured_every_time(folder: Path) -> None:
    clock = favourite("reconstruct first")
    compiled(clock, cache=False)
    compiled(clock, cache=False)
    assert len(clock.seen) == 2
    assert not folder.exists()


def test_another_machine_measures_anew() -> None:
    compiled(favourite(MODEL))
    other = favourite("reconstruct first")
    other.machine = "one, with another version of torch"
    assert steps(compiled(other)) != steps(compiled(None))
    assert len(other.seen) == 1


def test_other_sizes_are_measured_anew() -> None:
    clock = favourite(MODEL)
    compiled(clock)
    compile_unit(unit(), [Request("CP")], Options({"n": 5, "h": 6, "w": 6}, tuner=clock))
    assert [each.shapes[0][0] for each in clock.seen] == [4, 5]


def test_a_broken_file_is_measured_anew(folder: Path) -> None:
    clock = favourite("reconstruct first")
    text = compiled(clock).text
    for file in folder.glob("*.json"):
        file.write_text(file.read_text().replace('"orders": [', '"orders": [7, '))
    assert compiled(clock).text == text
    assert len(clock.seen) == 2


def test_what_is_not_tuned_knows_nothing_of_it() -> None:
    before = compiled(None, cache=False).text
    tuned = compiled(favourite("reconstruct first")).text
    assert before == compiled(None).text == compiled(None, cache=False).text != tuned


def test_plan_and_header_say_so() -> None:
    output = compiled(favourite(MODEL))
    assert output.built[0].plan.profile == "cpu, tuned"
    assert "profile cpu, tuned; macs" in output.text
    assert "tuned" not in compiled(None).text


def test_nothing_is_kept_of_what_was_interrupted(folder: Path) -> None:
    def interrupt(name: str) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compiled(Clock(interrupt))
    assert not [each for each in folder.glob("*") if "tuned" in each.read_text()]
    clock = favourite(MODEL)
    compiled(clock)
    assert len(clock.seen) == 1


def test_what_cannot_be_measured_is_left_to_the_model(folder: Path) -> None:
    def refuse(name: str) -> float:
        raise Unmeasurable("no")

    assert compiled(Clock(refuse)).text == compiled(None).text
    assert not [each for each in folder.glob("*") if "tuned" in each.read_text()]


def test_layers_inside_are_measured_and_what_holds_them_is_not() -> None:
    clock = favourite("reconstruct first")
    output = compiled(clock, "Net", TWO)
    assert [each.layer for each in clock.seen] == ["Low", "Low"]
    assert [each.shapes for each in clock.seen] == [((4, 12),), ((4, 10),)]
    assert output.built[-1].plan.profile == "cpu, tuned"
    assert "profile cpu, tuned; macs" in output.text


def test_where_there_is_nothing_to_order_nothing_is_measured() -> None:
    clock = favourite(MODEL)
    assert compiled(clock, "Plain", TWO).text == compiled(None, "Plain", TWO).text
    assert clock.seen == []


def test_other_objectives_are_not_measured() -> None:
    clock = favourite("reconstruct first")
    for objective in ("macs", "memory"):
        compiled(clock, objective=objective)
    assert clock.seen == []


def test_a_limit_is_met_with_the_orders_of_the_model_too() -> None:
    (layer,) = elaborated(unit(), [Request("CP")], Report())
    given = Options({"n": 4, "h": 6, "w": 6}, tuner=favourite("reconstruct first"), cache=False)
    model = planned(layer, given.binding, given).choices[0].tree
    best = measured(layer, given.binding, given).choices[0].tree
    drafts = Project([layer], given).every(layer)
    assert {model, best} <= {draft.planned.choices[0].tree for draft in drafts}
    assert model != best


def test_hopeless_orders_are_not_run() -> None:
    """Where the gradient of a full kernel takes ten seconds, no order with one is tried."""
    slow = tuple(
        (kind, replace(rate, launch=10**13) if kind == "tap gradient" else rate)
        for kind, rate in CPU.rates
    )
    clock = Clock(lambda name: 1.0)
    compiled(clock, profile=replace(CPU, name="slow", rates=slow))
    assert not any("reconstruct first" in each.texts for each in clock.seen)
