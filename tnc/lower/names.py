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

    def take(self, wish: str) -> str:
        """`wish` itself if it is free, else `wish2`, `wish3`, …"""
        name, count = wish, 1
        while name in self._taken:
            count += 1
            name = f"{wish}{count}" if not wish[-1].isdigit() else f"{wish}_{count}"
        self._taken.add(name)
        return name

    def letter(self) -> str:
        """The next short name: `u`, `v`, `z`, … `u2`, …"""
        for round_ in range(1, len(self._taken) + 2):
            for letter in LETTERS:
                name = letter if round_ == 1 else f"{letter}{round_}"
                if name not in self._taken:
                    return self.take(name)
        raise AssertionError("more names taken than there are")

    def release(self, name: str) -> None:
        """A reserved name is about to be taken."""
        self._taken.discard(name)

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
