"""`tnc`: find the command, run it, and turn whatever happens into an exit code."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from textwrap import fill
from typing import Protocol, cast

from tnc.cli import terminal
from tnc.cli.exits import Exit, Stop, reason, usage
from tnc.cli.interruption import Interruptions
from tnc.cli.parser import Parser, columns
from tnc.diagnostics import CompileError, nearest
from tnc.version import VERSION

PATIENCE = (100_000, 50, 50)
"""How seldom cycles are looked for. A tree has many objects that live as long as the command: to go
through them every 700 took half of the time for long files."""

LIMITS = {"E0501"}
"""Diagnostics which say that a limit cannot be met."""


class Command(Protocol):
    """A module of this package: one command."""

    SUMMARY: str
    DESCRIPTION: str
    EPILOG: str

    def add(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Run it; the exit code."""


COMMANDS = {
    name: f"tnc.cli.{name}"
    for name in (
        *("new", "check", "fmt", "compile", "plan", "graph"),
        *("compress", "expand", "bench", "calibrate", "test", "explain", "completion", "lsp"),
    )
}
"""The module of each command. Only the one that is run is imported."""

USAGE = "tnc [-h] [--version] COMMAND ..."
DESCRIPTION = "A symbolic compiler for tensorised neural networks."
EPILOG = """\
examples:
  tnc new conv.tnn --family CP                    a file to start from
  tnc check conv.tnn                              what is wrong with it
  tnc compile conv.tnn:Conv --set S=64,T=64       writes conv.py
  tnc completion bash >>~/.bashrc                 Tab completes commands, files and layers

`tnc COMMAND --help` shows the options of a command, with examples.

exit codes:
  0 ok, 1 diagnostics or a failed check, 2 wrong usage, 3 input or output failed,
  4 a limit cannot be met, 70 internal error, 130 interrupted

environment:
  TNC_OBJECTIVE, TNC_PROFILE, TNC_BACKWARD, TNC_FORMAT, TNC_DENY, TNC_BIND
                    what holds where no flag says otherwise; below them come the keys of the
                    nearest tnc.toml (objective = "macs")
  TNC_PATH          further folders in which imports are looked up
  NO_COLOR          no colours
  TNC_DEBUG         print the traceback of an internal error
  XDG_CACHE_HOME    where the cache is (default: ~/.cache)"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run `tnc` with these arguments (default: the process's own); return the exit code."""
    words = sys.argv[1:] if argv is None else list(argv)
    interruptions = Interruptions()
    if argv is None:  # a process of our own
        gc.set_threshold(*PATIENCE)
        interruptions.listen()
    try:
        code = _run(words)
    except SystemExit as stop:  # argparse: --help, --version, wrong usage
        code = stop.code if isinstance(stop.code, int) else Exit.OK
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last resort: E0901, and no traceback
        code = Exit.INTERRUPTED if interruptions else _failed(error, words)
    if code == Exit.INTERRUPTED:
        terminal.tell("interrupted")
    return int(terminal.finish(code))


def command(name: str) -> Command:
    """The command of this name."""
    return cast(Command, import_module(COMMANDS[name]))


def parser(names: Iterable[str] = tuple(COMMANDS)) -> Parser:
    """The parser of a command line with these commands."""
    found = {name: command(name) for name in names}
    whole = Parser("tnc", description=DESCRIPTION, epilog=EPILOG, usage=USAGE)
    whole.add_argument("--version", action="version", version=f"tnc {VERSION}")
    commands = whole.add_subparsers(
        dest="command",
        prog="tnc",
        title="commands",
        description="\n".join(_listed(name, each.SUMMARY) for name, each in found.items()),
        help=argparse.SUPPRESS,  # a list by argparse would be out of line where names are long
    )
    for name, each in found.items():
        each.add(commands.add_parser(name, description=each.DESCRIPTION, epilog=each.EPILOG))
    return whole


def _listed(name: str, about: str) -> str:
    """A line of the help, or several."""
    blank = max(map(len, COMMANDS)) + 2
    return fill(f"{name:<{blank}}{about}", columns(), subsequent_indent=" " * blank)


def _run(words: list[str]) -> int:
    if words and not words[0].startswith("-") and words[0] not in COMMANDS:
        close = nearest(words[0], COMMANDS)
        hint = f"did you mean `{close}`?" if close else f"there are {', '.join(COMMANDS)}"
        raise usage(f"`{words[0]}` is no command; {hint}")
    if any("\0" in word for word in words):  # no shell passes one on, but Python may
        raise usage("null character in an argument")
    whole = parser(words[:1] if words and words[0] in COMMANDS else COMMANDS)
    arguments = whole.parse_args(words)
    if arguments.command is None:
        raise Stop(Exit.USAGE, whole.format_help().rstrip())
    return command(arguments.command).run(arguments)


def _failed(error: Exception, words: Sequence[str]) -> int:
    """Say what went wrong, without a traceback."""
    match error:
        case Stop():
            terminal.tell(str(error))
            return error.code
        case CompileError():
            terminal.show(error.diagnostics)
            limit = any(each.code in LIMITS for each in error.diagnostics)
            return Exit.LIMIT if limit else Exit.REFUSED
        case BrokenPipeError():
            return Exit.OK
        case OSError():
            name = f"`{error.filename}`: " if error.filename else ""
            terminal.tell(f"error: {name}{reason(error)}")
            return Exit.IO
        case _:
            from tnc.cli import crash

            terminal.tell(crash.told(error, words))
            return Exit.INTERNAL
