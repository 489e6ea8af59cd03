"""What was probably meant by a name that does not exist."""

from collections.abc import Iterable

from tnc.diagnostics.diagnostic import Edit, Help
from tnc.diagnostics.span import Span

SHOWN = 5

SHORTEST = 3
"""Letters of a name that is suggested because another begins with it."""


def closest(name: str, candidates: Iterable[str]) -> tuple[str, ...]:
    """The candidates fewest edits away from `name`, if that is at most a third of its length.

    Edits are insertions, deletions, replacements and swaps of neighbours; one is always allowed.
    Where names differ in nothing but case, these are all that is found; where none is near, those
    that go on like `name`, or end sooner.
    """
    others = sorted({*candidates} - {name})
    if cased := tuple(each for each in others if each.casefold() == name.casefold()):
        return cased
    steps = {each: distance(name, each) for each in others}
    allowed = max(1, len(name) // 3)
    # Something must be left of the name: `x` is one edit away from `y` too.
    useful = [each for each, n in steps.items() if n <= allowed and n < max(len(name), len(each))]
    fewest = min((steps[each] for each in useful), default=0)
    near = tuple(each for each in useful if steps[each] == fewest)
    return near or tuple(each for each in others if _begins(each, name) or _begins(name, each))


def _begins(short: str, long: str) -> bool:
    """Whether one name, of more than a letter or two, is the beginning of the other."""
    return len(short) >= SHORTEST and long.startswith(short)


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The closest candidate, to be read by a person: of several the alphabetically first."""
    return next(iter(closest(name, candidates)), None)


def did_you_mean(span: Span, candidates: Iterable[str], name: str = "") -> tuple[Help, ...]:
    """The suggestion, if there is one, to replace what is written at `span`: a name, or what has
    one for its value. It can be applied where a single candidate is closest."""
    found = closest(name or span.text, candidates)
    if not found:
        return ()
    edits = (Edit(span, found[0]),) if len(found) == 1 else ()
    *some, last = (f"`{each}`" for each in found[:SHOWN])
    return (Help(f"did you mean {', '.join(some)}{' or ' if some else ''}{last}?", edits),)


def distance(one: str, other: str) -> int:
    """Edits between two words (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        older, before, row = before, row, [i]
        for j, wanted in enumerate(other, start=1):
            steps = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                steps = min(steps, older[j - 2] + 1)
            row.append(steps)
    return row[-1]
