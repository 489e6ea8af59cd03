"""From the words on the command line to `.tnn` texts.

A word is a file, a folder, `-`, or a module of the standard library: `std.nets`, or `std` for all
of them.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tnc.cli.exits import Exit, Stop, reason, unreadable
from tnc.diagnostics import Source, nearest
from tnc.record import record

if TYPE_CHECKING:
    from tnc.driver.front import Unit

STDIN = "-"
SUFFIX = ".tnn"
STANDARD = re.compile(r"std(\.\w+)?")
LAYER = re.compile(r"[^\W\d]\w*")


@record
class Target:
    """`FILE` or `FILE:LAYER`; the file may be a module of the standard library."""

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
    from tnc.driver import imports

    with _readable(name):
        return _standard_input(imports.ENCODING) if name == STDIN else imports.read(name)


def unit(name: str) -> Unit:
    """As `read`, with all that the text imports."""
    from tnc.driver import front

    if name == STDIN:
        return front.parsed(read(name))
    with _readable(name):
        return front.opened(name)


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise unreadable(name, not_a_text(error)) from None
    except IsADirectoryError:
        raise unreadable(name, "it is a directory") from None
    except FileNotFoundError as error:
        raise unreadable(name, reason(error) + _suggestion(Path(name))) from None
    except OSError as error:
        raise unreadable(name, reason(error)) from None
    except ValueError as error:  # a null character in the name
        raise unreadable(name, str(error)) from None


def expanded(words: Iterable[str]) -> tuple[str, ...]:
    """Files as given; for a folder every `.tnn` file below it, sorted, and for `std` every module
    of the standard library; each file once."""
    found: dict[str, str] = {}
    for word in words:
        for name in _below(word) if os.path.isdir(word) else _named(word):  # noqa: PTH112
            found.setdefault(name if name == STDIN else os.path.realpath(name), name)
    return tuple(found.values())


def module_name(file: str) -> str:
    """What the module that is made of a file is called: `nets` for `nets.tnn` and `std.nets`."""
    return file.rpartition(".")[2] if is_standard(file) else Path(file).stem


def is_standard(word: str) -> bool:
    """Whether a word means the standard library: `std` or `std.nets`, without a file of this
    name."""
    return STANDARD.fullmatch(word) is not None and not Path(word).exists()


def _named(word: str) -> Sequence[str]:
    from tnc.driver.imports import standard_names

    return standard_names() if word == "std" and is_standard(word) else [word]


def folders(words: Iterable[str]) -> Iterator[str]:
    """Those folders in which `expanded` looks for files."""
    for word in words:
        for place, _ in _walk(word):
            yield place


def _walk(folder: str) -> Iterator[tuple[str, list[str]]]:
    """Each folder with its files. Hidden folders, such as `.venv`, are not entered."""
    for place, inner, files in os.walk(folder):
        inner[:] = [each for each in inner if not each.startswith(".")]
        yield place, files


def _below(folder: str) -> Iterator[str]:
    try:
        os.scandir(folder).close()
    except OSError as error:
        raise unreadable(folder, reason(error)) from None
    names = []
    for place, files in _walk(folder):
        names += [os.path.join(place, each) for each in files if each.endswith(SUFFIX)]  # noqa: PTH118
    if not names:
        raise Stop(Exit.IO, f"error: there is no `{SUFFIX}` file in the folder `{folder}`")
    yield from sorted(names)


def _standard_input(encoding: str) -> Source:
    if sys.stdin is None:
        raise OSError("standard input is closed")
    return Source("<stdin>", sys.stdin.buffer.read().decode(encoding))


def not_a_text(error: UnicodeDecodeError) -> str:
    """Why bytes are no text, and where."""
    if error.object.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "it is UTF-16, not UTF-8"
    line = error.object.count(b"\n", 0, error.start) + 1
    return f"it is not UTF-8 (byte 0x{error.object[error.start]:02x} in line {line})"


def _suggestion(path: Path) -> str:
    if STANDARD.fullmatch(str(path)):
        from tnc.driver.imports import standard_names

        names = standard_names()
        near = nearest(str(path), names)
        return f"; did you mean `{near}`?" if near else f"; there are {', '.join(names)}"
    if not path.parent.is_dir():
        return ""
    close = nearest(path.name, (each.name for each in path.parent.glob(f"*{SUFFIX}")))
    return f"; did you mean `{path.with_name(close)}`?" if close else ""
