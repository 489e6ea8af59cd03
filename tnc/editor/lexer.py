"""The Pygments lexer: documents with blocks of `tnn` show them in colours.

Pygments finds it by itself where tnc is installed (`pygmentize -l tnn conv.tnn`).
"""

from __future__ import annotations

from typing import Any, ClassVar

from pygments.lexer import RegexLexer, bygroups
from pygments.token import (
    Comment,
    Error,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Whitespace,
)

from tnc.editor.lexis import CLOSES, OPENS, Colour, Rule, in_options, opening, ordinary

TOKENS: dict[Colour, Any] = {
    Colour.SPACE: Whitespace,
    Colour.DOC: String.Doc,
    Colour.COMMENT: Comment.Single,
    Colour.STRING: String.Double,
    Colour.FLOAT: Number.Float,
    Colour.INT: Number.Integer,
    Colour.STATEMENT: Keyword.Declaration,
    Colour.CONTROL: Keyword,
    Colour.WORD_OPERATOR: Operator.Word,
    Colour.CONSTANT: Keyword.Constant,
    Colour.TYPE: Keyword.Type,
    Colour.LAYER: Name.Class,
    Colour.FUNCTION: Name.Builtin,
    Colour.OPTION: Name.Attribute,
    Colour.CHOICE: Name.Constant,
    Colour.NAME: Name,
    Colour.OPERATOR: Operator,
    Colour.PUNCTUATION: Punctuation,
    Colour.WRONG: Error,
}
"""What each colour is called by Pygments."""


def _spaced(rule: Rule) -> Rule:
    """White space between the groups as a group of its own."""
    pattern, colours = rule.pattern, rule.colours
    if len(colours) > 1:
        for space in (r"\s+", r"\s*"):
            pattern = pattern.replace(f"){space}(", f")({space})(")
        colours = (colours[0], Colour.SPACE, colours[1])
    return Rule(pattern, colours)


def _entry(rule: Rule) -> tuple[str, Any]:
    spaced = _spaced(rule)
    tokens = [TOKENS[each] for each in spaced.colours]
    return spaced.pattern, tokens[0] if len(tokens) == 1 else bygroups(*tokens)


_SPACE = (r"[ \t\r\n\ufeff]+", Whitespace)


class TnnLexer(RegexLexer):
    """Texts of the language of tnc."""

    name = "tnn"
    aliases: ClassVar[list[str]] = ["tnn"]
    filenames: ClassVar[list[str]] = ["*.tnn"]
    mimetypes: ClassVar[list[str]] = ["text/x-tnn"]
    url = ""
    tokens: ClassVar[dict[str, list[Any]]] = {
        "root": [_SPACE, (*_entry(opening()), "options"), *map(_entry, ordinary())],
        "options": [
            _SPACE,
            (OPENS, Punctuation, "#push"),
            (CLOSES, Punctuation, "#pop"),
            *map(_entry, in_options()),
        ],
    }
