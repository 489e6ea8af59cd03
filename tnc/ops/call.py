"""Functions that are not multilinear: barriers, which PyTorch differentiates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

from tnc.ir.graph import IllTyped, Op
from tnc.ir.scalar import Scalar
from tnc.ir.tensor import Mode, TensorType
from tnc.record import record


@record
class Function:
    """A named function of the language.

    kind `pointwise`: element by element, operands broadcast by name.
    kind `over`:      needs `over: m, …`, the modes it normalises; they stay.
    kind `reduce`:    needs `over: m, …`, the modes it takes together; they go.
    `template` is the emitted expression: `{0}`, `{1}` … the operands, `{dim}` the axis (an int; a
    tuple of ints where `many`), `{p}` … numeric options. `module` is the class used instead where
    train and eval differ.
    """

    name: str
    kind: Literal["pointwise", "over", "reduce"]
    template: str
    arity: int = 1
    many: bool = False
    options: tuple[tuple[str, float | int | bool], ...] = ()


def _pointwise(name: str, template: str = "", arity: int = 1, **options: float) -> Function:
    return Function(
        name,
        "pointwise",
        template or f"torch.{name}({{0}})",
        arity=arity,
        options=tuple(options.items()),
    )


_F = "torch.nn.functional."

FUNCTIONS: dict[str, Function] = {
    function.name: function
    for function in (
        _pointwise("relu"),
        _pointwise("sigmoid"),
        _pointwise("tanh"),
        _pointwise("exp"),
        _pointwise("log"),
        _pointwise("sqrt"),
        _pointwise("rsqrt"),
        _pointwise("abs"),
        _pointwise("sin"),
        _pointwise("cos"),
        _pointwise("square"),
        _pointwise("reciprocal"),
        _pointwise("gelu", f"{_F}gelu({{0}})"),
        _pointwise("silu", f"{_F}silu({{0}})"),
        _pointwise("elu", f"{_F}elu({{0}})"),
        _pointwise("softplus", f"{_F}softplus({{0}})"),
        _pointwise("leaky_relu", f"{_F}leaky_relu({{0}}, {{slope}})", slope=0.01),
        _pointwise("pow", "torch.pow({0}, {exponent})", exponent=2),
        _pointwise("maximum", "torch.maximum({0}, {1})", arity=2),
        _pointwise("minimum", "torch.minimum({0}, {1})", arity=2),
        # The next three are written `z + 1`, `maximum(z, 0)` and `minimum(z, 6)`.
        _pointwise("shift", "{0} + {amount}", amount=0),
        _pointwise("at_least", "torch.clamp_min({0}, {bound})", bound=0),
        _pointwise("at_most", "torch.clamp_max({0}, {bound})", bound=0),
        Function("softmax", "over", "torch.softmax({0}, {dim})"),
        Function("log_softmax", "over", "torch.log_softmax({0}, {dim})"),
        Function("amax", "reduce", "torch.amax({0}, {dim})", many=True),
    )
}


def foreign(target: str) -> Function:
    """A pointwise function of Python's, by its dotted name."""
    return Function(target, "pointwise", f"{target}({{0}})")


def function_named(name: str) -> Function:
    """The function of a `Call`: one of `FUNCTIONS`, or by its dotted name one of Python's."""
    return FUNCTIONS.get(name) or foreign(name)


@record
class Call(Op):
    """Apply a function of `FUNCTIONS`: `relu(z)`, `softmax(z, over: u)`, `amax(z, over: u)`; or a
    pointwise one of Python's, by its dotted name.

    Shapes:   operands are broadcast by name to `modes`, which the result has.
    Gradient: PyTorch's, of that function; nothing composed is differentiated here.
    """

    multilinear: ClassVar[bool] = False
    function: str
    modes: tuple[Mode, ...]
    over: tuple[Mode, ...] = ()
    options: tuple[tuple[str, Scalar], ...] = ()

    @property
    def domain(self) -> tuple[Mode, ...]:
        """The modes of the operands: those of the result, and those that are reduced."""
        return (*self.modes, *(mode for mode in self.over if mode not in self.modes))

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        for operand in operands:
            if extra := set(operand.modes) - set(self.domain):
                raise IllTyped(f"{self.function}: {sorted(map(str, extra))} is not in the result")
        return TensorType(self.modes)


@record
class Mask(Op):
    """`mask(z, t >= u)`: elements where the comparison of positions fails become −∞.

    `left` and `right` are modes of the operand, or integers; `offset` is added to the right side.
    """

    multilinear: ClassVar[bool] = False
    comparison: Literal["==", "!=", "<=", ">=", "<", ">"]
    left: Mode
    right: Mode | None
    offset: int = 0

    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        (operand,) = operands
        for mode in (self.left, self.right):
            if mode is not None and mode not in operand:
                raise IllTyped(f"{operand} has no mode {mode}")
        return operand
