"""From a syntax tree to its text. Parsing the text gives an equal tree."""

from __future__ import annotations

from collections.abc import Iterable

from tnc.syntax import tree

_BINDING = {
    "or": 1, "and": 2, "not": 3, "compare": 4, "+": 5, "-": 5,
    "*": 6, "/": 6, "//": 6, "mod": 6, "unary": 7, "postfix": 8,
}  # fmt: skip
_PIPE = 0


def file_text(file: tree.File) -> str:
    """A whole file, each item after an empty line."""
    parts = [f"tnn {file.edition.number}"] if file.edition else []
    parts += [item_text(item) for item in file.items]
    return "\n\n".join(parts) + "\n"


def item_text(item: tree.Item) -> str:
    """One item of a file."""
    match item:
        case tree.Import(path=path, alias=alias):
            return f"import {_path(path)}" + (f" as {alias.text}" if alias else "")
        case tree.FromImport(path=path, names=names):
            listed = [n.name.text + (f" as {n.alias.text}" if n.alias else "") for n in names]
            return f"from {_path(path)} import {', '.join(listed)}"
        case tree.Layer():
            return layer_text(item)
        case tree.Extern():
            return _extern(item)
        case tree.Test(title=title, body=body):
            inner = "".join(f"  {_test_statement(each)}\n" for each in body)
            return f"test {text(title)} {{\n{inner}}}"
        case tree.Let():
            return statement_text(item)


def layer_text(layer: tree.Layer) -> str:
    """One layer, a statement a line."""
    body = "".join(
        f"  {line}\n" for each in layer.body for line in statement_text(each).splitlines()
    )
    return f"{_doc(layer.doc)}layer {layer.name.text}{_params(layer.params)} {{\n{body}}}"


def statement_text(statement: tree.Statement) -> str:
    """One statement of a layer."""
    match statement:
        case tree.Mode(declarations=declarations):
            return f"mode {', '.join(map(_mode, declarations))}"
        case tree.Conv(options=options, relations=relations):
            return f"conv{_options(options)} {', '.join(map(_relation, relations))}"
        case tree.Tensors(kind=kind, options=options, declarations=declarations, doc=doc):
            listed = ", ".join(map(_tensor, declarations))
            return f"{_doc(doc)}{kind}{_options(options)} {listed}"
        case tree.Let(targets=targets, value=value, doc=doc):
            return f"{_doc(doc)}let {', '.join(map(_target, targets))} = {text(value)}"
        case tree.Output(target=target, value=value):
            return f"output {_target(target)} = {text(value)}"
        case tree.Require(condition=condition, message=message):
            return f"require {text(condition)}" + (f", {text(message)}" if message else "")


def text(expression: tree.Expr, above: int = _PIPE) -> str:
    """An expression; in parentheses where its operator binds less tightly than `above`."""
    match expression:
        case tree.Binary(op=op, left=left, right=right):
            level = _BINDING[op]
            inner = f"{text(left, level)} {op} {text(right, level + 1)}"
            return f"({inner})" if level < above else inner
        case tree.Compare(op=op, left=left, right=right):
            level = _BINDING["compare"]
            inner = f"{text(left, level + 1)} {op} {text(right, level + 1)}"
            return f"({inner})" if level < above else inner
        case tree.Unary(op=op, operand=operand):
            level = _BINDING["not" if op == "not" else "unary"]
            inner = f"not {text(operand, level)}" if op == "not" else f"-{text(operand, level)}"
            return f"({inner})" if level < above else inner
        case tree.If(condition=condition, then=then, otherwise=otherwise):
            inner = f"if {text(condition)} then {text(then)} else {text(otherwise)}"
            return f"({inner})" if above > _PIPE else inner
        case tree.Pipe(value=value, stage=stage):
            inner = f"{text(value, 1 if isinstance(value, tree.If) else 0)} |> {_stage(stage)}"
            return f"({inner})" if above > _PIPE else inner
        case _:
            return _postfix(expression)


def _postfix(expression: tree.Expr) -> str:
    match expression:
        case tree.Call(function=function, arguments=arguments):
            return f"{text(function, 8)}({', '.join(map(_argument, arguments))})"
        case tree.Subscript(value=value, items=items):
            return f"{text(value, 8)}[{_list(items)}]"
        case tree.Splat(value=value):
            return f"{text(value, 8)}..."
        case tree.Member(value=value, name=name):
            return f"{text(value, 8)}.{name.text}"
        case tree.Group(items=items):
            return f"({_list(items)})"
        case tree.ListExpr(items=items):
            return f"[{_list(items)}]"
        case tree.ListFor(body=body, binder=binder):
            return f"[{text(body)} for {_binder(binder)}]"
        case _:
            return _atom(expression)


