"""What an operation is: its attributes, and the rules that every room asks it for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from tnc.ir.tensor import TensorType

if TYPE_CHECKING:
    from tnc.ir.graph import Builder, Value


class Op(ABC):
    """An operation *is* its attributes: subclasses are frozen dataclasses, equal when alike.

    `multilinear` operations are differentiated by `pull` and `push`, in the graph; the others are
    barriers, which PyTorch differentiates.
    """

    __slots__ = ()
    multilinear: ClassVar[bool] = True

    @abstractmethod
    def infer(self, operands: Sequence[TensorType]) -> TensorType:
        """The type of the result; `IllTyped` when the operands do not fit."""

    def pull(self, build: Builder, value: Value, seed: Value, k: int) -> Value:
        """The cotangent of operand `k`, given the cotangent `seed` of `value`."""
        raise TypeError(f"{type(self).__name__} is a barrier: it has no derivative in the graph")

    def push(self, build: Builder, value: Value, tangent: Value, k: int) -> Value:
        """The part of the tangent of `value` that the tangent of operand `k` causes.

        For an operation that is linear in each operand: the operation itself, with operand `k`
        replaced.
        """
        operands = (*value.operands[:k], tangent, *value.operands[k + 1 :])
        return build.make(self, operands, value.origin)


class IllTyped(ValueError):
    """An operation was given operands which do not fit: an error of the compiler, not of a user."""
