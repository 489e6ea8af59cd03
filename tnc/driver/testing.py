"""Runs the `test` blocks of a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tnc.diagnostics import CompileError, Diagnostic, Report
from tnc.driver.build import build_all, print_module
from tnc.driver.front import Unit
from tnc.driver.importable import check_importable
from tnc.driver.network import gathered
from tnc.driver.options import Options
from tnc.elaborate import Elaborator, Shapes
from tnc.ir.layer import Layer
from tnc.plan.foreign import foreign_parameters
from tnc.plan.parameters import parameters
from tnc.record import record
from tnc.syntax import tree

Gradcheck = Callable[[str, str, Shapes], str]
"""Text of a module, name of a class in it, shapes of inputs: what is wrong with its gradients."""


@record
class Outcome:
    """What is wrong where a test failed; nothing where it passed. Warnings are for builds."""

    errors: tuple[Diagnostic, ...]

    @property
    def passed(self) -> bool:
        return not self.errors


def selected(unit: Unit, pattern: str) -> tuple[tree.Test, ...]:
    """The tests of a file, in order, whose title contains the pattern in whatever case.

    Errors: CompileError for a text that does not parse.
    """
    report = Report()
    report.add(*unit.said)
    report.raise_errors()
    tests = (item for item in unit.file.items if isinstance(item, tree.Test))
    return tuple(each for each in tests if pattern.lower() in each.title.value.lower())


def run_test(unit: Unit, test: tree.Test, gradcheck: Gradcheck) -> Outcome:
    """Run one test. `gradcheck` is called where the test asks for it, and needs PyTorch; nothing
    else does."""
    report = Report()
    try:
        Elaborator(report).test(unit.module, test, Measured(gradcheck))
    except CompileError as error:  # a layer that cannot be built
        report.add(*error.diagnostics)
    return Outcome(tuple(each for each in report.diagnostics if each.severity == "error"))


@record
class Measured:
    """What tests ask of layers, answered by the rest of the compiler."""

    check: Gradcheck

    def params(self, layer: Layer) -> int:
        """Elements of all trained weights."""
        return parameters(layer, {}) + sum(_inside(layer))

    def macs(self, layer: Layer, binding: dict[str, int]) -> int:
        """Multiply-adds of the forward, as planned for time."""
        return build_all([layer], Options(binding=binding))[-1].plan.macs

    def gradcheck(self, layer: Layer, binding: dict[str, int], shapes: Shapes) -> str:
        """What is wrong with the gradients."""
        report = Report()
        check_importable(gathered([layer]), report)
        report.raise_errors()
        options = Options(binding=binding)
        built = build_all([layer], options)
        return self.check(print_module([layer.source], built, options), layer.name, shapes)


def _inside(layer: Layer) -> Iterator[int]:
    """The parameters of each layer and each module of PyTorch's inside."""
    for instance in layer.instances:
        callee = instance.callee
        if isinstance(callee, Layer):
            yield parameters(callee, {}) + sum(_inside(callee))
        else:
            yield foreign_parameters(callee.target, callee.arguments or ())
