"""A small interpreter of TextMate grammars: `match`, `begin` and `end`, captures, `include`.

As editors do, it takes one line at a time and of all patterns the one that matches first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import onigurumacffi

Grammar = dict[str, Any]


class Coloured(NamedTuple):
    """A stretch of a text with the scope that a grammar gives it."""

    start: int
    end: int
    scope: str


def coloured(grammar: Grammar, text: str) -> Iterator[Coloured]:
    """The stretches to which the grammar gives a scope, in order."""
    stack: list[Grammar] = [grammar]
    offset = 0
    for line in text.splitlines(keepends=True):
        at = 0
        while (found := _first(grammar, stack[-1], line, at)) is not None:
            rule, match, ends = found
            key = "endCaptures" if ends else "beginCaptures" if "begin" in rule else "captures"
            if "name" in rule and key == "captures":
                yield Coloured(offset + match.start(), offset + match.end(), rule["name"])
            for group, each in sorted(rule.get(key, {}).items()):
                start, end = match.span(int(group))
                yield Coloured(offset + start, offset + end, each["name"])
            if ends:
                stack.pop()
            elif "begin" in rule:
                stack.append(rule)
            assert match.end() > at, "a pattern that matches nothing"
            at = match.end()
        offset += len(line)


def _first(
    grammar: Grammar, state: Grammar, line: str, at: int
) -> tuple[Grammar, Any, bool] | None:
    found = [
        (rule, match, False)
        for rule in _included(grammar, state["patterns"])
        if (match := _search(rule.get("match") or rule["begin"], line, at))
    ]
    if "end" in state and (match := _search(state["end"], line, at)):
        found.insert(0, (state, match, True))
    return min(found, key=lambda each: each[1].start(), default=None)


def _included(grammar: Grammar, patterns: list[Grammar]) -> Iterator[Grammar]:
    for rule in patterns:
        if "include" not in rule:
            yield rule
            continue
        inner = grammar["repository"][rule["include"].removeprefix("#")]
        yield from [inner] if "begin" in inner else _included(grammar, inner["patterns"])


_COMPILED: dict[str, Any] = {}


def _search(pattern: str, line: str, at: int) -> Any:
    if pattern not in _COMPILED:
        _COMPILED[pattern] = onigurumacffi.compile(pattern)
    return _COMPILED[pattern].search(line, at)
