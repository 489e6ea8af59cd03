"""Names of variables: from the `.tnn` where it has one, short and unique elsewhere."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable

LETTERS = "uvzpqabcdefgkmwxyrst"
RESERVED = frozenset({"torch", "math", "self", "ctx", "needs", "saved"})


def safe(name: str) -> str:
    """A Python identifier: `h'` becomes `h_out`, `h''` becomes `h_out2`."""
    stem = name.rstrip("'")
    primes = len(name) - len(stem)
    if primes:
        stem += "_out" if primes == 1 else f"_out{primes}"
    stem = "batch" if stem == "..." else re.sub(r"\W+", "_", stem).strip("_") or "size"
    if stem[0].isdigit() or keyword.iskeyword(stem):
        stem = f"_{stem}" if stem[0].isdigit() else f"{stem}_"
    return stem


class Names:
    """Gives out each name once."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(RESERVED) | set(taken)
        self._tried: dict[str, int] = {}

    def take(self, wish: str) -> str:
        """`wish` itself if it is free, else `wish2`, `wish3`, …"""
        count = self._tried.get(wish, 1)  # what was taken stays so, unless it is released
        while (name := _counted(wish, count)) in self._taken:
            count += 1
        self._tried[wish] = count
        self._taken.add(name)
        return name

    def letter(self) -> str:
        """The next short name: `u`, `v`, `z`, … `u2`, …"""
        at = self._tried.get("", 0)
        while (name := _short(at)) in self._taken:
            at += 1
        self._tried[""] = at
        return self.take(name)

    def release(self, name: str) -> None:
        """A reserved name is about to be taken."""
        self._taken.discard(name)
        self._tried.clear()

    def local(self, wish: str, beside: set[str]) -> str:
        """A name that is free here and not in `beside`, where it is noted: it may be given again
        elsewhere."""
        name, count = wish, 1
        while name in self._taken or name in beside:
            count += 1
            name = f"{wish}{count}"
        beside.add(name)
        return name

    def fork(self) -> Names:
        """The same names taken; what is taken later is not shared."""
        return Names(self._taken)


def _counted(wish: str, count: int) -> str:
    if count == 1:
        return wish
    return f"{wish}{count}" if not wish[-1].isdigit() else f"{wish}_{count}"


def _short(at: int) -> str:
    round_, letter = divmod(at, len(LETTERS))
    return f"{LETTERS[letter]}{round_ + 1}" if round_ else LETTERS[letter]
