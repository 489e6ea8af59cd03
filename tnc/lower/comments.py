"""Comments of lines: named modes, what is multiplied, how many multiplications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tnc.ir.graph import Value
from tnc.ir.layer import Axes
from tnc.ir.tensor import Mode
from tnc.lower.forms import Form, flat
from tnc.lower.ways import Step, Way
from tnc.ops import Contract

GAP = "      "
"""Between the modes of a comment and its notes."""

MACS = " mac"

UNITS = ((10**9, "G"), (10**6, "M"), (10**3, "k"))


def comment(step: Step, forms: Sequence[Form], way: Way, binding: Mapping[str, int]) -> str:
    """`n r h w <- n s h w · r s      8.4 M mac, stride 2`."""
    results = ", ".join(_modes(value.type.modes, form) for value, form in _results(step, way))
    operands = " · ".join(_modes(form.modes, form) for form in forms)
    notes = [text for text in (_macs(step, binding), way.note) if text]
    text = f"{results} <- {operands}"
    return f"{text}{GAP}{', '.join(notes)}" if notes else text


def modes_only(comment: str) -> str:
    """The comment without the number of multiplications."""
    text, _, notes = comment.partition(GAP)
    kept = [note for note in notes.split(", ") if note and not note.endswith(MACS)]
    return f"{text}{GAP}{', '.join(kept)}" if kept else text


def _results(step: Step, way: Way) -> list[tuple[Value, Form]]:
    return list(zip(step.values, way.gives, strict=True))


def _modes(modes: Sequence[Mode], form: Form) -> str:
    order = [mode for mode in flat(form.axes) if mode in modes]
    order += [mode for mode in modes if mode not in order]
    return " ".join(mode.name for mode in order) or "1"


def shown(axes: Axes) -> str:
    """`(n h w) s`."""
    parts = []
    for axis in axes:
        names = " ".join(mode.name for mode in axis)
        parts.append(f"({names})" if len(axis) > 1 else names or "1")
    return " ".join(parts)


def _macs(step: Step, binding: Mapping[str, int]) -> str:
    total = 0
    for value in step.values:
        if isinstance(value.op, Contract):
            macs = value.op.macs([operand.type for operand in value.operands])
            total += macs.evaluate(binding)
    return f"{scaled(total)}{MACS}" if total else ""


def scaled(number: int) -> str:
    """Three figures and a unit: `8.4 M`."""
    for unit, letter in UNITS:
        if number >= unit:
            return f"{number / unit:.3g} {letter}"
    return str(number)
