"""From a syntax tree to its text. Parsing the text gives an equal tree.

The text has no comments and a statement a line, however long; `format` also knows those of a text.
"""

from __future__ import annotations

from math import inf

from tnc.syntax import tree
from tnc.syntax.format import expressions, statements
from tnc.syntax.format.layout import Doc, events
from tnc.syntax.format.render import rendered
from tnc.syntax.format.weave import unwoven


def file_text(file: tree.File) -> str:
    """A whole file; layers and tests stand apart."""
    return f"{_text(statements.file(file))}\n"


def statement_text(statement: tree.Statement) -> str:
    """One statement of a layer."""
    return _text(statements.statement(statement))


def text(expression: tree.Expr, above: int = 0) -> str:
    """An expression; in parentheses where its operator binds less tightly than `above`."""
    return _text(expressions.expression(expression, above))


def _text(doc: Doc) -> str:
    return rendered(unwoven(events(doc)), inf)


def fitting(expression: tree.Expr, above: int) -> tree.Expr:
    """The expression as an operand of an operator of level `above`: grouped if it binds less."""
    if text(expression, above) == text(expression):
        return expression
    return tree.Group(expression.span, (expression,))


def level(op: str) -> int:
    """How tightly a binary operator binds."""
    return expressions.BINDING[op]
