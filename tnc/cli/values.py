"""The syntax of `--set` and `--bind`: `name=value,name=value`.

Values are written as in a `.tnn` text: `16`, `0.1`, `true`, `"text"`, `[4, 4]`. A bare word is a
text, since the shell takes quotes away; so is a layer, `CP(R: 4)`, which the elaboration reads. A
name with dots, `Stage.R`, means a parameter of the layers inside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tnc.cli.exits import usage

Value = int | float | bool | str | list["Value"]

NAME = re.compile(r"[^\W\d]\w*")
INSIDE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")
LAYER = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*\s*\(.*\)", re.DOTALL)
MODE = re.compile(r"[^\W\d]\w*'*|\.\.\.")
INT = re.compile(r"-?[0-9]{1,1000}")
FLOAT = re.compile(r"-?([0-9]+\.[0-9]+([eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)")
STRING = re.compile(r'"((?:\\.|[^"\\\n])*)"')
ESCAPE = re.compile(r"\\(.)")
ESCAPES = {"\\": "\\", '"': '"', "n": "\n", "t": "\t"}
CLOSING = {"[": "]", "(": ")", "{": "}"}
DEEPEST = 50


def parameters(texts: Iterable[str]) -> dict[str, Value]:
    """What `--set` says, all occurrences together; the last one of a name counts."""
    return {
        _parameter(name, place): _value(value, place)
        for place, text in ((f"`--set {text}`", text) for text in texts)
        for name, value in _assignments(text, place, "R=8")
    }


def sizes(texts: Iterable[tuple[str, str]]) -> dict[str, int]:
    """Sizes of modes from texts like `n=128,h=32`, each with the place where it stands.

    The last one of a mode counts.
    """
    found: dict[str, int] = {}
    for place, text in texts:
        for name, value in _assignments(text, place, "n=128"):
            if not MODE.fullmatch(name):
                raise usage(f"{place}: `{name}` is not the name of a mode")
            if not INT.fullmatch(value) or int(value) < 1:
                raise usage(f"{place}: the size `{value}` is not a whole number from 1")
            found[name] = int(value)
    return found


def split(text: str) -> list[str]:
    """The pieces between commas, those within brackets and quotes excepted.

    Errors: ValueError tells which bracket or quote has no partner.
    """
    pieces, start, at = [], 0, 0
    waiting: list[str] = []
    while at < len(text):
        letter = text[at]
        if letter == '"':
            at = _after_string(text, at)
            continue
        if letter in CLOSING:
            waiting.append(CLOSING[letter])
            if len(waiting) > DEEPEST:
                raise ValueError("brackets nest too deeply")
        elif letter in CLOSING.values() and (not waiting or waiting.pop() != letter):
            raise ValueError(f"`{letter}` closes nothing")
        elif letter == "," and not waiting:
            pieces.append(text[start:at])
            start = at + 1
        at += 1
    if waiting:
        raise ValueError(f"`{waiting[-1]}` is missing")
    return [*pieces, text[start:]]


def _after_string(text: str, at: int) -> int:
    if found := STRING.match(text, at):
        return found.end()
    raise ValueError('`"` is missing')


def whole(flag: str, text: str) -> int:
    """The number that a flag gives."""
    if not re.fullmatch(r"[1-9][0-9]{0,3}", text):
        raise usage(f"`{flag} {text}`: give a whole number from 1 to 9999")
    return int(text)


def positive(flag: str, text: str) -> float:
    """The number that a flag gives, as seconds."""
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]+)?", text) or not float(text):
        raise usage(f"`{flag} {text}`: give a number above 0")
    return float(text)


def _assignments(text: str, place: str, example: str) -> Iterator[tuple[str, str]]:
    for piece in _pieces(text, place):
        name, equals, value = (part.strip() for part in piece.partition("="))
        if not (name and equals and value):
            raise usage(f"{place}: expected `name=value`, as in `{example}`")
        yield name, value


def _pieces(text: str, place: str) -> list[str]:
    try:
        return split(text)
    except ValueError as error:
        raise usage(f"{place}: {error}") from None


def _parameter(name: str, place: str) -> str:
    if not (NAME.fullmatch(name) or INSIDE.fullmatch(name)):
        raise usage(f"{place}: `{name}` is not the name of a parameter")
    return name


def _value(text: str, place: str) -> Value:
    if text.startswith("[") and text.endswith("]"):
        inner = text[1:-1].strip()
        pieces = _pieces(inner, place) if inner else []
        return [_value(piece.strip(), place) for piece in pieces]
    if quoted := STRING.fullmatch(text):
        return ESCAPE.sub(lambda found: ESCAPES.get(found[1], found[0]), quoted[1])
    if INT.fullmatch(text):
        return int(text)
    if FLOAT.fullmatch(text):
        return float(text)
    if text in {"true", "false"}:
        return text == "true"
    if NAME.fullmatch(text) or INSIDE.fullmatch(text) or LAYER.fullmatch(text):
        return text
    likely = '`8`, `0.1`, `true`, `"text"`, `[4,4]`, `CP(R: 4)`'
    raise usage(f"{place}: `{text}` is no value; values are like {likely}")
