"""What was probably meant by a name that does not exist."""

from collections.abc import Iterable

from tnc.diagnostics.diagnostic import Edit, Help
from tnc.diagnostics.span import Span


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate fewest edits away from `name`, if that is at most a third of its length.

    Edits are insertions, deletions, replacements and swaps of neighbours; one is always allowed.
    Of equally near candidates the alphabetically first is taken, so the order given is immaterial.
    """
    allowed = max(1, len(name) // 3)
    ranked = sorted((distance(name, each), each) for each in set(candidates) if each != name)
    # Something must be left of the name: `x` is one edit away from `y` too.
    useful = [each for n, each in ranked if n <= allowed and n < max(len(name), len(each))]
    return useful[0] if useful else None


def did_you_mean(span: Span, candidates: Iterable[str]) -> tuple[Help, ...]:
    """The suggestion, if there is one, to replace the name written at `span`."""
    found = nearest(span.text, candidates)
    return (Help(f"did you mean `{found}`?", (Edit(span, found),)),) if found else ()


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
