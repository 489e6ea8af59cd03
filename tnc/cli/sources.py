"""From the words on the command line to `.tnn` texts."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tnc.cli.exits import Exit, Stop, reason, unreadable
from tnc.diagnostics import Source, nearest

STDIN = "-"
SUFFIX = ".tnn"
LAYER = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True, slots=True)
class Target:
    """`FILE` or `FILE:LAYER`."""

    file: str
    layer: str | None


def target(word: str) -> Target:
    """Split at the last colon, if a layer's name follows and the whole is not itself a file."""
    file, _, layer = word.rpartition(":")
    if file and LAYER.fullmatch(layer) and not os.path.exists(word):  # noqa: PTH110
        return Target(file, layer)
    return Target(word, None)


def read(name: str) -> Source:
    """The text of a file, or of stdin for `-`. Stop says in a line why there is none."""
    from tnc.driver import front

    try:
        return _standard_input(front.ENCODING) if name == STDIN else front.read(name)
    except UnicodeDecodeError as error:
        raise unreadable(name, _not_a_text(error)) from None
    except IsADirectoryError:
        raise unreadable(name, "it is a directory") from None
    except FileNotFoundError as error:
        raise unreadable(name, reason(error) + _suggestion(Path(name))) from None
    except OSError as error:
        raise unreadable(name, reason(error)) from None
    except ValueError as error:  # a null character in the name
        raise unreadable(name, str(error)) from None


def expanded(words: Iterable[str]) -> tuple[str, ...]:
    """Files as given, and for a folder every `.tnn` file below it, sorted; each file once."""
    found: dict[str, str] = {}
    for word in words:
        for name in _below(word) if Path(word).is_dir() else (word,):
            found.setdefault(name if name == STDIN else os.path.realpath(name), name)
    return tuple(found.values())


def _below(folder: str) -> Iterator[str]:
    """Hidden folders, such as `.venv`, are not entered."""
    names = []
    for place, folders, files in os.walk(folder):
        folders[:] = [each for each in folders if not each.startswith(".")]
        names += [os.path.join(place, each) for each in files if each.endswith(SUFFIX)]  # noqa: PTH118
    if not names:
        raise Stop(Exit.IO, f"error: there is no `{SUFFIX}` file in the folder `{folder}`")
    yield from sorted(names)


def _standard_input(encoding: str) -> Source:
    if sys.stdin is None:
        raise OSError("standard input is closed")
    return Source("<stdin>", sys.stdin.buffer.read().decode(encoding))


def _not_a_text(error: UnicodeDecodeError) -> str:
    if error.object.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "it is UTF-16, not UTF-8"
    line = error.object.count(b"\n", 0, error.start) + 1
    return f"it is not UTF-8 (byte 0x{error.object[error.start]:02x} in line {line})"


def _suggestion(path: Path) -> str:
    if not path.parent.is_dir():
        return ""
    close = nearest(path.name, (each.name for each in path.parent.glob(f"*{SUFFIX}")))
    return f"; did you mean `{path.with_name(close)}`?" if close else ""
