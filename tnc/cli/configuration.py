"""What holds where no flag says otherwise: `TNC_*` in the environment, then `tnc.toml`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path

from tnc.cli.exits import usage
from tnc.diagnostics.render import FORMATS
from tnc.record import record

FILE = "tnc.toml"

CHOICES: dict[str, tuple[str, ...]] = {
    "format": FORMATS,
    "deny": ("warnings",),
    "objective": ("time", "macs", "memory"),
    "backward": ("derived", "autograd", "auto"),
}
SETTINGS = (*CHOICES, "profile", "bind")
"""What can be set. In the environment `TNC_OBJECTIVE`, in the file `objective = "macs"`."""


@record
class Configuration:
    """The nearest `tnc.toml`, if there is one, below the environment."""

    environment: Mapping[str, str]
    path: Path | None = None
    entries: Mapping[str, tuple[int, object]] = field(default_factory=dict)
    """What the file sets, with its lines."""

    def choice(self, name: str, flag: str | None, default: str) -> str:
        """The flag, or what is configured, which must be one of the choices."""
        if flag is not None:
            return flag
        place, value = self._configured(name)
        if value is None:
            return default
        if value not in CHOICES[name]:
            raise usage(f"{place} is `{value}`; it can be {', '.join(CHOICES[name])}")
        return value

    def profile(self, flag: str | None, default: str) -> str:
        """A built-in profile or a file, which in `tnc.toml` is relative to that."""
        if flag is not None:
            return flag
        place, value = self._configured("profile")
        if value is None:
            return default
        beside = (self.path or Path()).parent / value
        return str(beside) if place.startswith("`profile`") and beside.is_file() else value

    def binding(self, flags: Sequence[str]) -> list[tuple[str, str]]:
        """Everything that binds sizes, each with its place; what counts most comes last."""
        place, table = self._entry("bind")
        if isinstance(table, dict):
            table = ",".join(f"{mode}={size}" for mode, size in table.items())
        if not isinstance(table, str | None):
            raise usage(f'{place} must be a table of sizes, or a text like "n=128"')
        below = [(place, table), ("`TNC_BIND`", self.environment.get("TNC_BIND"))]
        return [
            *((place, text) for place, text in below if text),
            *((f"`--bind {text}`", text) for text in flags),
        ]

    def _configured(self, name: str) -> tuple[str, str | None]:
        """Where a setting stands, as a message names it, and its value."""
        variable = f"TNC_{name.upper()}"
        if value := self.environment.get(variable):
            return f"`{variable}`", value
        place, entry = self._entry(name)
        if entry is not None and not isinstance(entry, str):
            raise usage(f"{place} must be a text")
        return place, entry

    def _entry(self, name: str) -> tuple[str, object]:
        line, value = self.entries.get(name, (0, None))
        return f"`{name}` in {self.path}:{line}", value


def configured() -> Configuration:
    """The configuration for commands that start in the current folder."""
    here = Path.cwd()
    found = (folder / FILE for folder in (here, *here.parents))
    # unlike `Path.is_file`, this passes over folders that may not be looked into
    path = next((path for path in found if os.path.isfile(path)), None)  # noqa: PTH113
    if path is None:
        return Configuration(os.environ)
    from tnc.cli import presets

    return Configuration(os.environ, path, presets.entries(path, SETTINGS))