def _atom(expression: tree.Expr) -> str:
    match expression:
        case tree.Name(text=name):
            return name
        case tree.Int(value=number):
            return str(number)
        case tree.Float(value=number):
            return _float(number)
        case tree.String(value=value):
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return '"' + escaped.replace("\n", "\\n").replace("\t", "\\t") + '"'
        case tree.Bool(value=truth):
            return "true" if truth else "false"
        case tree.Ellipsis():
            return "..."
        case _:
            raise TypeError(f"{type(expression).__name__} is no expression of its own")


def _float(number: float) -> str:
    shown = repr(number)
    return shown if "." in shown or "e" in shown else f"{shown}.0"


def _stage(stage: tree.Expr) -> str:
    if isinstance(stage, tree.Repeat):
        how = _binder(stage.binder) if stage.binder else text(stage.count) if stage.count else ""
        return f"repeat ({how}) {_stage(stage.stage)}"
    return text(stage, _BINDING["postfix"])


def _argument(argument: tree.Argument | tree.Generator) -> str:
    if isinstance(argument, tree.Generator):
        return f"{text(argument.body)} for {_binder(argument.binder)}"
    return (f"{argument.name.text}: " if argument.name else "") + text(argument.value)


def _list(items: Iterable[tree.Expr]) -> str:
    return ", ".join(map(text, items))


def _binder(binder: tree.Binder) -> str:
    return f"{binder.index.text} in {text(binder.first, 5)}..{text(binder.last, 5)}"


def _options(options: tuple[tree.Argument | tree.Generator, ...]) -> str:
    return f"({', '.join(map(_argument, options))})" if options else ""


def _mode(mode: tree.ModeDecl) -> str:
    name = mode.name.text + (f"[{_binder(mode.binder)}]" if mode.binder else "")
    if mode.size is not None:
        return f"{name}: {text(mode.size)}"
    return f"{name} = {text(mode.alias)}" if mode.alias is not None else name


def _ref(ref: tree.Ref) -> str:
    return ref.name.text + "".join(f"[{text(index)}]" for index in ref.indices)


def _relation(relation: tree.Relation) -> str:
    each = f" for {_binder(relation.binder)}" if relation.binder else ""
    right = " * ".join(map(_ref, (relation.signal, *relation.taps)))
    return f"{_ref(relation.result)}{each} = {right}"


def _tensor(declaration: tree.TensorDecl) -> str:
    family = f"[{_binder(declaration.binder)}]" if declaration.binder else ""
    return f"{declaration.name.text}{family}[{_list(declaration.modes.items)}]"


def _target(target: tree.Target) -> str:
    return target.name.text + ("" if target.modes is None else f"[{_list(target.modes.items)}]")


def _type(each: tree.TypeExpr) -> str:
    return each.text if isinstance(each, tree.TypeName) else f"[{_type(each.element)}]"


def _params(params: tuple[tree.Param, ...] | None) -> str:
    if not params:
        return ""
    if any(param.doc for param in params):
        lines = "".join(
            "  " + line + "\n"
            for param in params
            for line in f"{_doc(param.doc)}{_param(param)},".splitlines()
        )
        return f"(\n{lines})"
    return f"({', '.join(map(_param, params))})"


def _param(param: tree.Param) -> str:
    shown = param.name.text + (f": {_type(param.type)}" if param.type else "")
    return shown + (f" = {text(param.default)}" if param.default is not None else "")


def _path(path: tree.ModulePath) -> str:
    return "." * path.dots + ".".join(name.text for name in path.names)


def _extern(extern: tree.Extern) -> str:
    params = "()" if extern.params == () else _params(extern.params)
    signature = ""
    if extern.signature:
        sides = (extern.signature.inputs, extern.signature.outputs)
        left, right = (", ".join(f"[{_list(each.items)}]" for each in side) for side in sides)
        signature = f": {left} -> {right}"
    head = f"extern{_options(extern.options)} {extern.name.text}{params}{signature}"
    return f"{_doc(extern.doc)}{head} = {text(extern.target, _BINDING['postfix'])}"


def _test_statement(statement: tree.Let | tree.Assert) -> str:
    if isinstance(statement, tree.Let):
        return statement_text(statement)
    message = f", {text(statement.message)}" if statement.message else ""
    return f"assert {text(statement.condition)}{message}"


def _doc(doc: str | None) -> str:
    return "".join(f"## {line}".rstrip() + "\n" for line in doc.splitlines()) if doc else ""


def fitting(expression: tree.Expr, above: int) -> tree.Expr:
    """The expression as an operand of an operator of level `above`: grouped if it binds less."""
    if text(expression, above) == text(expression):
        return expression
    return tree.Group(expression.span, (expression,))


def level(op: str) -> int:
    """How tightly a binary operator binds."""
    return _BINDING[op]
