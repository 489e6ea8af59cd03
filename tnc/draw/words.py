"""How names, sizes and shapes are written in pictures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import field

from tnc.elaborate.values import UNSET
from tnc.ir.graph import Value
from tnc.ir.layer import LEADING
from tnc.ir.scalar import Scalar
from tnc.ir.size import FloorDiv, Max, Size, Symbol
from tnc.ir.tensor import Mode
from tnc.ops import Apply, Leaf, Scale
from tnc.record import record

MEMBER = re.compile(r"(.*?)_(\d+)(_*)")
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@record
class Words:
    """`sizes` are those that run-time modes have here: numbers where they are bound, and inside of
    a network, formulas of what it is called with."""

    sizes: Mapping[str, Size] = field(default_factory=dict)

    def size(self, size: Size) -> str:
        """A number, or a formula."""
        return formula(size.substitute(self.sizes))

    def mode(self, mode: Mode) -> str:
        """`s: 64`; the name alone where the size has no other."""
        size = self.size(mode.size)
        name = subscripted(mode.name)
        return name if size == name else f"{name}: {size}"

    def modes(self, modes: Iterable[Mode]) -> str:
        """`n t h' w'`"""
        return " ".join(subscripted(mode.name) for mode in modes)

    def shape(self, axes: Iterable[Iterable[Mode]]) -> str:
        """`n × 64 × h × w`"""
        return " × ".join(self._extent(tuple(axis)) for axis in axes) or "1"

    def of(self, value: Value) -> str:
        """The shape of a value, with its axes in the order in which they are written."""
        op = value.op
        if isinstance(op, Leaf | Apply):
            return self.shape(op.axes)
        return self.shape((mode,) for mode in value.type.modes)

    def _extent(self, axis: tuple[Mode, ...]) -> str:
        if any(mode.name == LEADING for mode in axis):
            return "…"
        size = Size.product(mode.size for mode in axis).substitute(self.sizes)
        return f"({formula(size)})" if len(size.terms) > 1 else formula(size)


def subscripted(name: str) -> str:
    """`K₁` for `K_1`."""
    found = MEMBER.fullmatch(name)
    if not found or not found[1]:
        return name
    return found[1] + found[2].translate(SUBSCRIPTS)


def family(name: str) -> tuple[str, int] | None:
    """The family and the number of a member; None for what is no member of one."""
    found = MEMBER.fullmatch(name)
    return (found[1] + found[3], int(found[2])) if found and found[1] else None


def stem(name: str) -> str:
    """`Block` for `Block_2`."""
    found = family(name)
    return found[0] if found else name


def formula(size: Size) -> str:
    """A size as mathematicians write it: `⌈h/2⌉` for `(h + 1) // 2`."""
    parts = []
    for monomial, count in size.terms:
        factors = [_atom(atom) for atom in monomial]
        if abs(count) != 1 or not factors:
            factors.insert(0, str(abs(count)))
        parts += [" - " if count < 0 else " + ", "·".join(factors)]
    return "".join(parts[1:] if parts[:1] == [" + "] else parts).strip() or "0"


def _atom(atom: Symbol | FloorDiv | Max) -> str:
    match atom:
        case Symbol(name):
            return unset(name)
        case Max(left, right):
            return f"max({formula(left)}, {formula(right)})"
        case FloorDiv():
            up, above, below = _rounded(atom)
            text = formula(above)
            text = f"({text})" if len(above.terms) > 1 else text
            return f"⌈{text}/{formula(below)}⌉" if up else f"⌊{text}/{formula(below)}⌋"


def _rounded(atom: FloorDiv) -> tuple[bool, Size, Size]:
    """Whether a quotient is rounded up, and what is divided by what. Rounding one way after the
    other is rounding once: ⌈⌈h/2⌉/2⌉ = ⌈h/4⌉."""
    above, below = atom.numerator, atom.denominator
    rest = above - (below - 1)
    up = below.value is not None and not _constant(rest)
    above = rest if up else above
    match above.terms:
        case (((FloorDiv() as inner,), 1),) if below.value is not None:
            same, over, under = _rounded(inner)
            if same == up:
                return up, over, under * below
        case _:
            pass
    return up, above, below


def _constant(size: Size) -> int:
    return next((count for monomial, count in size.terms if not monomial), 0)


def factor(op: Scale) -> str:
    """`× 0.5`"""
    return f"× {number(op.factor)}"


def number(scalar: Scalar) -> str:
    """Four digits, or a formula: `1/√c`."""
    if scalar.value is not None:
        return f"{scalar.value:.4g}"
    if scalar.size is not None:
        return formula(scalar.size)
    parts = [number(part) for part in scalar.operands]
    parts = [f"({part})" if " " in part else part for part in parts]
    if scalar.function in {"*", "/"}:
        return ("·" if scalar.function == "*" else "/").join(parts)
    if scalar.function in {"+", "-"}:
        return f" {scalar.function} ".join(parts)
    root = scalar.function == "sqrt"
    return f"√{parts[0]}" if root else f"{scalar.function}({', '.join(parts)})"


def unset(name: str) -> str:
    """A parameter without a value, `S` for `$S`, or what is computed of one."""
    return subscripted(name.replace(UNSET, ""))
