"""Products of products as one product, where the inner one has no other use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from tnc.ir.graph import Builder, Value, reachable
from tnc.ir.scalar import Scalar
from tnc.ir.tensor import Mode
from tnc.ops import Contract, Pattern, Rename, Scale
from tnc.record import record


def flattened(build: Builder, outputs: Sequence[Value]) -> tuple[Value, ...]:
    """The same outputs, made by `build`: contractions of contractions that are used once become
    one, so that the order of all their factors is free.

    (Σ_e x·Q) · (Σ_e y·K)  =  Σ_e Σ_e' x·Q·y'·K'     summed modes of the same name renamed apart

    Not where an inner convolution's mode is summed or convolved outside: that stays a stage of
    its own. What is used twice stays as it is, else it would be computed twice.
    """
    values = reachable(outputs)
    uses = _uses(values, outputs)
    names = {mode.name for value in values for mode in value.type.modes}
    names |= {leg.name for value in values for leg in _legs(value)}
    made: dict[Value, Value] = {}
    for value in values:
        operands = tuple(made[operand] for operand in value.operands)
        if isinstance(value.op, Contract):
            single = [uses[operand] == 1 and _links(operand, uses) for operand in value.operands]
            made[value] = _Flattening(build, value, names).made(operands, single)
        else:
            made[value] = build.make(value.op, operands, value.origin)
    return tuple(made[output] for output in outputs)


def _uses(values: Iterable[Value], outputs: Iterable[Value]) -> dict[Value, int]:
    uses = dict.fromkeys(values, 0)
    for value in uses:
        for operand in value.operands:
            uses[operand] += 1
    for output in outputs:
        uses[output] += 1
    return uses


def _links(value: Value, uses: Mapping[Value, int]) -> bool:
    """Whether what is renamed or scaled on the way to a contraction has no other use either."""
    while isinstance(value.op, Scale | Rename):
        (value,) = value.operands
        if uses[value] != 1:
            return False
    return True


def _legs(value: Value) -> tuple[Mode, ...]:
    patterns = value.op.patterns if isinstance(value.op, Contract) else ()
    return tuple(leg for pattern in patterns for leg in pattern.legs)


@record
class _Inner:
    """A contraction in an operand: its new mode names, and the number beside it."""

    value: Value
    names: Mapping[str, Mode]
    factor: Scalar


@dataclass(slots=True)
class _Flattening:
    """One contraction whose operands are being opened."""

    build: Builder
    value: Value
    names: set[str]

    def made(self, operands: Sequence[Value], single: Sequence[bool]) -> Value:
        op = self.value.op
        assert isinstance(op, Contract)
        patterns = list(op.patterns)
        factors: list[Value] = []
        scale = Scalar.of(1)
        taken = {mode.name for operand in operands for mode in operand.type.modes}
        taken |= {mode.name for mode in (*op.keep, *_legs(self.value))}
        for operand, alone in zip(operands, single, strict=True):
            inner = _opened(operand) if alone else None
            if inner is None or not self._joins(inner, op):
                factors.append(operand)
                continue
            names = self._apart(inner, taken)
            scale = Scalar.apply("*", scale, inner.factor)
            factors += [self._renamed(each, names) for each in inner.value.operands]
            assert isinstance(inner.value.op, Contract)
            patterns += [_renamed_pattern(each, names) for each in inner.value.op.patterns]
        value = self.build.make(Contract(op.keep, tuple(patterns)), factors, self.value.origin)
        if scale.value == 1:
            return value
        return self.build.make(Scale(scale), (value,), self.value.origin)

    def _joins(self, inner: _Inner, op: Contract) -> bool:
        """Whether the convolutions inside leave the modes of those outside alone."""
        kept = {mode.name for mode in op.keep}
        inside = {inner.names.get(leg.name, leg).name for leg in _legs(inner.value)}
        visible = {inner.names.get(m.name, m).name for m in inner.value.type.modes}
        outside = {leg.name for leg in _legs(self.value)}
        return not inside & visible & outside and inside & visible <= kept

    def _apart(self, inner: _Inner, taken: set[str]) -> dict[str, Mode]:
        """New names of the inner modes: those of the operand, and for summed ones, where their
        name is taken, others."""
        names = dict(inner.names)
        every = [m for operand in inner.value.operands for m in operand.type.modes]
        for mode in dict.fromkeys((*every, *_legs(inner.value))):
            if mode in inner.value.type:
                continue
            if mode.name in taken:
                names[mode.name] = Mode(self._fresh(mode.name), mode.size)
            taken.add(names.get(mode.name, mode).name)
        return names

    def _fresh(self, name: str) -> str:
        count = 2
        while f"{name}_{count}" in self.names:
            count += 1
        self.names.add(f"{name}_{count}")
        return f"{name}_{count}"

    def _renamed(self, value: Value, names: Mapping[str, Mode]) -> Value:
        modes = tuple(names.get(mode.name, mode) for mode in value.type.modes)
        while isinstance(value.op, Rename):
            (value,) = value.operands
        if modes == value.type.modes:
            return value
        return self.build.make(Rename(modes), (value,), value.origin)


def _opened(value: Value) -> _Inner | None:
    """The contraction behind scalings and renamings."""
    factor = Scalar.of(1)
    modes = value.type.modes
    while isinstance(value.op, Scale | Rename):
        if isinstance(value.op, Scale):
            factor = Scalar.apply("*", factor, value.op.factor)
        (value,) = value.operands
    if not isinstance(value.op, Contract):
        return None
    pairs = zip(value.type.modes, modes, strict=True)
    return _Inner(value, {old.name: new for old, new in pairs if old != new}, factor)


def _renamed_pattern(pattern: Pattern, names: Mapping[str, Mode]) -> Pattern:
    return replace(
        pattern,
        signal=names.get(pattern.signal.name, pattern.signal),
        result=names.get(pattern.result.name, pattern.result),
        taps=tuple(names.get(tap.name, tap) for tap in pattern.taps),
    )
