"""The parameters of a layer: which there are, and what they are set to."""

from __future__ import annotations

import keyword
from collections.abc import Mapping, Sequence
from copy import copy
from numbers import Integral

from tnc.diagnostics import Report, Source, Span
from tnc.diagnostics.diagnostic import Help
from tnc.diagnostics.suggest import did_you_mean, nearest
from tnc.elaborate.definitions import UNKNOWN, BuiltIn, Constant, Partial, Unknown
from tnc.elaborate.evaluate import evaluate
from tnc.elaborate.names import FAULTY, Entry
from tnc.elaborate.reserved import refuse_reserved
from tnc.elaborate.scope import Scope
from tnc.elaborate.types import TYPES, fits, type_text
from tnc.elaborate.values import UNSET, literal, type_name
from tnc.ir.scalar import Scalar
from tnc.ir.size import Size
from tnc.record import record
from tnc.syntax import tree

ASSUMED_LENGTH = 3


class Written(str):
    """A text of the language, which a signature shows without quotes: `Conv=CP(R: 16)`."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@record
class Parameter:
    """A parameter as callers see it. `default` is a Python value, or `Written` where it is an
    expression that depends on other names."""

    name: str
    type: str
    required: bool
    default: object
    doc: str
    span: Span


@record
class Settable:
    """A layer of a file, and what can be set."""

    name: str
    doc: str
    parameters: tuple[Parameter, ...]

    def missing(self, settings: Mapping[str, object]) -> tuple[str, ...]:
        """The parameters that have neither a default nor a value in `settings`."""
        return tuple(
            each.name for each in self.parameters if each.required and each.name not in settings
        )


def settable(file: tree.File, layer: str | None = None) -> tuple[Settable, ...]:
    """The layers of a file with their parameters; only those named `layer`, where it is given."""
    return tuple(
        described(item)
        for item in file.items
        if isinstance(item, tree.Layer) and layer in {None, item.name.text}
    )


def described(layer: tree.Layer) -> Settable:
    """One layer with its parameters."""
    parameters = tuple(_parameter(each) for each in layer.params)
    return Settable(layer.name.text, layer.doc or "", parameters)


def _parameter(param: tree.Param) -> Parameter:
    default = _plain(param.default) if param.default else None
    return Parameter(
        param.name.text,
        type_text(param.type),
        param.default is None,
        default,
        param.doc or "",
        param.span,
    )


def _plain(expr: tree.Expr) -> object:
    scratch = Scope(Report(), Source("", ""))
    if any(isinstance(node, tree.Name) for node in tree.walk(expr)):
        return Written(expr.span.text)
    value = evaluate(expr, scratch)
    return _listed(value) if isinstance(value, tuple) else value


def _listed(value: Constant) -> object:
    return [_listed(item) for item in value] if isinstance(value, tuple) else value


# ---------------------------------------------------------------- setting


def bind(layer: tree.Layer, settings: Mapping[str, object], scope: Scope) -> frozenset[str]:
    """Declare every parameter with its value; report what is unknown, missing or ill-typed.

    Gives the parameters whose values are their defaults, be they set to them or not.
    """
    _unknown_settings(layer, settings, scope.report)
    bounds = _bounding(layer) if scope.checking else frozenset()
    usual: set[str] = set()
    for param in layer.params:
        if keyword.iskeyword(param.name.text):
            refuse_reserved(param.name, "parameter", scope.report)
        value = _value(param, layer, settings, bounds, scope)
        if _is_usual(value, param, settings, scope):
            usual.add(param.name.text)
        scope.declare(param.name, value)
    return frozenset(usual)


def _is_usual(
    value: Entry, param: tree.Param, settings: Mapping[str, object], scope: Scope
) -> bool:
    """Whether a parameter has the value of its default."""
    if param.default is None or param.name.text not in settings:
        return param.default is not None
    if not isinstance(value, int | float | str | tuple | Partial | BuiltIn):
        return False
    aside = copy(scope)
    aside.report = Report()
    return literal(evaluate(param.default, aside)) == literal(value)


def _unknown_settings(layer: tree.Layer, settings: Mapping[str, object], report: Report) -> None:
    known = [param.name.text for param in layer.params]
    for name in settings:
        if name not in known and not layer.incomplete:
            close = nearest(name, known)
            names = ", ".join(f"`{each}`" for each in known) or "none"
            report.error(
                "E0105",
                f"`{layer.name.text}` has no parameter `{name}`",
                layer.header,
                "declared here",
                notes=(f"its parameters: {names}",),
                help=(Help(f"did you mean `{close}`?"),) if close else (),
            )


def _value(
    param: tree.Param,
    layer: tree.Layer,
    settings: Mapping[str, object],
    bounds: frozenset[str],
    scope: Scope,
) -> Entry:
    name = param.name.text
    if not _is_type(param.type, scope):
        return FAULTY
    given = settings.get(name)
    if given is UNKNOWN or (isinstance(given, Size) and name in bounds):
        return _unset(name, param.type, name in bounds, scope)
    if name in settings:
        return _given(settings[name], param, scope)
    if param.default is not None:
        return _typed(evaluate(param.default, scope), param, param.default.span, scope)
    if scope.checking:
        return _unset(name, param.type, name in bounds, scope)
    scope.report.error(
        "E0106",
        f"parameter `{name}` of `{layer.name.text}` is not set",
        param.name.span,
        "has no default",
        help=(Help(f"set it: `--set {name}=…`, or `{layer.name.text}({name}=…)` in Python"),),
    )
    return FAULTY


def _is_type(type: tree.TypeExpr | None, scope: Scope) -> bool:
    while isinstance(type, tree.TypeList):
        type = type.element
    if type is None:
        return True
    if type.text not in TYPES:
        names = ", ".join(f"`{each}`" for each in sorted(TYPES))
        text = f"`{type.text}` is no type"
        notes = (f"types: {names}, and lists of them",)
        help = did_you_mean(type.span, TYPES)
        scope.report.error("E0401", text, type.span, "not known", notes=notes, help=help)
    return type.text in TYPES


def _given(setting: object, param: tree.Param, scope: Scope) -> Entry:
    value = constant(setting)
    if value is not None:
        return _typed(value, param, param.name.span, scope)
    text = f"parameter `{param.name.text}` takes numbers, strings and lists, not {setting!r}"
    scope.report.error("E0401", text, param.name.span, "cannot be set to that")
    return FAULTY


def constant(setting: object) -> Constant | None:
    """A Python value as one of the language; None for what is none."""
    match setting:
        case bool() | int() | float() | str() | Size() | Scalar():
            return setting
        case Partial() | BuiltIn() | Unknown():
            return setting
        case Integral():
            return int(setting)
        case list() | tuple():
            items = [constant(item) for item in setting]
            whole = tuple(item for item in items if item is not None)
            return whole if len(whole) == len(items) else None
        case _:
            return None


def _typed(value: Constant, param: tree.Param, span: Span, scope: Scope) -> Entry:
    if param.type is None:
        return value
    if value is UNKNOWN and (scope.checking or scope.report.failed):
        return value
    if fits(value, param.type):
        return value
    wanted, found = type_text(param.type), type_name(value)
    text = f"parameter `{param.name.text}`: expected `{wanted}`, found `{found}`"
    scope.report.error("E0401", text, span, f"this is `{literal(value)}`")
    return FAULTY


# ---------------------------------------------------------------- unknown parameters


def _unset(name: str, type: tree.TypeExpr | None, bounds: bool, scope: Scope) -> Constant:
    """What stands for a parameter without a value: integers are symbols, lists have length 3, and
    an integer that bounds a family is 3, so that the two agree."""
    if isinstance(type, tree.TypeList):
        scope.assumed = True
        return tuple(
            _unset(f"{name}[{k}]", type.element, False, scope) for k in range(1, ASSUMED_LENGTH + 1)
        )
    if type is None or type.text != "int":
        return UNKNOWN
    if bounds:
        scope.assumed = True
        return ASSUMED_LENGTH
    return Size.symbol(f"{UNSET}{name}")


def _bounding(layer: tree.Layer) -> frozenset[str]:
    """The names on which the bounds of ranges depend."""
    lets = {
        statement.targets[0].name.text: statement.value
        for statement in layer.body
        if isinstance(statement, tree.Let)
    }
    pending: list[tree.Expr] = [
        bound
        for node in tree.walk(layer)
        if isinstance(node, tree.Binder)
        for bound in (node.first, node.last)
    ]
    found: set[str] = set()
    while pending:
        names = _names(pending)
        pending = [lets[name] for name in names - found if name in lets]
        found |= names
    return frozenset(found)


def _names(exprs: Sequence[tree.Expr]) -> set[str]:
    return {node.text for expr in exprs for node in tree.walk(expr) if isinstance(node, tree.Name)}
