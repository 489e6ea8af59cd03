"""Where a builder's calls are written, and diagnostics that point there.

The builder compiles its `.tnn` text. Each statement of it comes from one call in Python, so what is
said about the text is said about that call, beside the statement that it wrote.
"""

from __future__ import annotations

import linecache
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType

from tnc.api.files import INLINE
from tnc.diagnostics import Diagnostic, Help, Label, Report, Source, Span
from tnc.record import record

OWN = str(Path(__file__).parent)


@record
class Written:
    """For each line of a builder's text the call that wrote it, and all that this call wrote."""

    lines: Sequence[tuple[Span, str]]

    def located(self, said: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
        """What is said about the text, said about the calls; edits would be edits of the text, so
        only their words stay."""
        report = Report()
        report.add(*map(self._located, said))
        return report.diagnostics

    def _located(self, said: Diagnostic) -> Diagnostic:
        if said.span.file != INLINE:
            return said
        labels: dict[Span, Label] = {}
        for label in said.labels:
            span = self._line(label.span)[0] if label.span.file == INLINE else label.span
            before = labels.setdefault(span, replace(label, span=span))
            words = dict.fromkeys(filter(None, (before.text, label.text)))
            labels[span] = replace(before, text="; ".join(words))
        note = f"this writes `{self._line(said.span)[1]}`"
        return replace(
            said,
            labels=tuple(labels.values()),
            notes=(*said.notes, note),
            help=tuple(Help(each.message) for each in said.help),
        )

    def _line(self, span: Span) -> tuple[Span, str]:
        return self.lines[min(span.line, len(self.lines)) - 1]


def caller() -> Span:
    """The call outside of this package from which the builder is called."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(OWN):
        frame = frame.f_back
    assert frame is not None
    first, last, start, end = _position(frame.f_code, frame.f_lasti, frame.f_lineno)
    source = _source(frame.f_code.co_filename, last)
    return source.span(_offset(source, first, start), _offset(source, last, end))


def _position(code: CodeType, at: int, line: int) -> tuple[int, int, int, int]:
    """First and last line of an instruction, and its bytes on these; Python may not know more than
    the line (`-X no_debug_ranges`)."""
    first, last, start, end = next(islice(code.co_positions(), at // 2, None), (None,) * 4)
    if first is None or last is None or start is None or end is None:
        return line, line, 0, 0
    return first, last, start, end


@cache
def _source(file: str, last: int) -> Source:
    """The Python text; where nobody has it, empty lines, so that the number is right."""
    lines = linecache.getlines(file)
    text = "".join(lines) if len(lines) >= last else "\n" * last
    return Source(_shown(file), text)


def _shown(file: str) -> str:
    """The path from the current folder, if it lies below."""
    try:
        relative = os.path.relpath(file)
    except (OSError, ValueError):  # no folder, or another disk
        return file
    inside = Path(file).is_file() and not relative.startswith("..")
    return relative if inside else file


def _offset(source: Source, line: int, at: int) -> int:
    """From a line and bytes to an offset."""
    before = source.line(line).encode()[:at].decode(errors="ignore")
    return source.starts[line - 1] + len(before)
