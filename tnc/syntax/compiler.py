"""From the grammar to tables: the one place that makes a `Lark`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from lark import Lark, Token
from lark.grammar import Rule as LarkRule
from lark.grammar import Terminal
from lark.lexer import BasicLexer, PatternStr, TerminalDef, UnlessCallback
from lark.parsers.lalr_analysis import Shift

from tnc.syntax.tables import Rule, Tables

STARTS = ("file", "expression", "einsum")


class Trivia:
    """Tells lark to keep the tokens that no rule mentions; the token filter takes them out."""

    always_accept = ("COMMENT", "OPEN_STRING", "UNKNOWN")

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """The tokens as they are."""
        return stream


def parser(grammar: str) -> Lark:
    """The grammar as lark understands it."""
    return Lark(grammar, parser="lalr", lexer="basic", start=[*STARTS], postlex=Trivia())


def compiled(grammar: str) -> Tables:
    """The tables of a grammar."""
    lark = parser(grammar)
    confs = {start: lark.parse_interactive("", start).parser_state.parse_conf for start in STARTS}
    states: Mapping[int, Mapping[str, Any]] = confs[STARTS[0]].states
    rules = {rule: k for k, rule in enumerate(lark.rules)}
    actions = (
        {
            str(symbol): target if action is Shift else ~rules[target]
            for symbol, (action, target) in states[state].items()
        }
        for state in range(len(states))
    )
    lexer: BasicLexer = lark.parser.lexer.lexer
    pattern, typed = _lexis(lexer)
    return Tables(
        tuple(actions),
        tuple(map(_rule, rules)),
        {start: conf.start_state for start, conf in confs.items()},
        {start: conf.end_state for start, conf in confs.items()},
        pattern,
        typed,
        frozenset(map(str, lexer.ignore_types)),
        dict(map(_spelt, filter(_is_fixed, lark.terminals))),
    )


def _rule(rule: LarkRule) -> Rule:
    """Which symbols of a rule are children: in lark punctuation is left out, and what begins with
    `_` is written out. `empty_indices` has a gap for each symbol that could have been there."""
    options = rule.options
    kept: list[tuple[int, bool, int]] = []
    absent = 0
    symbols = enumerate(rule.expansion)
    for gap in options.empty_indices or [False] * len(rule.expansion):
        if gap:
            absent += 1
            continue
        k, symbol = next(symbols)
        if options.keep_all_tokens or not (isinstance(symbol, Terminal) and symbol.filter_out):
            inline = not symbol.is_term and symbol.name.startswith("_")
            kept.append((k, inline, absent))
            absent = 0
    origin = str(rule.origin.name)
    name = str(rule.alias or origin)
    single = bool(options.expand1 and not rule.alias)
    return origin, len(rule.expansion), name, tuple(kept), absent, single


def _lexis(lexer: BasicLexer) -> tuple[str, dict[str, dict[str, str]]]:
    """One pattern for all tokens. What is written in one way only is told apart by its text: a
    pattern with few groups compiles quickly."""
    groups: list[str] = []
    scanner = lexer.scanner  # which also finds out which keywords look like names
    typed = {
        str(name): {text: word for word, text in map(_spelt, unless.scanner.terminals)}
        for name, unless in lexer.callback.items()
        if isinstance(unless, UnlessCallback)
    }
    for fixed, each in groupby(scanner.terminals, _is_fixed):
        terminals = list(each)
        choices = "|".join(terminal.pattern.to_regexp() for terminal in terminals)
        if fixed:
            name = f"_fixed{len(groups)}"
            typed[name] = {text: name for name, text in map(_spelt, terminals)}
            groups.append(f"(?P<{name}>{choices})")
        else:
            groups += [f"(?P<{each.name}>{each.pattern.to_regexp()})" for each in terminals]
    return "|".join(groups), typed


def _is_fixed(terminal: TerminalDef) -> bool:
    return isinstance(terminal.pattern, PatternStr)


def _spelt(terminal: TerminalDef) -> tuple[str, str]:
    """Its name, and how it is written. lark's names are strings of its own."""
    return str(terminal.name), str(terminal.pattern.value)
