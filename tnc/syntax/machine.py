"""An LALR parser that can be asked what it would accept before it is fed.

A reduction may come before a mistake is noticed, so every question is answered by a trial run on
a copy of the stack, and only what fits is ever fed.
"""

from __future__ import annotations

from collections.abc import Sequence

from tnc.syntax.grammar import END, tables
from tnc.syntax.tables import Rule
from tnc.syntax.token import Token


class Branch:
    """A node of the parse tree: what a rule made of its children, from `start` up to `end`; both
    are −1 where there is no token. `None` stands for a child that may be absent, and is."""

    __slots__ = ("children", "end", "name", "start")

    def __init__(self, name: str, children: list[Child], start: int, end: int) -> None:
        self.name, self.children, self.start, self.end = name, children, start, end


Child = Branch | Token | None


def straight(tokens: Sequence[Token], start: str, highest: int) -> Branch | None:
    """The parse tree of tokens in which nothing is wrong; None where something is, or where the
    stack grows above `highest`. Nothing is tried before it is done, so it is several times as
    quick as a `Machine`."""
    known = tables()
    actions, rules, end = known.actions, known.rules, known.ends[start]
    renaming = [_only_renames(rule) for rule in rules]
    states, values = [known.starts[start]], list[Child]()
    for token in tokens:
        type_ = token.type
        while (action := actions[states[-1]].get(type_)) is not None and action < 0:
            rule = rules[~action]
            if renaming[~action]:
                states[-1] = actions[states[-2]][rule[0]]
                continue
            parts: list[Child] = []
            if size := rule[1]:
                parts = values[-size:]
                del states[-size:], values[-size:]
            values.append(_made(rule, parts))
            states.append(actions[states[-1]][rule[0]])
            if type_ == END and states[-1] == end:
                (root,) = values
                assert isinstance(root, Branch)
                return root
        if action is None or len(states) > highest:
            return None
        states.append(action)
        values.append(token)
    return None


def _only_renames(rule: Rule) -> bool:
    """Whether what a rule makes is its only child: most reductions lead from `atom` to `expr`."""
    _, size, _, kept, _, single = rule
    return single and size == 1 and not kept[0][1]


class Machine:
    """Positions on its stack are counted by `size`, 1 when empty."""

    def __init__(self, start: str) -> None:
        self._tables = tables()
        self._end = self._tables.ends[start]
        self._states = [self._tables.starts[start]]
        self._values: list[Child] = []

    @property
    def size(self) -> int:
        """How many states are on the stack."""
        return len(self._states)

    def fits(self, *types: str, size: int | None = None) -> bool:
        """Whether tokens of these types may follow, after the stack were cut to `size`."""
        states = self._states[:size]
        return all(self._takes(states, each) for each in types)

    def _takes(self, states: list[int], type_: str) -> bool:
        actions, rules = self._tables.actions, self._tables.rules
        while (action := actions[states[-1]].get(type_)) is not None:
            if action >= 0:
                states.append(action)
                return True
            origin, size, *_ = rules[~action]
            if size:
                del states[-size:]
            states.append(actions[states[-1]][origin])
            if type_ == END and states[-1] == self._end:
                return True
        return False

    def size_before(self, rule: str) -> int:
        """The size before the token taken last, and before a `rule` that it follows."""
        below = self._values[-2:-1]
        preceded = any(isinstance(each, Branch) and each.name == rule for each in below)
        return self.size - (2 if preceded else 1)

    def expected(self) -> frozenset[str]:
        """The types of all tokens that may follow."""
        row = self._tables.actions[self._states[-1]]
        return frozenset(each for each in row if each == each.upper() and self.fits(each))

    def feed(self, token: Token) -> None:
        """Take a token that fits."""
        actions, rules = self._tables.actions, self._tables.rules
        while (action := actions[self._states[-1]][token.type]) < 0:
            self._reduce(rules[~action])
        self._states.append(action)
        self._values.append(token)

    def _reduce(self, rule: Rule) -> None:
        origin, size, *_ = rule
        parts: list[Child] = []
        if size:
            parts = self._values[-size:]
            del self._states[-size:], self._values[-size:]
        self._values.append(_made(rule, parts))
        self._states.append(self._tables.actions[self._states[-1]][origin])

    def cut(self, size: int) -> None:
        """Forget everything above `size`."""
        del self._states[size:]
        del self._values[size - 1 :]

    def finish(self) -> Branch:
        """The parse tree of everything fed; the end of the text fits."""
        while self._states[-1] != self._end:
            self._reduce(self._tables.rules[~self._tables.actions[self._states[-1]][END]])
        (root,) = self._values
        assert isinstance(root, Branch)
        return root


def _made(rule: Rule, parts: Sequence[Child]) -> Child:
    _, _, name, kept, absent, single = rule
    children: list[Child] = []
    for k, inline, before in kept:
        part = parts[k]
        if before:
            children += [None] * before
        if not inline:
            children.append(part)
        elif isinstance(part, Branch):
            # A list grows by one element at a time: it is continued, not copied.
            children = part.children if not children else children + part.children
    if absent:
        children += [None] * absent
    if single and len(children) == 1:
        return children[0]
    start = end = -1
    for part in parts:
        if part is not None and part.start >= 0:
            start = part.start
            break
    for part in reversed(parts):
        if part is not None and part.start >= 0:
            end = part.end
            break
    return Branch(name, children, start, end)
