"""From the parse tree to the syntax tree: expressions.

One method per rule or alias of the grammar, called from the leaves up and without recursion, so
that the depth of a text is no concern here.
"""

import re
import unicodedata
from dataclasses import replace
from typing import Any, cast

from tnc.diagnostics import Edit, Help, Report, Source, Span
from tnc.syntax import tree
from tnc.syntax.expression import Comparison
from tnc.syntax.lexing import span_of
from tnc.syntax.machine import Branch, Child
from tnc.syntax.token import Token

_ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\"}

Children = list[Any]
"""What the methods made of the children of a rule: nodes, tokens, and `None`."""


class ExpressionBuilder:
    """Makes the nodes of `tree`, placed in `source`."""

    def __init__(self, source: Source, report: Report) -> None:
        self._source = source
        self._report = report

    def transform(self, root: Branch) -> Any:
        """What the methods make of a parse tree."""
        order: list[Child] = []
        pending: list[Child] = [root]
        while pending:
            each = pending.pop()
            order.append(each)
            if isinstance(each, Branch):
                pending += each.children
        made: Children = []
        for each in reversed(order):
            if isinstance(each, Branch):
                first = len(made) - len(each.children)
                made[first:] = [getattr(self, each.name)(each, made[first:])]
            else:
                made.append(each)
        return made[0]

    def _span(self, branch: Branch) -> Span:
        return Span(self._source, branch.start, branch.end)

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

    def binder(self, branch: Branch, children: Children) -> tree.Binder:
        index, first, last = children
        return tree.Binder(self._span(branch), self._identifier(index), first, last)

    def expression(self, branch: Branch, children: Children) -> tree.Expr:
        value: tree.Expr = children[0]
        return value

    def if_(self, branch: Branch, children: Children) -> tree.If:
        return tree.If(self._span(branch), *children)

    def pipe(self, branch: Branch, children: Children) -> tree.Pipe:
        return tree.Pipe(self._span(branch), *children)

    def repeat_for(self, branch: Branch, children: Children) -> tree.Repeat:
        binder, stage = children
        return tree.Repeat(self._span(branch), None, binder, stage)

    def repeat(self, branch: Branch, children: Children) -> tree.Repeat:
        count, stage = children
        return tree.Repeat(self._span(branch), count, None, stage)

    def or_(self, branch: Branch, children: Children) -> tree.Binary:
        return tree.Binary(self._span(branch), "or", *children)

    def and_(self, branch: Branch, children: Children) -> tree.Binary:
        return tree.Binary(self._span(branch), "and", *children)

    def add(self, branch: Branch, children: Children) -> tree.Binary:
        return tree.Binary(self._span(branch), "+", *children)

    def sub(self, branch: Branch, children: Children) -> tree.Binary:
        return tree.Binary(self._span(branch), "-", *children)

    def mul(self, branch: Branch, children: Children) -> tree.Binary:
        return tree.Binary(self._span(branch), "*", *children)

    def div(self, branch: Branch, children: Children) -> tree.Binary:
        return tree.Binary(self._span(branch), "/", *children)

    def floordiv(self, branch: Branch, children: Children) -> tree.Binary:
        return tree.Binary(self._span(branch), "//", *children)

    def mod(self, branch: Branch, children: Children) -> tree.Binary:
        return tree.Binary(self._span(branch), "mod", *children)

    def not_(self, branch: Branch, children: Children) -> tree.Unary:
        return tree.Unary(self._span(branch), "not", children[0])

    def neg(self, branch: Branch, children: Children) -> tree.Unary:
        return tree.Unary(self._span(branch), "-", children[0])

    def compare(self, branch: Branch, children: Children) -> tree.Compare:
        left, op, right = children
        return tree.Compare(self._span(branch), cast(Comparison, str(op)), left, right)

    def subscript(self, branch: Branch, children: Children) -> tree.Subscript:
        value, items = children
        return tree.Subscript(self._span(branch), value, items or ())

    def call(self, branch: Branch, children: Children) -> tree.Call:
        function, arguments = children
        return tree.Call(self._span(branch), function, arguments or ())

    def member(self, branch: Branch, children: Children) -> tree.Member:
        value, name = children
        return tree.Member(self._span(branch), value, self._name(name))

    def splat(self, branch: Branch, children: Children) -> tree.Splat:
        return tree.Splat(self._span(branch), children[0])

    def name(self, branch: Branch, children: Children) -> tree.Name:
        return self._name(children[0])

    def int_(self, branch: Branch, children: Children) -> tree.Int:
        return tree.Int(self._span(branch), int(children[0]))

    def float_(self, branch: Branch, children: Children) -> tree.Float:
        return tree.Float(self._span(branch), float(children[0]))

    def string(self, branch: Branch, children: Children) -> tree.String:
        return tree.String(self._span(branch), _unescaped(children[0]))

    text = string

    def true(self, branch: Branch, children: Children) -> tree.Bool:
        return tree.Bool(self._span(branch), True)

    def false(self, branch: Branch, children: Children) -> tree.Bool:
        return tree.Bool(self._span(branch), False)

    def ellipsis(self, branch: Branch, children: Children) -> tree.Ellipsis:
        return tree.Ellipsis(self._span(branch))

    def group(self, branch: Branch, children: Children) -> tree.Group:
        return tree.Group(self._span(branch), children[0])

    def list_(self, branch: Branch, children: Children) -> tree.ListExpr:
        return tree.ListExpr(self._span(branch), children[0] or ())

    def list_for(self, branch: Branch, children: Children) -> tree.ListFor:
        return tree.ListFor(self._span(branch), *children)

    def items(self, branch: Branch, children: Children) -> tuple[tree.Expr, ...]:
        return tuple(children)

    def args(self, branch: Branch, children: Children) -> tuple[tree.Argument, ...]:
        return tuple(children)

    def positional(self, branch: Branch, children: Children) -> tree.Argument:
        return tree.Argument(self._span(branch), None, children[0])

    def named(self, branch: Branch, children: Children) -> tree.Argument:
        name, value = children
        return tree.Argument(self._span(branch), self._name(name), value)

    def generator(self, branch: Branch, children: Children) -> tree.Generator:
        return tree.Generator(self._span(branch), *children)


def _unescaped(literal: str) -> str:
    r"""What a string literal means; unknown escapes such as `\d` stand for themselves."""
    body = literal[1:-1] if len(literal) > 1 and literal.endswith('"') else literal[1:]
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), body)
