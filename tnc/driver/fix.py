"""Applying the edits of help messages: what `tnc check --fix` does to a text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations, product
from typing import TypeAlias

from tnc.diagnostics import Diagnostic, Edit, Source
from tnc.record import record

ROUNDS = 10

Check = Callable[[Source], Sequence[Diagnostic]]
Choice: TypeAlias = tuple[Diagnostic, tuple[Edit, ...]]
"""A diagnostic, and the edits that are to be made for it."""


@record
class Fixed:
    """A text after its edits: what was done, and what its check still says."""

    source: Source
    done: tuple[str, ...]
    remaining: tuple[Diagnostic, ...]


def fix(source: Source, check: Check) -> Fixed:
    """Apply edits and check again until there is nothing more to apply.

    Edits which overlap others wait for the next round, where the check may repeat them. Those
    after which the check finds new errors are left out. Ends after `ROUNDS`, and sooner if a text
    comes back that was there before.
    """
    done: list[str] = []
    seen = {source.text}
    remaining = tuple(check(source))
    for _ in range(ROUNDS):
        chosen = _harmless(source, remaining, choose(source, remaining), check)
        text = _after(source, chosen)
        if text in seen:
            break
        seen.add(text)
        done += [_report(diagnostic, edits) for diagnostic, edits in chosen]
        source = Source(source.name, text)
        remaining = tuple(check(source))
    return Fixed(source, tuple(done), remaining)


def choose(source: Source, diagnostics: Iterable[Diagnostic]) -> list[Choice]:
    """The edits to apply, each diagnostic's all or none; none of them touches another.

    Where a diagnostic offers several ways out, a person has to choose; edits of other files are
    left to the checks of those.
    """
    chosen: list[Choice] = []
    taken: list[Edit] = []
    for diagnostic in diagnostics:
        ways = [help.edits for help in diagnostic.help if help.edits]
        if len(ways) != 1 or any(edit.span.source is not source for edit in ways[0]):
            continue
        edits = tuple(edit for edit in dict.fromkeys(ways[0]) if edit not in taken)
        pairs = (*product(edits, taken), *combinations(edits, 2))
        if edits and not any(_touch(one, other) for one, other in pairs):
            chosen.append((diagnostic, edits))
            taken += edits
    return chosen


def applied(source: Source, edits: Iterable[Edit]) -> str:
    """The text with the edits, which must not overlap; line ends as the text has them."""
    text, first = source.text, source.starts[0]
    line_end = "\r\n" if "\r\n" in text else "\n"
    for edit in sorted(edits, key=lambda each: each.span.start, reverse=True):
        start, end = max(edit.span.start, first), max(edit.span.end, first)
        new = edit.replacement.replace("\r\n", "\n").replace("\n", line_end)
        text = text[:start] + new + text[end:]
    return text


def _harmless(
    source: Source, said: Iterable[Diagnostic], chosen: list[Choice], check: Check
) -> list[Choice]:
    """The choices without those that make errors which were not there. Each is tried by leaving it
    out of the rest, as edits may need one another: those of a name's uses that of its declaration.
    """
    before = _errors(said)

    def new(some: list[Choice]) -> int:
        after = _errors(check(Source(source.name, _after(source, some))))
        return (after - before).total()

    worst = new(chosen) if chosen else 0
    for choice in chosen if worst else ():
        others = [each for each in chosen if each is not choice]
        if (count := new(others)) < worst:
            chosen, worst = others, count
        if not worst:
            return chosen
    return [] if worst else chosen


def _errors(said: Iterable[Diagnostic]) -> Counter[str]:
    return Counter(each.code for each in said if each.severity == "error")


def _after(source: Source, chosen: Iterable[Choice]) -> str:
    return applied(source, [edit for _, edits in chosen for edit in edits])


def _touch(one: Edit, other: Edit) -> bool:
    """Whether two edits overlap, or meet in a point where one of them inserts."""
    first, second = sorted((one.span, other.span), key=lambda span: (span.start, span.end))
    if first.end == second.start:
        return first.start == first.end or second.start == second.end
    return second.start < first.end


def _report(diagnostic: Diagnostic, edits: Sequence[Edit]) -> str:
    span = edits[0].span
    changes = ", ".join(_changes(edits))
    return f"fixed {diagnostic.code} at {span.file}:{span.line}:{span.column}: {changes}"


def _changes(edits: Iterable[Edit]) -> Iterator[str]:
    for edit in edits:
        old, new = edit.span.text.strip(), edit.replacement.strip()
        if not old:
            yield f"inserted `{new}`"
        else:
            yield f"`{old}` is now `{new}`" if new else f"removed `{old}`"
