"""Numbers that stand beside tensors: constants, and formulas of run-time sizes."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping

from tnc.ir.size import Size
from tnc.record import record

FUNCTIONS: dict[str, Callable[..., float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
}


@record
class Scalar:
    """A constant (`value`), a size (`size`), or `function` of other scalars.

    Constants are folded: `function` is set only where a run-time size takes part.
    """

    value: float | int | None = None
    size: Size | None = None
    function: str | None = None
    operands: tuple[Scalar, ...] = ()

    @staticmethod
    def of(value: float | int | Size) -> Scalar:
        if isinstance(value, Size):
            return Scalar(size=value) if value.value is None else Scalar(value=value.value)
        return Scalar(value=value)

    @staticmethod
    def apply(function: str, *operands: Scalar) -> Scalar:
        """`function` is a key of `FUNCTIONS`; ArithmeticError or ValueError as Python raises."""
        if all(operand.value is not None for operand in operands):
            return Scalar(value=FUNCTIONS[function](*(operand.value for operand in operands)))
        return Scalar(function=function, operands=operands)

    def evaluate(self, binding: Mapping[str, int]) -> float:
        if self.value is not None:
            return self.value
        if self.size is not None:
            return self.size.evaluate(binding)
        assert self.function is not None
        return FUNCTIONS[self.function](*(part.evaluate(binding) for part in self.operands))

    def python(self, name: Callable[[str], str] = str) -> str:
        """A Python expression; `math` must be imported where `needs_math`."""
        if self.value is not None:
            return repr(self.value)
        if self.size is not None:
            return self.size.python(name)
        assert self.function is not None
        parts = [operand.python(name) for operand in self.operands]
        if self.function.isalpha():
            return f"math.{self.function}({', '.join(parts)})"
        wrapped = [
            f"({part})" if operand.value is None else part
            for part, operand in zip(parts, self.operands, strict=True)
        ]
        return f" {self.function} ".join(wrapped)

    @property
    def needs_math(self) -> bool:
        return bool(self.function and self.function.isalpha()) or any(
            operand.needs_math for operand in self.operands
        )
