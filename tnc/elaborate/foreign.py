"""Externs: classes and functions of Python's, with a signature that is checked."""

from __future__ import annotations

from collections.abc import Iterator

from tnc.diagnostics import Report, Span
from tnc.diagnostics.diagnostic import Help
from tnc.elaborate.definitions import UNKNOWN, Constant, Definition, Partial
from tnc.elaborate.evaluate import evaluate, options
from tnc.elaborate.interfaces import Callee, Interface, Shape
from tnc.elaborate.library import Wanted
from tnc.elaborate.operands import opened
from tnc.elaborate.scope import Scope
from tnc.elaborate.solving import solve
from tnc.elaborate.values import UNSET, is_integer, type_name
from tnc.ir.layer import LEADING, Foreign
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.syntax import tree

OPTIONS = frozenset({"kind"})
KINDS = frozenset({"pointwise"})
ANYTHING = Shape("x", ((Mode(LEADING, Size.symbol(LEADING)),),))
"""Any number of axes."""


def foreign(wanted: Wanted, report: Report, *, sketching: bool = False) -> Callee | None:
    """What an extern means with its parameters set; None after a report. `sketching`: while
    checking, too, it has a body, without arguments."""
    definition = wanted.partial.definition
    assert isinstance(definition.node, tree.Extern)
    scope = _scope(definition, wanted, report)
    interface = _interface(definition.node, definition.pointwise, scope)
    body = None
    if wanted.checking and sketching:
        body = Foreign(definition.name, (), definition.node.target.span)
    elif not wanted.checking:
        body = _body(definition.node.target, scope)
    if report.failed or interface is None:
        return None
    return Callee(interface, body, definition.pointwise)


def check_extern(node: tree.Extern, definition: Definition, report: Report) -> None:
    """What can be said of an extern before it is used; nothing is imported."""
    given = options(node.options, OPTIONS, "extern", Scope(report, definition.home.source))
    kind = given.get("kind")
    if kind is not None and not (isinstance(kind, tree.Name) and kind.text in KINDS):
        report.error(
            "E0401", "an extern is of kind `pointwise`, or of none", kind.span, "no kind of extern"
        )
    scope = _scope(definition, Wanted(Partial(definition), checking=True), report)
    _interface(node, definition.pointwise, scope)
    _path(_called(opened(node.target, scope)), scope)


def _scope(definition: Definition, wanted: Wanted, report: Report) -> Scope:
    home = definition.home
    scope = Scope(report, home.source, home, wanted.checking)
    given = wanted.partial.given
    for param in definition.params:
        name = param.name.text
        value: Constant = UNKNOWN
        if name in given:
            value = given[name]
        elif param.default is not None:
            value = evaluate(param.default, scope)
        if value is UNKNOWN and wanted.checking:
            value = Size.symbol(f"{UNSET}{name}") if _is_int(param) else UNKNOWN
        scope.declare(param.name, value)
    rank = wanted.ranks[0] if wanted.ranks else UNKNOWN
    return scope if "rank" in scope.names else scope.within(rank=rank)


def _is_int(param: tree.Param) -> bool:
    return isinstance(param.type, tree.TypeName) and param.type.text == "int"


# ---------------------------------------------------------------- the signature


def _interface(node: tree.Extern, pointwise: bool, scope: Scope) -> Interface | None:
    if node.signature is None:
        if not pointwise:
            scope.report.error(
                "E0402",
                f"extern `{node.name.text}` has no signature",
                node.name.span,
                "what does it take and give?",
                help=(Help(f"write `extern {node.name.text}: [n, ...] -> [n, ...] = …`"),),
            )
            return None
        return Interface((ANYTHING,), (ANYTHING,), tuple(solve([ANYTHING], [LEADING])[0]))
    modes = dict.fromkeys(_modes(node.signature, scope))
    inner = scope.within(**{name: Size.symbol(name) for name in modes})
    inputs = tuple(_shapes("x", node.signature.inputs, inner))
    outputs = tuple(_shapes("y", node.signature.outputs, inner))
    symbols = [*modes, *([LEADING] if any(shape.rest is not None for shape in inputs) else [])]
    solved, unsolved = solve(inputs, symbols)
    for name in unsolved:
        text = f"the size of `{name}` cannot be inferred"
        scope.report.error("E0304", text, node.signature.span, "no input has this axis")
    return Interface(inputs, outputs, tuple(solved))


