"""How a command ends."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes."""

    OK = 0
    REFUSED = 1  # diagnostics, or a failed check
    USAGE = 2
    IO = 3
    LIMIT = 4  # a limit cannot be met
    INTERNAL = 70
    INTERRUPTED = 130


class Stop(Exception):
    """End the command with `code`; the message is for stderr, as it stands."""

    def __init__(self, code: Exit, message: str) -> None:
        self.code = code
        super().__init__(message)


def usage(message: str) -> Stop:
    """The command line, the environment or `tnc.toml` asks for something that makes no sense."""
    return Stop(Exit.USAGE, f"error: {message}")


def unreadable(name: str, why: str) -> Stop:
    """An input cannot be read."""
    return Stop(Exit.IO, f"error: cannot read `{name}`: {why}")


def unwritable(name: str, why: str) -> Stop:
    """An output cannot be written."""
    return Stop(Exit.IO, f"error[E0502]: cannot write `{name}`: {why}")


def reason(error: OSError) -> str:
    """What the system says, in the style of a diagnostic: `no such file or directory`."""
    words = error.strerror or str(error) or type(error).__name__
    return words[:1].lower() + words[1:]
