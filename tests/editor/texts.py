"""Every `.tnn` text of the repository."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("tnc/std", "examples", "tests/programs", "tests/distributed")
PATHS = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.tnn"))


def name(path: Path) -> str:
    """A path as a test is called after it."""
    return path.relative_to(ROOT).with_suffix("").as_posix()
