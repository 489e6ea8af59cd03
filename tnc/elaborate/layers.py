"""One layer, from its tree to its graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tnc.diagnostics import Label, Report, Source
from tnc.diagnostics.diagnostic import Help
from tnc.elaborate import usage
from tnc.elaborate.assembly import assembled
from tnc.elaborate.checks import check_relation
from tnc.elaborate.definitions import Constant, FileNames, Partial
from tnc.elaborate.evaluate import condition, evaluate
from tnc.elaborate.interfaces import Callee
from tnc.elaborate.library import Library, Overrides
from tnc.elaborate.names import FAULTY, Tensor
from tnc.elaborate.naming import annotated, factors_of, wanted_modes
from tnc.elaborate.operands import holds_tensor, opened
from tnc.elaborate.parameters import bind
from tnc.elaborate.pipes import results
from tnc.elaborate.places import placed, positional
from tnc.elaborate.products import opaque
from tnc.elaborate.reserved import refuse_reserved
from tnc.elaborate.roles import Inside
from tnc.elaborate.scope import Scope
from tnc.elaborate.tensors import Declared, declare, refuse_attribute
from tnc.elaborate.terms import complete, look_up, value_of
from tnc.elaborate.values import literal
from tnc.ir.graph import Value
from tnc.ir.layer import Layer
from tnc.syntax import tree


class Elaboration:
    """Elaborates one layer. `outputs` are the tensors that it gives, in order; `stopped` says that
    parameters or requirements were refused, so that nothing else was looked at."""

    def __init__(
        self,
        layer: tree.Layer,
        names: FileNames,
        report: Report,
        library: Library | None = None,
        *,
        overrides: Overrides = (),
        checking: bool = False,
    ) -> None:
        self.layer = layer
        self.scope = Scope(
            report,
            names.source,
            names.poisoning(layer.poisoned),
            checking,
            tensors=_tensor_names(layer.body),
            body=layer.body,
            library=library or Library(lambda _: None),
            overrides=overrides,
        )
        self.declared: list[Declared] = []
        self.outputs: list[tuple[Tensor, tree.Output]] = []
        self.usual: frozenset[str] = frozenset()  # parameters whose values are their defaults
        self.stopped = False

    def run(self, settings: Mapping[str, object]) -> Layer | None:
        """The layer; None where something was reported as an error, and while checking."""
        callee = self.callee(settings)
        return callee.body if callee is not None and isinstance(callee.body, Layer) else None

    def callee(self, settings: Mapping[str, object]) -> Callee | None:
        """The layer as others call it; None where something was reported as an error."""
        self.bind(settings)
        return self.bound()

    def bind(self, settings: Mapping[str, object]) -> tuple[object, ...]:
        """Set the parameters; the values of all of them, defaults included."""
        refuse_reserved(self.layer.name, "layer", self.scope.report)
        self.usual = bind(self.layer, settings, self.scope)
        return tuple(self.scope.names[param.name.text] for param in self.layer.params)

    def bound(self) -> Callee | None:
        """The layer once its parameters are set."""
        report = self.scope.report
        if report.failed and not self.scope.checking:
            self.stopped = True  # what follows from a parameter without a value is no news
            return None
        self.scope.modes.declare(self.layer.body)
        if not self._values():
            if not self.scope.checking:
                self.stopped = True
                return None
            self.scope.assumed = True
        self._tensors()
        for relation in self.scope.sizes.relations:
            check_relation(relation, self.scope)
        self._equations()
        if not self.scope.einsum:
            usage.warn(self.layer, report)
        made = assembled(self.layer, self.scope, self.usual, self.declared, self.outputs)
        written = sum(isinstance(each, tree.Output) for each in self.layer.body)
        return None if report.failed or len(self.outputs) != written else made

    # ------------------------------------------------------------ values
    def _values(self) -> bool:
        """Value lets and requirements, in order; False where a requirement is not met."""
        met = True
        for statement in self.layer.body:
            if isinstance(statement, tree.Require):
                met = self._require(statement) and met
            elif isinstance(statement, tree.Let) and self._is_value(statement):
                self._value(statement.targets[0].name, statement.value)
        return met

    def _value(self, name: tree.Name, expr: tree.Expr) -> None:
        value = evaluate(expr, self.scope)
        if isinstance(value, Partial):  # every use of the name is one instance
            refuse_reserved(name, "layer", self.scope.report)
            refuse_attribute(name, "instance", self.scope.report)
            names = self.scope.instances.names
            other = expr.text if isinstance(expr, tree.Name) else ""
            names[name.text] = names.get(other, name.text)
        self.scope.declare(name, value)

    def _is_value(self, let: tree.Let) -> bool:
        bare = len(let.targets) == 1 and let.targets[0].modes is None
        return bare and let.targets[0].name.text not in self.scope.tensors

    def _require(self, statement: tree.Require) -> bool:
        holds = condition(statement.condition, self.scope)
        if holds is not False or (self.scope.checking and self.scope.assumed):
            return True
        message = statement.message.value if statement.message else "this does not hold"
        self.scope.report.error(
            "E0305",
            f"`require` failed: {message}",
            statement.condition.span,
            _sides(statement.condition, self.scope),
        )
        return False

    # ------------------------------------------------------------ tensors
    def _tensors(self) -> None:
        for statement in self.layer.body:
            if isinstance(statement, tree.Tensors):
                self.declared += declare(statement, self.scope)
        for single in self.scope.modes.every():
            self.scope.sizes.mode(single)

    # ------------------------------------------------------------ equations
    def _equations(self) -> None:
        for statement in self.layer.body:
            match statement:
                case tree.Let(targets=(target,)) if not self._is_value(statement):
                    self._let(target, statement.value)
                case tree.Let(targets=(_, _, *_)):
                    self._several(statement)
                case tree.Output():
                    self._output(statement)
                case _:
                    pass
        if not any(isinstance(each, tree.Output) for each in self.layer.body):
            self._report_no_output()

    def _report_no_output(self) -> None:
        if not self.layer.incomplete:
            name = self.layer.name.text
            text = f"layer `{name}` has no output"
            self.scope.report.error("E0210", text, self.layer.header, "gives nothing")

    def _let(self, target: tree.Target, expr: tree.Expr) -> None:
        tensor = self._bound(target, expr)
        self.scope.declare(target.name, tensor or FAULTY)

    def _several(self, let: tree.Let) -> None:
        """`let a, b = Split(x)`: the results of a layer."""
        values = self._results(let)
        for k, target in enumerate(let.targets):
            tensor = None
            if values is not None and target.modes is None:
                tensor = _plain(target.name, values[k], positional=True)
            elif values is not None and target.modes is not None:
                tensor = self._named_result(target, target.modes, values[k], let.value)
            self.scope.declare(target.name, tensor or FAULTY)

    def _results(self, let: tree.Let) -> list[Value] | None:
        expr = opened(let.value, self.scope)
        found = None
        if isinstance(expr, tree.Call | tree.Pipe):
            found = results(expr, Inside("a `let`"), value_of, self.scope)
        if found is None:
            text = f"`let` with {len(let.targets)} names takes the results of a layer"
            self.scope.report.error("E0401", text, expr.span, "one result only")
            return None
        if found.values is None or len(found.values) == len(let.targets):
            return found.values
        self.scope.report.error(
            "E0309",
            f"this gives {len(found.values)} results, {len(let.targets)} names are given",
            expr.span,
            f"{len(found.values)} results",
            Label(let.targets[0].name.span.to(let.targets[-1].span), f"{len(let.targets)} names"),
        )
        return None

    def _named_result(
        self, target: tree.Target, modes: tree.ModeList, value: Value, expr: tree.Expr
    ) -> Tensor | None:
        axes = self.scope.modes.axes(modes, self.scope)
        wanted = wanted_modes(modes, self.scope, target.name.text)
        if axes is None or wanted is None:
            return None
        named = placed(value, wanted, expr.span, self.scope) or opaque(self.scope, wanted.modes)
        physical = tuple(tuple(map(self.scope.sizes.mode, axis)) for axis in axes)
        return Tensor(target.name.text, target.name.span, physical, named)

    def _output(self, output: tree.Output) -> None:
        target = output.target
        refuse_reserved(target.name, "tensor", self.scope.report)
        first = next((o for _, o in self.outputs if o.target.name.text == target.name.text), None)
        if first is not None:
            self.scope.report.error(
                "E0210",
                f"output `{target.name.text}` is written twice",
                target.name.span,
                "written again here",
                Label(first.target.name.span, "first written here"),
            )
            return
        tensor = self._bound(target, output.value, free=True)
        self.scope.declare(target.name, tensor or FAULTY)
        if tensor is not None:
            self.outputs.append((tensor, output))

    def _bound(self, target: tree.Target, expr: tree.Expr, free: bool = False) -> Tensor | None:
        """The tensor that an equation makes; one of unknown value after a report."""
        if target.modes is None:
            return self._alias(target, expr, free)
        axes = self.scope.modes.axes(target.modes, self.scope)
        wanted = wanted_modes(target.modes, self.scope, target.name.text)
        if axes is None or wanted is None:
            return None
        value: Value | None = complete(expr, wanted, self.scope)
        value = value or opaque(self.scope, wanted.modes)
        physical = tuple(tuple(map(self.scope.sizes.mode, axis)) for axis in axes)
        return Tensor(target.name.text, target.name.span, physical, value)

    def _alias(self, target: tree.Target, expr: tree.Expr, free: bool) -> Tensor | None:
        """A tensor without modes on the left side: another name of a tensor, or what a pipe or an
        output gives, with the modes that it has of itself."""
        name = target.name.text
        expr = opened(expr, self.scope)
        if isinstance(expr, tree.Name | tree.Subscript) and annotated(expr, self.scope) is None:
            return self._named(target, expr)
        if isinstance(expr, tree.Pipe) or free or positional(expr, self.scope):
            value = value_of(expr, Inside(f"`{name}`"), self.scope)
            return None if value is None else _plain(target.name, value, positional=True)
        self.scope.report.error(
            "E0206",
            f"which modes does `{name}` have?",
            target.name.span,
            "no modes are written",
            Label(expr.span, "and this is not one named tensor"),
            help=(Help(f"write them: `{name}[…]`"),),
        )
        look_up(expr, self.scope)
        return None

    def _named(self, target: tree.Target, expr: tree.Name | tree.Subscript) -> Tensor | None:
        entry = self.scope.lookup(expr.text) if isinstance(expr, tree.Name) else None
        if isinstance(entry, Tensor):
            return replace(entry, name=target.name.text, span=target.name.span)
        found = factors_of(expr, self.scope)
        if not found:
            return None
        return _plain(target.name, found[0].value)


def _plain(name: tree.Name, value: Value, positional: bool = False) -> Tensor:
    """A tensor with one axis for each mode."""
    axes = tuple((mode,) for mode in value.type.modes)
    return Tensor(name.text, name.span, axes, value, positional)


def _tensor_names(body: tuple[tree.Statement, ...]) -> frozenset[str]:
    """The names that stand for tensors: declared ones, outputs, and what equations bind."""
    names: set[str] = set()
    scratch = Scope(Report(), Source("", ""))
    for statement in body:
        match statement:
            case tree.Tensors(declarations=declarations):
                names |= {node.name.text for node in declarations}
            case tree.Output(target=target):
                names.add(target.name.text)
            case _:
                pass
    for statement in body:
        if isinstance(statement, tree.Let):
            scratch.tensors = frozenset(names)
            bare = len(statement.targets) == 1 and statement.targets[0].modes is None
            if not bare or holds_tensor(statement.value, scratch, unknown=False):
                names |= {target.name.text for target in statement.targets}
    return frozenset(names)


def _sides(condition: tree.Expr, scope: Scope) -> str:
    """Both sides of a comparison, evaluated."""
    if isinstance(condition, tree.Compare):
        left: Constant = evaluate(condition.left, scope)
        right: Constant = evaluate(condition.right, scope)
        return f"{literal(left)} {condition.op} {literal(right)} does not hold"
    return "is false"
