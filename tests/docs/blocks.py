"""The fenced blocks of a page of the documentation, and what the page says about them.

    ```tnn title="low_rank.tnn"      a program, and the file that it is in
    ```tnn                           without `tnn 1`: goes on from the program before it
    ```python                        runs, after the Python blocks before it
    ```python title="low_rank.py"    a stretch of a file that was written before
    ```text                          right after Python: what it prints
    ```console                       `$ tnc …` and what it prints, perhaps through `| grep …`
    ```sh                            is not run, but its `tnc` commands have to be ones

The line before a block may say that the program is refused, or why nothing is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGES = (
    *("README.md", "CONTRIBUTING.md", "examples/README.md"),
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")),
)

FENCE = re.compile(r"^( *)(```+)(.*)$")
NOT_RUN = re.compile(r"^\*Not run by the tests: .{10,}\*$")
REFUSED = re.compile(r"^Refused(?: by `(?P<command>[^`]+)`)?:")
BESIDE = re.compile(r" in `(?P<name>\w+\.tnn)`:$")
SCRIPT = re.compile(r" in `(?P<name>\w+\.py)`:$")
TITLE = re.compile(r'title="(?P<name>[^"]+)"')


@dataclass(frozen=True)
class Block:
    """`line` is where the text begins, from 1; `before` the last line above that is not empty,
    `previous` the block that ends there, if one does."""

    page: str
    line: int
    info: str
    text: str
    before: str
    previous: Block | None

    @property
    def language(self) -> str:
        return self.info.split(" ")[0]

    @property
    def name(self) -> str | None:
        """The file that the text is in."""
        found = TITLE.search(self.info) or BESIDE.search(self.before)
        return found["name"] if found else None

    @property
    def script(self) -> str | None:
        """The file that lines of Python are in, besides being run, for the commands below."""
        found = SCRIPT.search(self.before)
        return found["name"] if found else None

    @property
    def refused(self) -> str | None:
        """The command that refuses the program."""
        found = REFUSED.match(self.before)
        return (found["command"] or "tnc check program.tnn") if found else None

    @property
    def beside(self) -> bool:
        """Whether it belongs to the program after it."""
        return BESIDE.search(self.before) is not None

    @property
    def runs(self) -> bool:
        return NOT_RUN.match(self.before) is None

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: str, text: str | None = None) -> Iterator[Block]:
    """Every fenced block, in order."""
    lines = ((ROOT / page).read_text(encoding="utf-8") if text is None else text).split("\n")
    opened: tuple[int, str, str, str] | None = None
    before, previous = "", None
    for number, line in enumerate(lines, 1):
        found = FENCE.match(line)
        if opened is None and found:
            opened = number, found[1], found[2], found[3].strip()
        elif opened is None:
            before, previous = (line, None) if line.strip() else (before, previous)
        elif found and found[2] == opened[2] and not found[3].strip():
            start, indent, _, info = opened
            inside = "".join(f"{each.removeprefix(indent)}\n" for each in lines[start : number - 1])
            previous = Block(page, start + 1, info, inside, before, previous)
            yield previous
            before, opened = "", None
    if opened is not None:
        raise ValueError(f"{page}:{opened[0]} is never closed")


def programs(page: str) -> Iterator[tuple[Block, str]]:
    """Every block of the language, with the whole program that it stands for."""
    whole = ""
    for block in blocks(page):
        if block.language == "tnn":
            alone = block.text.startswith("tnn ") or block.refused
            whole = block.text if alone else f"{whole}\n{block.text}"
            yield block, whole
