"""From statements, layers and files of the syntax tree to documents."""

from __future__ import annotations

from collections.abc import Sequence

from tnc.syntax import tree
from tnc.syntax.format.expressions import BINDING, binder, chained, expression, modes, options
from tnc.syntax.format.layout import (
    APART,
    CLOSING,
    HARD,
    NOTHING,
    OPENING,
    SPACE,
    STATEMENT,
    Doc,
    Group,
    Indent,
    bracketed,
    filled,
)


def file(node: tree.File) -> Doc:
    """A whole file: layers and tests stand apart, the writer groups the rest."""
    parts: list[Doc] = [f"tnn {node.edition.number}"] if node.edition else []
    before: tree.Item | None = None
    for each in node.items:
        if parts:
            parts.append(APART if _stands_apart(before) or _stands_apart(each) else STATEMENT)
        parts.append(item(each))
        before = each
    return tuple(parts)


def _stands_apart(node: tree.Item | None) -> bool:
    return isinstance(node, tree.Layer | tree.Test)


def item(node: tree.Item) -> Doc:
    """One item of a file."""
    match node:
        case tree.Import(path=path, alias=alias):
            return "import ", _path(path), _alias(alias)
        case tree.FromImport(path=path, names=names):
            listed = ((each.name.text, _alias(each.alias)) for each in names)
            return "from ", _path(path), " import ", filled(listed)
        case tree.Layer():
            return layer(node)
        case tree.Extern():
            return _extern(node)
        case tree.Test(title=title, body=body):
            return "test ", expression(title), " ", _block(body)
        case tree.Let():
            return statement(node)


def layer(node: tree.Layer) -> Doc:
    """One layer, a statement a line."""
    params = _params(node.params) if node.params else ()
    return documented(node.doc, (f"layer {node.name.text}", params, " ", _block(node.body)))


def _block(body: Sequence[tree.Statement | tree.Assert]) -> Doc:
    if not body:
        return Group(("{", NOTHING, "}"))
    first, *rest = map(statement, body)
    return "{", Indent((OPENING, first, *((STATEMENT, each) for each in rest))), CLOSING, "}"


def statement(node: tree.Statement | tree.Assert) -> Doc:
    """One statement of a layer or a test."""
    match node:
        case tree.Mode(declarations=declarations):
            return "mode ", filled(map(_mode, declarations))
        case tree.Conv(options=some, relations=relations):
            return "conv", options(some), " ", filled(map(_relation, relations))
        case tree.Tensors(kind=kind, options=some, declarations=declarations, doc=doc):
            return documented(doc, (kind, options(some), " ", filled(map(_tensor, declarations))))
        case tree.Let(targets=targets, value=value, doc=doc):
            bound = filled(map(_target, targets))
            return documented(doc, ("let ", bound, " = ", expression(value)))
        case tree.Output(target=target, value=value):
            return "output ", _target(target), " = ", expression(value)
        case tree.Require(condition=condition, message=message):
            return "require ", expression(condition), _message(message)
        case tree.Assert(condition=condition, message=message):
            return "assert ", expression(condition), _message(message)


def _message(message: tree.String | None) -> Doc:
    return (",", Group(Indent((SPACE, expression(message))))) if message else ()


def documented(doc: str | None, what: Doc) -> Doc:
    """With its documentation above."""
    lines = [] if doc is None else doc.split("\n")
    return (*((f"## {line}".rstrip(), HARD) for line in lines), what)


# ---------------------------------------------------------------- declarations


def _mode(mode: tree.ModeDecl) -> Doc:
    name = (mode.name.text, _family(mode.binder))
    if mode.size is not None:
        return name, ": ", expression(mode.size)
    return (name, " = ", expression(mode.alias)) if mode.alias is not None else name


def _family(each: tree.Binder | None) -> Doc:
    return ("[", binder(each), "]") if each else ()


def _ref(ref: tree.Ref) -> Doc:
    return ref.name.text, *(("[", expression(index), "]") for index in ref.indices)


def _relation(relation: tree.Relation) -> Doc:
    each: Doc = (" for ", binder(relation.binder)) if relation.binder else ()
    first, rest = chained(_ref(relation.signal), (("*", _ref(tap)) for tap in relation.taps))
    return _ref(relation.result), each, " = ", Group((first, Indent(rest)), rows=True)


def _tensor(declaration: tree.TensorDecl) -> Doc:
    return declaration.name.text, _family(declaration.binder), modes(declaration.modes.items)


def _target(target: tree.Target) -> Doc:
    return target.name.text, () if target.modes is None else modes(target.modes.items)


def _params(params: Sequence[tree.Param]) -> Doc:
    return bracketed("(", map(_param, params), ")")


def _param(param: tree.Param) -> Doc:
    kind = f": {_type(param.type)}" if param.type else ""
    default: Doc = (" = ", expression(param.default)) if param.default is not None else ()
    return documented(param.doc, (param.name.text + kind, default))


def _type(each: tree.TypeExpr) -> str:
    return each.text if isinstance(each, tree.TypeName) else f"[{_type(each.element)}]"


# ---------------------------------------------------------------- imports, externs


def _path(path: tree.ModulePath) -> Doc:
    return "." * path.dots, ".".join(name.text for name in path.names)


def _alias(alias: tree.Name | None) -> str:
    return f" as {alias.text}" if alias else ""


def _extern(extern: tree.Extern) -> Doc:
    """The target stands on a line of its own if need be, but parentheses are not cut off."""
    params: Doc = () if extern.params is None else _params(extern.params)
    head = ("extern", options(extern.options), f" {extern.name.text}", params)
    target = ("= ", expression(extern.target, BINDING["postfix"]))
    declared = Group((head, _signature(extern.signature)))
    if isinstance(extern.target, tree.Group):
        return documented(extern.doc, (declared, " ", target))
    return documented(extern.doc, Group((declared, Indent((SPACE, target)))))


def _signature(signature: tree.Signature | None) -> Doc:
    if signature is None:
        return ()
    left, right = (
        filled(modes(each.items) for each in side) for side in (signature.inputs, signature.outputs)
    )
    return ": ", left, Indent((SPACE, "-> ", right))
