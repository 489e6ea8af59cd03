"""How a text is coloured: one list of rules, from which every highlighter is made.

Each rule takes a whole token of the grammar, so that a highlighter which tries them in order is at
a token's beginning at all times, as the lexer is.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from functools import cache

from tnc.editor.words import FUNCTION_GROUPS, WITH_OPTIONS, Group, option_of, texts
from tnc.record import record
from tnc.syntax.grammar import comparisons, pattern, tables
from tnc.syntax.run import OF_A_FILE


class Colour(Enum):
    """What a token is to a reader."""

    SPACE = "space"
    DOC = "doc"
    COMMENT = "comment"
    STRING = "string"
    FLOAT = "float"
    INT = "int"
    STATEMENT = "statement"
    CONTROL = "control"
    WORD_OPERATOR = "word operator"
    CONSTANT = "constant"
    TYPE = "type"
    LAYER = "layer"
    FUNCTION = "function"
    OPTION = "option"
    CHOICE = "choice"
    NAME = "name"
    OPERATOR = "operator"
    PUNCTUATION = "punctuation"
    WRONG = "wrong"


@record
class Rule:
    """A pattern and the colours of its groups, which together are all that it matches; of a pattern
    without groups, the colour of the whole. White space between groups has none."""

    pattern: str
    colours: tuple[Colour, ...]


OPENS, CLOSES = r"\(", r"\)"
_PUNCTUATION = frozenset(",.:()[]{}")
_NOT_IN_A_TEXT = frozenset("|;")  # of einsum equations


@cache
def ordinary() -> tuple[Rule, ...]:
    """The rules outside of the options of a statement, the first that matches counting."""
    own = {word.text for name in WITH_OPTIONS for word in option_of(name)}
    given = [text for text in texts(Group.OPTION) if text not in own]
    return (*_literals(), *_keywords(), *_named(given), *_rest())


@cache
def in_options() -> tuple[Rule, ...]:
    """The rules within the parentheses after the keyword of a statement."""
    choices = texts(Group.PAD, Group.BORDER, Group.INIT, Group.KIND)
    chosen = Rule(word(choices), (Colour.CHOICE,))
    named = _named(texts(Group.OPTION))
    return (*_literals(), *_keywords(), named[0], chosen, *named[1:], *_rest())


def opening() -> Rule:
    """The keyword and the parenthesis after which options follow."""
    return Rule(rf"({_any(WITH_OPTIONS)})\s*({OPENS})", (Colour.STATEMENT, Colour.PUNCTUATION))


def word(choices: Iterable[str]) -> str:
    """A pattern for names that are one of these words and no longer."""
    return rf"(?:{_any(choices)}){_END}"


_END = r"(?![\w\u0300-\u036f'])"


def _any(choices: Iterable[str]) -> str:
    return "|".join(sorted(choices))


def _literals() -> Iterable[Rule]:
    for terminal, colour in (
        ("DOC", Colour.DOC),
        ("COMMENT", Colour.COMMENT),
        ("STRING", Colour.STRING),
        ("OPEN_STRING", Colour.WRONG),
        ("FLOAT", Colour.FLOAT),
        ("INT", Colour.INT),
    ):
        yield Rule(pattern(terminal), (colour,))


def _keywords() -> Iterable[Rule]:
    heads = sorted(word.lower() for word in OF_A_FILE & {"LAYER", "EXTERN"})
    name = rf"((?!{word(_reserved())}){pattern('NAME')})"
    yield Rule(rf"({_any(heads)})\s+{name}", (Colour.STATEMENT, Colour.LAYER))
    for group, colour in (
        (Group.STATEMENT, Colour.STATEMENT),
        (Group.CONTROL, Colour.CONTROL),
        (Group.OPERATOR, Colour.WORD_OPERATOR),
        (Group.CONSTANT, Colour.CONSTANT),
    ):
        yield Rule(word(texts(group)), (colour,))


def _reserved() -> tuple[str, ...]:
    return texts(Group.STATEMENT, Group.CONTROL, Group.OPERATOR, Group.CONSTANT)


def _named(options: Iterable[str]) -> tuple[Rule, ...]:
    functions = word(texts(*FUNCTION_GROUPS))
    types = [text for text in texts(Group.TYPE) if text not in _reserved()]
    return (
        Rule(rf"{word(options)}(?=\s*:)", (Colour.OPTION,)),
        Rule(rf"(\|>)\s*({functions})", (Colour.OPERATOR, Colour.FUNCTION)),
        Rule(rf"{functions}(?=\s*{OPENS})", (Colour.FUNCTION,)),
        Rule(word(types), (Colour.TYPE,)),
        Rule(pattern("NAME"), (Colour.NAME,)),
    )


def _rest() -> Iterable[Rule]:
    signs = {each for each in tables().spelling.values() if not each.isalpha()} - _NOT_IN_A_TEXT
    for chosen, colour in (
        ({*signs, *comparisons()} - _PUNCTUATION, Colour.OPERATOR),
        (signs & _PUNCTUATION, Colour.PUNCTUATION),
    ):
        ordered = sorted(chosen, key=lambda each: (-len(each), each))
        yield Rule("|".join(map(_escaped, ordered)), (colour,))


def _escaped(sign: str) -> str:
    """The sign as a pattern that Python and Oniguruma read alike."""
    return "".join(rf"\{each}" if each in r"|.*+()[]{}" else each for each in sign)
