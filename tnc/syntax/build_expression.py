"""From lark's parse tree to the syntax tree: expressions.

One method per rule or alias of the grammar, called from the leaves up and without recursion, so
that the depth of a text is no concern here.
"""

import re
import unicodedata
from dataclasses import replace
from typing import Any

from lark import Token
from lark.tree import Meta
from lark.visitors import Transformer_NonRecursive, v_args

from tnc.diagnostics import Edit, Help, Report, Source, Span
from tnc.syntax import tree
from tnc.syntax.lexing import span_of

_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}

Children = list[Any]
"""What the methods made of the children of a rule; lark cannot type it."""


@v_args(meta=True)
class ExpressionBuilder(Transformer_NonRecursive[Token, Any]):
    """Makes the nodes of `tree`, placed in `source`."""

    def __init__(self, source: Source, report: Report) -> None:
        super().__init__(visit_tokens=False)
        self._source = source
        self._report = report

    def _span(self, meta: Meta) -> Span:
        return Span(self._source, meta.start_pos, meta.end_pos)

    def _name(self, token: Token) -> tree.Name:
        """A name. Python normalises identifiers, and the generated code holds these names."""
        text = str(token) if token.isascii() else unicodedata.normalize("NFKC", token)
        return tree.Name(span_of(token, self._source), text)

    def _identifier(self, token: Token) -> tree.Name:
        """A name of something that is no mode, which must be a Python identifier."""
        name = self._name(token)
        if not (primes := len(name.text) - len(name.text.rstrip("'"))):
            return name
        span = Span(self._source, name.span.end - primes, name.span.end)
        self._report.error("E0001", "unexpected character `'`", span, "only modes may have primes",
                           help=[Help("leave it out", (Edit(span, ""),))])  # fmt: skip
        return replace(name, text=name.text.rstrip("'"))

    def _optional(self, token: Token | None) -> tree.Name | None:
        return self._identifier(token) if token is not None else None

    def binder(self, meta: Meta, children: Children) -> tree.Binder:
        index, first, last = children
        return tree.Binder(self._span(meta), self._identifier(index), first, last)

    def expression(self, meta: Meta, children: Children) -> tree.Expr:
        value: tree.Expr = children[0]
        return value

    def if_(self, meta: Meta, children: Children) -> tree.If:
        return tree.If(self._span(meta), *children)

    def pipe(self, meta: Meta, children: Children) -> tree.Pipe:
        return tree.Pipe(self._span(meta), *children)

    def repeat_for(self, meta: Meta, children: Children) -> tree.Repeat:
        binder, stage = children
        return tree.Repeat(self._span(meta), None, binder, stage)

    def repeat(self, meta: Meta, children: Children) -> tree.Repeat:
        count, stage = children
        return tree.Repeat(self._span(meta), count, None, stage)

    def or_(self, meta: Meta, children: Children) -> tree.Binary:
        return tree.Binary(self._span(meta), "or", *children)

    def and_(self, meta: Meta, children: Children) -> tree.Binary:
        return tree.Binary(self._span(meta), "and", *children)

    def add(self, meta: Meta, children: Children) -> tree.Binary:
        return tree.Binary(self._span(meta), "+", *children)

    def sub(self, meta: Meta, children: Children) -> tree.Binary:
        return tree.Binary(self._span(meta), "-", *children)

    def mul(self, meta: Meta, children: Children) -> tree.Binary:
        return tree.Binary(self._span(meta), "*", *children)

    def div(self, meta: Meta, children: Children) -> tree.Binary:
        return tree.Binary(self._span(meta), "/", *children)

    def floordiv(self, meta: Meta, children: Children) -> tree.Binary:
        return tree.Binary(self._span(meta), "//", *children)

    def mod(self, meta: Meta, children: Children) -> tree.Binary:
        return tree.Binary(self._span(meta), "mod", *children)

    def not_(self, meta: Meta, children: Children) -> tree.Unary:
        return tree.Unary(self._span(meta), "not", children[0])

    def neg(self, meta: Meta, children: Children) -> tree.Unary:
        return tree.Unary(self._span(meta), "-", children[0])

    def compare(self, meta: Meta, children: Children) -> tree.Compare:
        left, op, right = children
        return tree.Compare(self._span(meta), op.value, left, right)

    def subscript(self, meta: Meta, children: Children) -> tree.Subscript:
        value, items = children
        return tree.Subscript(self._span(meta), value, items or ())

    def call(self, meta: Meta, children: Children) -> tree.Call:
        function, arguments = children
        return tree.Call(self._span(meta), function, arguments or ())

    def member(self, meta: Meta, children: Children) -> tree.Member:
        value, name = children
        return tree.Member(self._span(meta), value, self._name(name))

    def splat(self, meta: Meta, children: Children) -> tree.Splat:
        return tree.Splat(self._span(meta), children[0])

    def name(self, meta: Meta, children: Children) -> tree.Name:
        return self._name(children[0])

    def int_(self, meta: Meta, children: Children) -> tree.Int:
        return tree.Int(self._span(meta), int(children[0]))

    def float_(self, meta: Meta, children: Children) -> tree.Float:
        return tree.Float(self._span(meta), float(children[0]))

    def string(self, meta: Meta, children: Children) -> tree.String:
        return tree.String(self._span(meta), _unescaped(children[0]))

    text = string

    def true(self, meta: Meta, children: Children) -> tree.Bool:
        return tree.Bool(self._span(meta), True)

    def false(self, meta: Meta, children: Children) -> tree.Bool:
        return tree.Bool(self._span(meta), False)

    def ellipsis(self, meta: Meta, children: Children) -> tree.Ellipsis:
        return tree.Ellipsis(self._span(meta))

    def group(self, meta: Meta, children: Children) -> tree.Group:
        return tree.Group(self._span(meta), children[0])

    def list_(self, meta: Meta, children: Children) -> tree.ListExpr:
        return tree.ListExpr(self._span(meta), children[0] or ())

    def list_for(self, meta: Meta, children: Children) -> tree.ListFor:
        return tree.ListFor(self._span(meta), *children)

    def items(self, meta: Meta, children: Children) -> tuple[tree.Expr, ...]:
        return tuple(children)

    def args(self, meta: Meta, children: Children) -> tuple[tree.Argument, ...]:
        return tuple(children)

    def positional(self, meta: Meta, children: Children) -> tree.Argument:
        return tree.Argument(self._span(meta), None, children[0])

    def named(self, meta: Meta, children: Children) -> tree.Argument:
        name, value = children
        return tree.Argument(self._span(meta), self._name(name), value)

    def generator(self, meta: Meta, children: Children) -> tree.Generator:
        return tree.Generator(self._span(meta), *children)


def _unescaped(literal: str) -> str:
    r"""What a string literal means; unknown escapes such as `\d` stand for themselves."""
    body = literal[1:-1] if len(literal) > 1 and literal.endswith('"') else literal[1:]
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), body)
