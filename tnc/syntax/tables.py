"""What a parser is driven by, in built-in types alone, so that it can be kept in a file."""

from __future__ import annotations

import marshal
import sys
from collections.abc import Mapping
from zlib import crc32

from tnc.record import record

_FORMAT = f"tnc tables 2 {sys.implementation.cache_tag}"
_CHECKSUM = 4
"""Bytes at the head of a file."""

Rule = tuple[str, int, str, tuple[tuple[int, bool, int], ...], int, bool]
"""The non-terminal, and the number of symbols of which it is made; the name of what is made; which
of the symbols stay: their numbers, whether their children stand in their place, and how many
absent ones (`None`) come before; how many come last; whether an only child stands for the whole."""


@record(eq=False)
class Tables:
    """The tables of an LALR(1) parser and its lexer.

    `actions` has a row for each state: the state that follows a symbol, or `~k` where rule k is
    to be reduced. `starts` and `ends` are states by start symbol. `pattern` matches one token; the
    group that matches is a terminal, unless `typed` says by the text which one it is. `spelling`
    holds the terminals that are written in one way only.
    """

    actions: tuple[Mapping[str, int], ...]
    rules: tuple[Rule, ...]
    starts: Mapping[str, int]
    ends: Mapping[str, int]
    pattern: str
    typed: Mapping[str, Mapping[str, str]]
    ignored: frozenset[str]
    spelling: Mapping[str, str]


def stored(tables: Tables, grammar: str) -> bytes:
    """The content of a file that holds the tables of a grammar."""
    parts = [getattr(tables, name) for name in Tables.__match_args__]
    content = marshal.dumps((_FORMAT, grammar, parts))
    return _checksum(content) + content


def restored(content: bytes, grammar: str) -> Tables | None:
    """The tables in a file; None unless it holds those of this grammar, and every byte of them."""
    if content[:_CHECKSUM] != _checksum(content[_CHECKSUM:]):
        return None
    try:
        form, text, parts = marshal.loads(content[_CHECKSUM:])
    except (EOFError, ValueError, TypeError):
        return None
    return Tables(*parts) if (form, text) == (_FORMAT, grammar) else None


def _checksum(content: bytes) -> bytes:
    return crc32(content).to_bytes(_CHECKSUM, "big")