def _modes(signature: tree.Signature, scope: Scope) -> Iterator[str]:
    """The names in the inputs that are no parameters."""
    for listed in signature.inputs:
        for item in listed.items:
            if isinstance(item, tree.Name) and item.text not in scope.names:
                yield item.text


def _shapes(stem: str, lists: tuple[tree.ModeList, ...], scope: Scope) -> Iterator[Shape]:
    for k, listed in enumerate(lists, 1):
        name = stem if len(lists) == 1 else f"{stem}{k}"
        yield Shape(name, tuple((_axis(item, scope),) for item in listed.items))


def _axis(item: tree.Expr, scope: Scope) -> Mode:
    if isinstance(item, tree.Ellipsis):
        return Mode(LEADING, Size.symbol(LEADING))
    shown = item.span.text
    if isinstance(item, tree.Group) and all(isinstance(each, tree.Ellipsis) for each in item.items):
        return Mode(shown, Size.symbol(LEADING))  # one axis for all that `...` stands for
    value = evaluate(item, scope)
    if is_integer(value):
        assert isinstance(value, int | Size)
        return Mode(shown, Size.of(value))
    if value is not UNKNOWN:
        text = f"an axis has a size of type `int`, not `{type_name(value)}`"
        scope.report.error("E0401", text, item.span, "not a size")
    return Mode(shown, Size.symbol(f"{UNSET}axis {item.span.start}"))


# ---------------------------------------------------------------- the target


def _body(target: tree.Expr, scope: Scope) -> Foreign | None:
    target = opened(target, scope)
    path = _path(_called(target), scope)
    if path is None or not isinstance(target, tree.Call):
        return None if path is None else Foreign(path, None, target.span)
    texts = [_argument(each, scope) for each in target.arguments]
    return Foreign(path, tuple(text for text in texts if text is not None), target.span)


def _called(target: tree.Expr) -> tree.Expr:
    return target.function if isinstance(target, tree.Call) else target


def _path(expr: tree.Expr, scope: Scope) -> str | None:
    """The dotted name; None after a report."""
    names: list[str] = []
    inner = expr
    while isinstance(inner, tree.Member):
        names.append(inner.name.text)
        inner = inner.value
    if isinstance(inner, tree.Name) and names:
        return ".".join([inner.text, *reversed(names)])
    if scope.checking and isinstance(inner, tree.If):
        return None  # which one depends on a parameter
    text = "an extern stands for a dotted name of Python's, such as `torch.nn.GroupNorm(8, C)`"
    scope.report.error("E0403", text, expr.span, "no name of Python's")
    return None


def _argument(argument: tree.Argument | tree.Generator, scope: Scope) -> str | None:
    if isinstance(argument, tree.Generator):
        scope.report.error(
            "E0401", "an argument is one value", argument.span, "stands for several values"
        )
        return None
    text = _python(evaluate(argument.value, scope), argument.value.span, scope)
    if text is None or argument.name is None:
        return text
    return f"{argument.name.text}={text}"


def _python(value: Constant, span: Span, scope: Scope) -> str | None:
    match value:
        case bool() | int() | float() | str():
            return repr(value)
        case tuple():
            parts = [_python(each, span, scope) for each in value]
            return None if None in parts else f"[{', '.join(filter(None, parts))}]"
        case _:
            if value is not UNKNOWN:
                text = f"a `{type_name(value)}` cannot be passed to Python"
                scope.report.error(
                    "E0401", text, span, "Python takes numbers, strings, truth values and lists"
                )
            return None
