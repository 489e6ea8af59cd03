"""An output, multiplied out: a sum of products of leaves and patterns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod

from tnc.fitting.refusal import Unfit
from tnc.ir.graph import Value
from tnc.ir.tensor import Mode
from tnc.ops import Add, Border, Call, Contract, Leaf, Mask, Pattern, Rename, Scale
from tnc.record import record

Modes = tuple[Mode, ...]

MOST_TERMS = 64
"""A product of sums which has more terms is refused."""


@record
class Placed:
    """A leaf under the names that its modes have in a term."""

    leaf: Value
    modes: Modes

    @property
    def op(self) -> Leaf:
        assert isinstance(self.leaf.op, Leaf)
        return self.leaf.op


@record
class Term:
    """A product of leaves and patterns times a number, summed over every mode that the output has
    not. `borders` are what materialises a border of the input: each gives its mode `padded`."""

    leaves: tuple[Placed, ...]
    patterns: tuple[Pattern, ...] = ()
    borders: tuple[Border, ...] = ()
    scale: float = 1.0

    def leaf(self, kind: str) -> tuple[Placed, ...]:
        """The leaves of one kind."""
        return tuple(each for each in self.leaves if each.op.kind == kind)


def multiplied_out(output: Value) -> list[Term]:
    """The terms whose sum the output is, over the modes of its type. Modes that are summed have
    names of their own, different from term to term.

    Errors: Unfit for what is no sum of products: functions, layers inside, run-time numbers.
    """
    return _Walk({mode.name for mode in output.type.modes}).terms(output, output.type.modes)


@dataclass(slots=True)
class _Walk:
    """`taken`: the names in use."""

    taken: set[str] = field(default_factory=set)

    def terms(self, value: Value, modes: Modes) -> list[Term]:
        """A value as a sum of terms; its modes are called `modes`."""
        named = dict(zip(value.type.modes, modes, strict=True))
        match value.op:
            case Leaf():
                return [Term((Placed(value, modes),))]
            case Rename():
                return self.terms(value.operands[0], modes)
            case Scale(factor):
                if factor.value is None:
                    raise Unfit("it is scaled by a run-time number", value.origin)
                number = float(factor.value)
                inner = self.terms(value.operands[0], modes)
                return [replace(term, scale=term.scale * number) for term in inner]
            case Add():
                return [
                    term
                    for each in value.operands
                    for term in self.terms(each, _under(each, named))
                ]
            case Border():
                return self._bordered(value, value.op, named)
            case Contract():
                return self._product(value, value.op, named)
            case Call(function=name):
                raise Unfit(f"`{name}` is not linear", value.origin)
            case Mask():
                raise Unfit("a mask is not linear", value.origin)
        raise Unfit("it contains another layer", value.origin, "fit the layers inside, one by one")

    def _bordered(self, value: Value, op: Border, named: dict[Mode, Mode]) -> list[Term]:
        (operand,) = value.operands
        mode = self._apart(op.mode)
        border = replace(op, mode=mode, padded=named[op.padded])
        modes = _under(operand, {**named, op.mode: mode})
        inner = self.terms(operand, modes)
        return [replace(term, borders=(*term.borders, border)) for term in inner]

    def _product(self, value: Value, op: Contract, named: dict[Mode, Mode]) -> list[Term]:
        legs = [leg for pattern in op.patterns for leg in pattern.legs]
        every = (*(mode for each in value.operands for mode in each.type.modes), *legs)
        inner = dict.fromkeys(mode for mode in every if mode not in named)
        named = named | {mode: self._apart(mode) for mode in inner}
        patterns = tuple(renamed(pattern, named) for pattern in op.patterns)
        parts = [self.terms(each, _under(each, named)) for each in value.operands]
        if prod(map(len, parts)) > MOST_TERMS:
            raise Unfit("it is a product of sums with too many terms", value.origin)
        return [_joined(each, patterns) for each in product(*parts)]

    def _apart(self, mode: Mode) -> Mode:
        name = mode.name
        while name in self.taken:
            name += "'"
        self.taken.add(name)
        return mode if name == mode.name else Mode(name, mode.size)


def _under(value: Value, named: dict[Mode, Mode]) -> Modes:
    return tuple(named[mode] for mode in value.type.modes)


def _joined(terms: Sequence[Term], patterns: tuple[Pattern, ...]) -> Term:
    return Term(
        tuple(leaf for term in terms for leaf in term.leaves),
        (*patterns, *(pattern for term in terms for pattern in term.patterns)),
        tuple(border for term in terms for border in term.borders),
        prod(term.scale for term in terms),
    )


def renamed(pattern: Pattern, named: dict[Mode, Mode]) -> Pattern:
    """The pattern under other names of modes."""
    return replace(
        pattern,
        signal=named.get(pattern.signal, pattern.signal),
        result=named.get(pattern.result, pattern.result),
        taps=tuple(named.get(tap, tap) for tap in pattern.taps),
    )
