"""Draws the screens of the documentation: what a terminal shows after a command, as SVG and PNG.

`make golden` writes the SVG files anew, and `python docs/screens/screens.py` both; for the copies
as PNG it needs cairosvg, which `pip install 'tnc[docs]'` brings.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import struct
import zlib
from collections.abc import Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from hashlib import sha256
from html import escape
from pathlib import Path
from unittest.mock import patch

from tnc.cli.main import main

HERE = Path(__file__).parent

SCREENS = {
    "error": "tnc check conv.tnn",
    "plan": "tnc plan ../../examples/01_cp_conv.tnn --set S=64,T=64 --bind n=128 --compare",
}
"""The command of each picture, as it is run in this folder."""

SIZE, WIDE, HIGH, MARGIN, BAR = 14, 8.43, 19, 18, 34
"""Of the font, of a character, of a line, around the text, and above it, in pixels."""

INK, PAPER, QUIET = "#d6deeb", "#10192b", "#7f8ea3"
COLOURS = {"31": "#ff6b6b", "32": "#7bd88f", "33": "#ffca66", "34": "#6cb6ff", "36": "#5fd7d7"}
"""What a terminal's colours look like; the keys are those of ANSI escapes."""

SCALE, HEAD = 2, 33
"""Of the copies as PNG; HEAD is where the second chunk of such a file begins."""


class Terminal(io.StringIO):
    """A stream that takes colours."""

    def isatty(self) -> bool:
        return True


def shown(command: str) -> str:
    """What a terminal shows after a command, escapes included."""
    places = {"XDG_CACHE_HOME": os.devnull, "NO_COLOR": "", "TERM": "xterm"}
    with (
        chdir(HERE),
        patch.dict(os.environ, places),
        redirect_stdout(Terminal()) as out,
        redirect_stderr(Terminal()) as err,
    ):
        main(shlex.split(command)[1:])
    return re.sub(r"\r[^\n]*?\x1b\[K", "", out.getvalue() + err.getvalue()).strip("\n")


def painted(line: str) -> Iterator[tuple[int, str, str]]:
    """The pieces of a line: column, text, and how it is drawn."""
    column, style = 0, ""
    for piece in re.split(r"(\x1b\[[\d;]*m)", line):
        if piece.startswith("\x1b"):
            style = drawn(piece[2:-1].split(";"))
            continue
        for word in re.finditer(r"\S+(?: \S+)*", piece):
            yield column + word.start(), word[0], style
        column += len(piece)


def drawn(codes: list[str]) -> str:
    """The attributes of an escape's codes."""
    found = [f'fill="{COLOURS[code]}"' for code in codes if code in COLOURS]
    return "".join(f" {each}" for each in found + ['font-weight="bold"'] * ("1" in codes))


def svg(command: str) -> str:
    """The picture of a command and what it prints."""
    lines = [f"\x1b[32m$\x1b[0m {command.replace('../../', '')}", *shown(command).split("\n")]
    columns = max(len(re.sub(r"\x1b\[[\d;]*m", "", line)) for line in lines)
    width = round(columns * WIDE + 2 * MARGIN)
    height = BAR + len(lines) * HIGH + MARGIN
    rows = [
        f'<text x="{MARGIN + column * WIDE:.1f}" y="{BAR + row * HIGH + SIZE}"{style}>'
        f"{escape(text)}</text>"
        for row, line in enumerate(lines)
        for column, text, style in painted(line)
    ]
    dots = [f'<circle cx="{MARGIN + 16 * k}" cy="16" r="5" fill="{QUIET}"/>' for k in range(3)]
    font = f'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{SIZE}"'
    size = f'width="{width}" height="{height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font} fill="{INK}">'
    paper = f'<rect {size} rx="8" fill="{PAPER}"/>'
    title = f"<title>{escape(command)}</title>"
    return "\n".join([head, title, paper, *dots, *rows, "</svg>\n"])


def png(picture: str) -> bytes:
    """The copy as PNG, which says in its first chunk of text what it is a copy of."""
    import cairosvg

    drawing: bytes = cairosvg.svg2png(bytestring=picture.encode(), scale=SCALE)
    said = b"tEXtSource\0" + source(picture).encode()
    chunk = struct.pack(">I", len(said) - 4) + said + struct.pack(">I", zlib.crc32(said))
    return drawing[:HEAD] + chunk + drawing[HEAD:]


def source(picture: str) -> str:
    """What tells one picture from another."""
    return sha256(picture.encode()).hexdigest()


if __name__ == "__main__":
    for name, command in SCREENS.items():
        picture = svg(command)
        (HERE / f"{name}.svg").write_text(picture, encoding="utf-8")
        (HERE / f"{name}.png").write_bytes(png(picture))
