"""What is aimed at, and how far it is reached."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.results import Results, Row

PLAIN, BEST = "plain autograd", "best plan"
CALL = 20e-6
"""Seconds by which inference may always be slower."""
Value = tuple[str, float]
"""Of what, and how much."""


@dataclass(frozen=True, slots=True)
class Target:
    """A bound on each of some values; `least`: from below."""

    title: str
    bound: float
    values: tuple[Value, ...]
    least: bool = False

    def keeps(self, value: float) -> bool:
        """Whether a value is within the bound."""
        return value >= self.bound if self.least else value <= self.bound

    @property
    def missed(self) -> tuple[Value, ...]:
        """The values beyond the bound, worst first."""
        beyond = [value for value in self.values if not self.keeps(value[1])]
        return tuple(sorted(beyond, key=lambda value: value[1], reverse=not self.least))

    @property
    def worst(self) -> Value:
        """The value nearest to the bound or farthest beyond."""
        choose = min if self.least else max
        return choose(self.values, key=lambda value: value[1])


def targets(results: Results) -> tuple[Target, ...]:
    """Every target for which something was measured."""
    groups = (_dense, _other_libraries, _own, _memory, _networks)
    found = [target for group in groups for target in group(results)]
    return tuple(target for target in found if target.values)


def title(row: Row) -> str:
    """A row's layer, as it is called in tables."""
    share = f" {row['share']:.0%}" if row["share"] else ""
    return f"{row['family']} {row['group']}{share}"


def _dense(results: Results) -> Iterator[Target]:
    training, inference = results.rows("training"), results.rows("inference")
    times = lambda rows: _values(rows, lambda row: row["seconds"] / row["dense"])  # noqa: E731
    amortised = [row for row in training if _amortised(row)]
    yield Target("time of training, dense layer", 1.1, times(amortised))
    allowed = lambda row: max(row["dense"], (row["dense"] + CALL) / 1.1)  # noqa: E731
    calls = _values(inference, lambda row: row["seconds"] / allowed(row))
    yield Target("time of inference, dense layer", 1.1, calls)
    wide = [row for row in training if "256→256@14²" in row["group"] and row["share"] == 0.05]
    wide = [row for row in wide if row["family"] in ("CP", "TK") and _amortised(row)]
    yield Target("the same for CP and TK of 256 channels at 14×14, 5 %", 0.15, times(wide))
    narrow = [row for row in amortised if "64→64@8²" in row["group"] and row["family"] == "TK"]
    yield Target("the same for TK of 64 channels, up to 10 %", 0.45, times(
        [row for row in narrow if row["share"] <= 0.1]
    ))  # fmt: skip


def _amortised(row: Row) -> bool:
    """Whether a layer has the batch from which on it must not be slower than the dense one."""
    least = {"convolution": 32, "dense": 128}.get(row["kind"])
    return least is not None and row["batch"] >= least


def _other_libraries(results: Results) -> Iterator[Target]:
    rows = results.rows("families")
    narrow = [row for row in rows if row["S"] <= 64]
    wide = [row for row in rows if row["S"] > 64]
    from64 = [row for row in rows if row["S"] >= 64 and row["share"] <= 0.1]
    factorised, reconstructed = "tltorch factorized", "tltorch reconstructed"
    yield Target("time, tltorch factorised, up to 64 channels", 0.8, _against(narrow, factorised))
    yield Target("time, tltorch factorised, above", 1.0, _against(wide, factorised))
    yield Target(
        "time, tltorch reconstructed, from 64 channels, up to 10 %", 0.5,
        _against(from64, reconstructed),
    )  # fmt: skip


def _own(results: Results) -> Iterator[Target]:
    rows = results.rows("families")
    large = [row for row in rows if row["macs"] > 1e6]
    yield Target("time, plain autograd, above a million MACs", 1.05, _against(large, PLAIN))
    yield Target("time, the best of our own plans", 1.1, _against(rows, BEST))


def _memory(results: Results) -> Iterator[Target]:
    rows = results.rows("families")
    peaks = lambda rows, name: _against(rows, name, "peak")  # noqa: E731
    yield Target("peak memory, tltorch factorised", 1.0, peaks(rows, "tltorch factorized"))
    yield Target("peak memory, plain autograd", 1.0, peaks(rows, PLAIN))
    few = [row for row in rows if row["S"] >= 64 and row["share"] and row["share"] <= 0.1]
    yield Target("peak memory, dense, from 64 channels, up to 10 %", 0.8, peaks(few, "dense"))


def _networks(results: Results) -> Iterator[Target]:
    calls = {row["name"]: row["seconds"] for row in results.rows("overhead")}
    if calls:
        ours = calls["tnc, without gradients"]
        yield Target("a call of a tiny network, µs", 60.0, (("forward", ours * 1e6),))
        for name, bound in (("torch.einsum", 0.3), ("opt_einsum", 0.5)):
            yield Target(f"the same, {name}", bound, (("forward", ours / calls[name]),))
    rates = _named(results.rows("rates"), lambda row: row["macs"] / row["mm"])
    yield Target("rate of arithmetic of 256 channels, torch.mm", 0.7, rates, least=True)
    steps = {row["name"]: row for row in results.rows("network")}
    for what, bound in (("seconds", 0.55), ("peak", 1.0)):
        told = "time" if what == "seconds" else "peak memory"
        values = tuple((name, steps[name][what] / steps["dense"][what])
                       for name in steps if name in ("CP", "TK"))  # fmt: skip
        yield Target(f"a step of ResNet-32 at 10 %, {told}, dense network", bound, values)


def _against(rows: Iterable[Row], name: str, what: str = "seconds") -> tuple[Value, ...]:
    """Ours in units of another candidate's, where there is one."""
    having = [row for row in rows if name in row[what]]
    return _values(having, lambda row: row[what]["tnc"] / row[what][name])


def _values(rows: Iterable[Row], value: Callable[[Row], Any]) -> tuple[Value, ...]:
    return tuple((_label(row), float(value(row))) for row in rows)


def _named(rows: Iterable[Row], value: Callable[[Row], Any]) -> tuple[Value, ...]:
    return tuple((str(row["name"]), float(value(row))) for row in rows)


def _label(row: Row) -> str:
    last = " channels last" if row.get("format") == "channels last" else ""
    return title(row) + last
