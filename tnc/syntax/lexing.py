"""From text to tokens; what is wrong with single characters, strings and numbers is said here."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from math import isinf

from tnc.diagnostics import Edit, Help, Report, Source, Span
from tnc.record import record
from tnc.syntax.grammar import COMMENT, END, KEYWORDS, OPEN_STRING, UNKNOWN, tables
from tnc.syntax.token import Token
from tnc.syntax.tree import Comment
from tnc.syntax.wording import POWERS

LARGEST_INT = 10**18

# One character each, so that replacing them leaves every offset as it is.
_MEANT = {
    **dict.fromkeys("×·⊗∗⋅✕", "*"),
    **dict.fromkeys("−–—", "-"),
    **dict.fromkeys("’‘′ʹ`", "'"),
    **dict.fromkeys("“”„", '"'),
    **dict(zip("，：（）［］｛｝＝", ",:()[]{}=", strict=True)),
}
# What takes more than one character, or another kind of token.
_INSTEAD = {
    **dict(zip("≤≥≠", [("CMP", "<="), ("CMP", ">="), ("CMP", "!=")], strict=True)),
    **dict(zip("→…‥", [("_ARROW", "->"), ("_SPLAT", "..."), ("_RANGE", "..")], strict=True)),
    **dict(zip("%@|", [("MOD", "mod"), ("STAR", "*"), ("_PIPE", "|>")], strict=True)),
    **dict(zip("&!", [("AND", "and"), ("NOT", "not")], strict=True)),
}
_NEEDLESS = {";": "statements need no end: each begins with a keyword"}
_ONLY_EINSUM = {"SEMICOLON", "VBAR"}
_DOUBTFUL = {OPEN_STRING, "INT", "FLOAT"}
"""What `_checked` may say something of; where not all is ASCII, of names as well."""


@record
class Lexed:
    """The tokens of a text, the last of type END, and its `#` comments.

    `blank` are the offsets of unknown characters that were read as blanks.
    """

    tokens: tuple[Token, ...]
    comments: tuple[Comment, ...]
    blank: frozenset[int]


def lex(source: Source, report: Report) -> Lexed:
    """The tokens of a `.tnn` text. Unknown characters are reported, then read as blanks.

    Where it is plain what was meant, as with `×`, that is read instead.
    """
    scanned = scan(source.text)
    tokens = [retyped(each, UNKNOWN) if each.type in _ONLY_EINSUM else each for each in scanned]
    unknown = [each for each in tokens if each.type == UNKNOWN]
    blank: frozenset[int] = frozenset()
    if unknown:
        for run in _runs(unknown):
            _report_unknown(run, source, report)
        repaired = _repaired(source.text, unknown)
        meant = [_meant(each) for each in _runs(unknown) if each[0] in _INSTEAD]
        tokens = sorted([*scan(repaired), *meant], key=lambda each: each.start)
        starts = (each.start for each in unknown if each not in _INSTEAD)
        blank = frozenset(at for at in starts if repaired[at] == " ")
    comments = tuple(
        Comment(span_of(each, source), each.rstrip("\r")) for each in tokens if each.type == COMMENT
    )
    doubtful = _DOUBTFUL if source.text.isascii() else {*_DOUBTFUL, "NAME"}
    kept = [
        _checked(each, source, report) if each.type in doubtful else each
        for each in tokens
        if each.type != COMMENT
    ]
    return Lexed((*kept, end_token(source)), comments, blank)


def lex_einsum(source: Source, report: Report) -> tuple[Token, ...]:
    """The tokens of an einsum equation: there, keywords are names like any other."""
    tokens = list(scan(source.text))
    for run in _runs([each for each in tokens if each.type == UNKNOWN]):
        _report_unknown(run, source, report)
    kept = (each for each in tokens if each.type not in {COMMENT, UNKNOWN})
    named = (retyped(each, "NAME") if each in KEYWORDS else each for each in kept)
    return (*(_checked(each, source, report) for each in named), end_token(source))


def span_of(token: Token, source: Source) -> Span:
    """Where a token stands."""
    return Span(source, token.start, token.end)


def retyped(token: Token, type_: str) -> Token:
    """The same text at the same place, read as another kind of token."""
    return token.read_as(type_)


def end_token(source: Source) -> Token:
    """The end of the text: just after the last character that is no white space."""
    end = len(source.text.rstrip())
    return Token(END, "", end, end)


def scan(text: str) -> Iterator[Token]:
    """Every token of a text, comments and unknown characters included, without a word on either."""
    ignored, typed = tables().ignored, tables().typed
    for found in _pattern().finditer(text):  # every character belongs to a token, UNKNOWN or not
        type_, word = found.lastgroup or "", found[0]
        if type_ in typed:
            type_ = typed[type_].get(word, type_)
        if type_ not in ignored:
            yield Token(type_, word, *found.span())


@cache
def _pattern() -> re.Pattern[str]:
    return re.compile(tables().pattern)


def _runs(tokens: Iterable[Token]) -> Iterator[Token]:
    """Each stretch of the same unknown character as one token: `&&` is one mistake, not two."""
    run: Token | None = None
    for token in tokens:
        if run is not None and run.end == token.start and run[0] == token[0]:
            run = Token(run.type, run + token, run.start, token.end)
        else:
            if run is not None:
                yield run
            run = token
    if run is not None:
        yield run


def _repaired(text: str, unknown: Iterable[Token]) -> str:
    letters = list(text)
    for token in unknown:
        for at, letter in enumerate(token, start=token.start):
            letters[at] = _MEANT.get(letter, " ")
    return "".join(letters)


def _meant(run: Token) -> Token:
    type_, text = _INSTEAD[run[0]]
    return run.read_as(type_, text)


def _report_unknown(token: Token, source: Source, report: Report) -> None:
    span, letter = span_of(token, source), token[0]
    message = f"unexpected character {_named(letter)}"
    report.error("E0001", message, span, "not part of the language", help=(_help(letter, span),))


def _help(letter: str, span: Span) -> Help:
    """What to write instead. A character nobody can guess is left to whoever wrote it: inside of
    a word it may be one letter too many, or have taken the place of another."""
    if wanted := _MEANT.get(letter) or _INSTEAD.get(letter, ("", ""))[1]:
        return Help(f"write `{wanted}`", (Edit(span, wanted),))
    if letter in _NEEDLESS:
        return Help(_NEEDLESS[letter], (Edit(span, ""),))
    if letter.isspace():
        return Help("write a blank instead", (Edit(span, " "),))
    return Help(POWERS if letter == "^" else "leave it out")


def _named(letter: str) -> str:
    code = f"U+{ord(letter):04X}"
    if letter.isprintable() and not letter.isspace():
        return f"`{letter}`" if letter.isascii() else f"`{letter}` ({code})"
    return f"{code} ({unicodedata.name(letter, 'unnamed').lower()})"


def _checked(token: Token, source: Source, report: Report) -> Token:
    """The token, or what it is to be read as after what is wrong with it was reported."""
    if token.type == OPEN_STRING:
        report.error("E0006", "string is never closed", span_of(token, source),
                     "a string ends on the line on which it begins")  # fmt: skip
        return retyped(token, "STRING")
    if token.type == "INT" and len(token) > len(str(LARGEST_INT)):
        return _too_large(token, source, report)
    if token.type == "FLOAT" and isinf(float(token)):
        return _too_large(token, source, report)
    if token.type == "NAME" and not token.isascii():
        _check_identifier(token, source, report)
    return token


def _too_large(token: Token, source: Source, report: Report) -> Token:
    report.error("E0002", "unexpected number, expected a smaller one", span_of(token, source),
                 "too large")  # fmt: skip
    return token.read_as(token.type, "1")  # which is valid wherever a number is


def _check_identifier(token: Token, source: Source, report: Report) -> None:
    """A name may hold what a Python identifier may, for the generated code holds it too."""
    start = token.start
    for at, letter in enumerate(token.rstrip("'")):
        if not f"x{letter}".isidentifier():
            span = Span(source, start + at, start + at + 1)
            message = f"unexpected character {_named(letter)} in a name"
            report.error("E0001", message, span, "not part of a name")
            return
