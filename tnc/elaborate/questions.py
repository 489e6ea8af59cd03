"""What the asserts of a test may ask of layers."""

from __future__ import annotations

import math
from dataclasses import field
from typing import Protocol, TypeGuard

from tnc.elaborate.definitions import UNKNOWN, Constant
from tnc.elaborate.evaluate import evaluate, options
from tnc.elaborate.library import Library
from tnc.elaborate.names import Function, Names
from tnc.elaborate.subjects import Shapes, Subjects, is_named, own, positional
from tnc.elaborate.values import Mismatch, literal, type_name
from tnc.ir.layer import Layer
from tnc.record import record
from tnc.syntax import tree

TOLERANCE = 1e-6
"""How much of the larger of two numbers they may differ by to be close."""


class Measures(Protocol):
    """What takes more than an elaborated layer to say. `binding`: its run-time sizes."""

    def params(self, layer: Layer) -> int:
        """Elements of all trained weights, those of layers inside included."""

    def macs(self, layer: Layer, binding: dict[str, int]) -> int:
        """Multiply-adds of the planned forward."""

    def gradcheck(self, layer: Layer, binding: dict[str, int], shapes: Shapes) -> str:
        """What is wrong with the gradients for inputs of these shapes; "" where nothing is."""


@record
class Questions:
    """The functions of tests. `remarks`: why those that gave false did so."""

    library: Library
    measures: Measures | None
    remarks: list[str] = field(default_factory=list)

    @property
    def _subjects(self) -> Subjects:
        return Subjects(self.library)

    @property
    def functions(self) -> dict[str, Function]:
        return {
            "params": self.params,
            "macs": self.macs,
            "shape": self.shape,
            "close": self.close,
            "gradcheck": self.gradcheck,
        }

    def params(self, call: tree.Call, scope: Names) -> Constant:
        """`params(L(R: 4))`: how many parameters the layer has."""
        callee = self._subjects.layer(call, scope)
        if callee is None or self.measures is None:
            return UNKNOWN
        return self.measures.params(own(callee))

    def macs(self, call: tree.Call, scope: Names) -> Constant:
        """`macs(L, [2, 3])`: multiply-adds of the forward for inputs of these shapes."""
        subject = self._subjects.with_inputs(call, scope, ours=True)
        if subject is None or self.measures is None:
            return UNKNOWN
        return self.measures.macs(own(subject.callee), subject.binding)

    def shape(self, call: tree.Call, scope: Names) -> Constant:
        """`shape(L, [2, 3])`: the sizes of the result, of several results a list of them."""
        subject = self._subjects.with_inputs(call, scope)
        if subject is None:
            return UNKNOWN
        results = [tuple(size.evaluate({}) for size in sizes) for sizes in subject.results]
        return results[0] if len(results) == 1 else tuple(results)

    def gradcheck(self, call: tree.Call, scope: Names) -> Constant:
        """`gradcheck(L, [2, 3])`: whether gradients agree with differences in float64."""
        subject = self._subjects.with_inputs(call, scope, ours=True)
        if subject is None or self.measures is None:
            return UNKNOWN
        layer = own(subject.callee)
        wrong = self.measures.gradcheck(layer, subject.binding, subject.shapes)
        self.remarks.extend([wrong] if wrong else [])
        return not wrong

    def close(self, call: tree.Call, scope: Names) -> Constant:
        """`close(a, b)`: whether numbers, or lists of them, agree to a part in a million, or to
        `tol`."""
        named = [each for each in call.arguments if is_named(each)]
        tolerance = options(named, frozenset({"tol"}), "close", scope).get("tol")
        given = positional(call, 2, 2, scope, named=True)
        if given is None or len(named) > (tolerance is not None):
            return UNKNOWN
        left, right = (evaluate(each, scope) for each in given)
        tol = TOLERANCE if tolerance is None else evaluate(tolerance, scope)
        if UNKNOWN in (left, right, tol):
            return UNKNOWN
        if not _is_plain(tol):
            raise Mismatch(f"`tol` is a number, not `{type_name(tol)}`")
        return self._close(left, right, tol)

    def _close(self, left: Constant, right: Constant, tol: float) -> bool:
        if isinstance(left, tuple) and isinstance(right, tuple):
            if len(left) != len(right):
                self.remarks.append(f"lists of {len(left)} and of {len(right)} elements")
                return False
            return all(self._close(a, b, tol) for a, b in zip(left, right, strict=True))
        if not (_is_plain(left) and _is_plain(right)):
            raise Mismatch(f"`close` does not compare `{type_name(left)}` and `{type_name(right)}`")
        near = math.isclose(left, right, rel_tol=tol, abs_tol=0.0)
        if not near:
            self.remarks.append(f"{literal(left)} and {literal(right)} differ by more than {tol}")
        return near


def _is_plain(value: Constant) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
