"""Parsers of command lines, which know their arguments, and whose help is not too wide to read."""

from __future__ import annotations

import argparse
from shutil import get_terminal_size
from typing import Any

COLUMNS = 100
"""The width of help texts, at most."""

OPTIONS = 28
"""The column of what is said about options, at most."""


class Parser(argparse.ArgumentParser):
    """One whose `arguments` can be read by those who complete a line."""

    def __init__(self, prog: str | None = None, **texts: Any) -> None:
        self.arguments: list[argparse.Action] = []
        super().__init__(prog, formatter_class=_help, allow_abbrev=False, **texts)

    def add_argument(self, *names: str, **about: Any) -> argparse.Action:
        action = super().add_argument(*names, **about)
        self.arguments.append(action)
        return action


def columns() -> int:
    """How wide a help text is: as the terminal, but not so wide that lines are hard to read."""
    return min(get_terminal_size().columns, COLUMNS) - 2


def _help(prog: str) -> argparse.HelpFormatter:
    return argparse.RawDescriptionHelpFormatter(prog, max_help_position=OPTIONS, width=columns())
