"""What was measured, where and when, in a file beside this one."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import torch

FILE = Path(__file__).parent / "results.json"
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Section:
    """Rows of one kind, which were measured together."""

    machine: str
    day: str
    rows: tuple[Row, ...]

    @property
    def origin(self) -> str:
        """Where and when, as it is written below a table."""
        return f"{self.machine}, {self.day}"


@dataclass(slots=True)
class Results:
    """Sections by name: `training`, `inference`, `families`, `overhead`, `rates`, `network`."""

    sections: dict[str, Section] = field(default_factory=dict)

    def add(self, name: str, rows: Iterable[Row]) -> None:
        """A section that was measured here, today."""
        self.sections[name] = Section(machine(), date.today().isoformat(), tuple(rows))

    def rows(self, name: str) -> tuple[Row, ...]:
        """The rows of a section; none where it was not measured."""
        return self.sections[name].rows if name in self.sections else ()

    def save(self, path: Path = FILE) -> None:
        """Write everything, one row a line."""
        parts = []
        for name, section in sorted(self.sections.items()):
            rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in section.rows)
            head = f"{json.dumps(name)}: {{\n"
            head += f'"machine": {json.dumps(section.machine)}, "day": {json.dumps(section.day)},\n'
            parts.append(f'{head}"rows": [\n{rows}\n]}}')
        path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")

    @staticmethod
    def load(path: Path = FILE) -> Results:
        """What was saved; nothing where there is no such file."""
        if not path.exists():
            return Results()
        found = json.loads(path.read_text(encoding="utf-8"))
        return Results(
            {
                name: Section(each["machine"], each["day"], tuple(each["rows"]))
                for name, each in found.items()
            }
        )


def machine() -> str:
    """Processor, cores, and PyTorch of this machine."""
    return f"{_processor()}, {os.cpu_count()} cores, PyTorch {torch.__version__}"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
