"""Plans as people read them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from tnc.ir.plan import Alternative, Plan, Step, named


def table(plan: Plan) -> str:
    """One line per step, and the totals."""
    sizes = ", ".join(f"{name} = {size}" for name, size in plan.binding) or "sizes as written"
    head = f"{plan.layer}: objective {plan.objective}, profile {plan.profile}, {sizes}"
    if any(step.layer for step in plan.steps):
        rows, right = _layers(plan), {1, 3, 4, 5, 6}
    else:
        rows, right = _steps(plan), {0, 3, 4, 5}
    return "\n".join(
        [head, "", *aligned(rows, right=right), "", *aligned(_totals(plan), right=set())]
    )


def _steps(plan: Plan) -> list[tuple[str, ...]]:
    """A row for each step, and below it its convolutions."""
    rows: list[tuple[str, ...]] = [("", "step", "kind", "macs", "gradients", "bytes", "kept")]
    for number, step in enumerate(plan.steps, 1):
        gradients = " + ".join(map(amount, step.macs_gradients)) or "-"
        rows.append(
            (
                str(number),
                _arrow(step),
                step.kind,
                amount(step.macs),
                gradients,
                amount(step.bytes),
                step.kept,
            )
        )
        rows += [("", f"  {relation}", "", "", "", "", "") for relation in step.relations]
    return rows


def _layers(plan: Plan) -> list[tuple[str, ...]]:
    """A row for each run of alike layers of a network, all calls of it together."""
    rows: list[tuple[str, ...]] = [
        ("layer", "calls", "kinds of step", "macs", "gradients", "bytes", "saved")
    ]
    for names, steps in _alike(plan.steps):
        calls = len(names)
        gradients = sum(sum(step.macs_gradients) for step in steps)
        saved = sum(step.result_bytes for step in steps if step.saved)
        rows.append(
            (
                names[0] or "(itself)",
                str(calls),
                ", ".join(dict.fromkeys(step.kind for step in steps)),
                amount(calls * sum(step.macs for step in steps)),
                amount(calls * gradients),
                amount(calls * sum(step.bytes for step in steps)),
                amount(calls * saved),
            )
        )
    return rows


def _alike(steps: Sequence[Step]) -> list[tuple[list[str], list[Step]]]:
    """The layers of a network in order, those with the same steps joined: names, steps of one."""
    found: dict[tuple[Step, ...], list[str]] = {}
    for name, own in groupby(steps, key=lambda step: step.layer):
        found.setdefault(tuple(replace(step, layer="") for step in own), []).append(name)
    return [(names, list(key)) for key, names in found.items()]


def _totals(plan: Plan) -> list[tuple[str, ...]]:
    return [
        ("macs", f"{amount(plan.macs)} forward, {amount(plan.macs_backward)} backward"),
        ("time", f"{duration(plan.seconds)} forward and backward, as predicted"),
        ("moved", f"{amount(plan.bytes)}B forward"),
        ("saved", f"{amount(plan.saved_bytes)}B between forward and backward"),
        ("peak", f"{amount(plan.peak_bytes)}B besides inputs and weights"),
        ("parameters", _parameters(plan)),
    ]


def envelope(plan: Plan) -> str:
    """The other programs of the layer: when each runs, and the times over the batch."""
    parts = []
    for branch in plan.branches:
        rows = [("batch", "otherwise", branch.when)]
        times = zip(branch.sizes or ("",), branch.otherwise, branch.seconds, strict=True)
        rows += [(str(size), duration(one), duration(other)) for size, one, other in times]
        steps = [f"  {step}" for step in branch.steps]
        parts += ["", f"{branch.when}: {branch.why}", *steps, *aligned(rows, right={0, 1, 2})]
    return "\n".join(parts[1:])


def compare(plan: Plan) -> str:
    """The plan beside other orders of the same layer, and beside the dense layer."""
    chosen = Alternative("this plan", plan.macs, plan.bytes, plan.seconds)
    rows = [("order", "macs", "bytes", "time", "× this plan")]
    for other in (chosen, *plan.alternatives):
        time, ratio = "", ""
        if other.seconds is not None:
            time = duration(other.seconds)
            ratio = f"{other.seconds / plan.seconds:.2f}" if plan.seconds else "1.00"
        rows.append((other.name, amount(other.macs), amount(other.bytes), time, ratio))
    note = "macs and bytes forward; time forward and backward, as predicted; dense: one full kernel"
    return "\n".join([*aligned(rows, right={1, 2, 3, 4}), note])


def math(plan: Plan) -> str:
    """Every step in index form: a sum over what its result lacks."""
    return "\n".join(
        f"({number})  {_index_form(step)}" for number, step in enumerate(plan.steps, 1)
    )


def amount(number: int) -> str:
    """Three digits and a unit: `8.39 M`."""
    value = float(number)
    for unit in ("", "k", "M", "G", "T"):
        if value < 999.5:
            return f"{value:.3g} {unit}" if unit else f"{number} "
        value /= 1000
    return f"{value:,.0f} P"


def duration(seconds: float) -> str:
    """Three digits and a unit: `18.9 ms`."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def aligned(rows: Sequence[Sequence[str]], right: set[int]) -> list[str]:
    """Columns padded to one width."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if k in right else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _parameters(plan: Plan) -> str:
    if not plan.dense_parameters:
        return f"{plan.parameters:,}"
    share = 100 * plan.parameters / plan.dense_parameters
    return f"{plan.parameters:,}, dense {plan.dense_parameters:,} ({share:.3g} %)"


def _arrow(step: Step) -> str:
    return f"{' * '.join(step.operands)} -> {step.result}"


def _index_form(step: Step) -> str:
    relations = [relation.partition(" (")[0] for relation in step.relations]
    _, kept = named(step.result)
    legs = [leg for relation in relations for leg in re.findall(r"[^\s·=]+", relation)]
    carried = [mode for operand in step.operands for mode in named(operand)[1]]
    summed = [mode for mode in dict.fromkeys(carried) if mode not in kept]
    free = [mode for mode in summed if mode not in legs or mode not in _bound(relations)]
    sign = f"Σ_{{{' '.join(free)}}} " if free else ""
    where = f"   where {', '.join(relations)}" if relations else ""
    factors = " · ".join(name if name[0] != "[" else f"v{name}" for name in step.operands)
    result = step.result if step.result[0] != "[" else f"v{step.result}"
    return f"{result} = {sign}{factors}{where}"


def _bound(relations: Sequence[str]) -> set[str]:
    """The signals: they follow from results and taps, and are not summed on their own."""
    return {relation.partition(" = ")[0] for relation in relations}
