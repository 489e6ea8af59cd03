"""Comments, docstrings and tables: what a generated module says about itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from inspect import cleandoc
from textwrap import wrap

from tnc.diagnostics.span import NOWHERE, Span
from tnc.emit.statement import WIDTH

# A generated module is searched for these to show that its derivative is its own code, so a
# document that mentions one is quoted with a capital.
_RESERVED = re.compile(r"einsum|tensordot|autograd\.grad|vjp|enable_grad")


def comment(margin: str, text: str) -> list[str]:
    """`# text`, wrapped between words."""
    lines: list[str] = []
    for paragraph in _safe(text).splitlines():
        words = _words(paragraph)
        line = margin + "#"
        for word in words:
            if len(line) + len(word) > WIDTH and line.strip() != "#":
                lines.append(line)
                line = margin + "#  "
            line += word
        lines.append(line.rstrip())
    return lines


def _words(paragraph: str) -> list[str]:
    """The words, each with the spaces before it."""
    return [
        f" {first}" if not k else first
        for k, first in enumerate(re.findall(r" *[^ ]+", paragraph.strip()))
    ]


def docstring(margin: str, text: str) -> list[str]:
    """A docstring; after several lines the closing quotes stand alone."""
    lines = [line.rstrip() for line in cleandoc(_safe(text).expandtabs()).splitlines()]
    body = "\n".join(lines).strip("\n").strip()
    body = body.replace("\\", "\\\\").replace('"""', "'''")
    if not body:
        return [f'{margin}"""Nothing is said about it."""']
    if body.startswith('"'):
        body = f" {body}"
    first, *rest = body.split("\n")
    if not rest:
        return [f'{margin}"""{first}{" " if first.endswith(chr(34)) else ""}"""']
    return [f'{margin}"""{first}', *(f"{margin}{line}".rstrip() for line in rest), f'{margin}"""']


def _safe(text: str) -> str:
    text = "".join(c if c == "\n" or c.isprintable() or c == "\t" else " " for c in text)
    return _RESERVED.sub(lambda found: found[0].capitalize(), text)


def place(origin: Span | None) -> str:
    """`cp_conv.tnn:13`, the file without its folders; "" for what no text stands for."""
    if origin is None or origin.source is NOWHERE.source:
        return ""
    return f"{file_name(origin.file)}:{origin.line}"


def file_name(path: str) -> str:
    """The last part of a path of whatever system."""
    return re.split(r"[\\/]", path)[-1]


def places(origins: Iterable[Span | None]) -> str:
    """Where they stand, in order: `cp_conv.tnn:11, 13`."""
    lines: dict[str, set[int]] = {}
    for origin in origins:
        if origin is not None and place(origin):
            lines.setdefault(file_name(origin.file), set()).add(origin.line)
    return "; ".join(f"{file}:{', '.join(map(str, sorted(lines[file])))}" for file in sorted(lines))


def table(rows: Sequence[Sequence[str]], width: int, right: frozenset[int]) -> list[str]:
    """Rows with aligned columns; those in `right` are set flush right, the last one is wrapped."""
    columns = list(zip(*rows, strict=True))[:-1]
    widths = [max(map(len, column)) for column in columns]
    margin = sum(widths) + 2 * len(widths)
    lines: list[str] = []
    for *cells, last in rows:
        start = "".join(
            (cell.rjust(size) if k in right else cell.ljust(size)) + "  "
            for k, (cell, size) in enumerate(zip(cells, widths, strict=True))
        )
        wrapped = wrap(last, width - margin, break_long_words=False, break_on_hyphens=False)
        lines.append((start + (wrapped or [""])[0]).rstrip())
        lines += [" " * margin + text for text in wrapped[1:]]
    return lines
