"""The TextMate grammar, by which VS Code, Sublime Text and others colour a text."""

from __future__ import annotations

import json
from typing import Any

from tnc.editor.lexis import CLOSES, OPENS, Colour, Rule, in_options, opening, ordinary

SCOPES: dict[Colour, str] = {
    Colour.DOC: "comment.line.documentation.tnn",
    Colour.COMMENT: "comment.line.number-sign.tnn",
    Colour.STRING: "string.quoted.double.tnn",
    Colour.FLOAT: "constant.numeric.float.tnn",
    Colour.INT: "constant.numeric.integer.tnn",
    Colour.STATEMENT: "keyword.declaration.tnn",
    Colour.CONTROL: "keyword.control.tnn",
    Colour.WORD_OPERATOR: "keyword.operator.word.tnn",
    Colour.CONSTANT: "constant.language.tnn",
    Colour.TYPE: "support.type.tnn",
    Colour.LAYER: "entity.name.type.layer.tnn",
    Colour.FUNCTION: "support.function.tnn",
    Colour.OPTION: "variable.parameter.option.tnn",
    Colour.CHOICE: "support.constant.tnn",
    Colour.NAME: "variable.other.tnn",
    Colour.OPERATOR: "keyword.operator.tnn",
    Colour.PUNCTUATION: "punctuation.tnn",
    Colour.WRONG: "invalid.illegal.tnn",
}
"""What each colour is called by themes."""


def grammar() -> dict[str, Any]:
    """The grammar as its file holds it."""
    inner = [{"include": "#nested"}, *map(_pattern, in_options())]
    parenthesis = {"0": {"name": SCOPES[Colour.PUNCTUATION]}}
    return {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "tnn",
        "scopeName": "source.tnn",
        "fileTypes": ["tnn"],
        "patterns": [
            {
                "begin": opening().pattern,
                "beginCaptures": _captures(opening()),
                "end": CLOSES,
                "endCaptures": parenthesis,
                "patterns": [{"include": "#options"}],
            },
            *map(_pattern, ordinary()),
        ],
        "repository": {
            "options": {"patterns": inner},
            "nested": {
                "begin": OPENS,
                "beginCaptures": parenthesis,
                "end": CLOSES,
                "endCaptures": parenthesis,
                "patterns": [{"include": "#options"}],
            },
        },
    }


def text() -> str:
    """The file `tnn.tmLanguage.json`."""
    return json.dumps(grammar(), indent=2, ensure_ascii=True) + "\n"


def _pattern(rule: Rule) -> dict[str, Any]:
    if len(rule.colours) == 1:
        return {"match": rule.pattern, "name": SCOPES[rule.colours[0]]}
    return {"match": rule.pattern, "captures": _captures(rule)}


def _captures(rule: Rule) -> dict[str, dict[str, str]]:
    return {str(k): {"name": SCOPES[each]} for k, each in enumerate(rule.colours, start=1)}
