"""Device profiles by name: built in, or measured and kept in a JSON file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tnc.plan.cache import user_folder
from tnc.plan.profile import BUILT_IN, KINDS, SCHEMA, Profile, Rate

MACHINE = "machine"
"""The name of the profile that was measured on this machine."""


def machine_file() -> Path | None:
    """Where that profile lies; None without a home."""
    folder = user_folder()
    return folder and folder.parent / f"{MACHINE}.json"


def profile_named(name: str) -> Profile:
    """The profile `cpu` or `cuda`, that of this `machine`, or that in the file `name`.

    Errors: ValueError says what is wrong with the name or the file; OSError if it cannot be read.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    place = machine_file() if name == MACHINE else None
    if name == MACHINE and (place is None or not place.is_file()):
        raise ValueError(f"no profile `{MACHINE}` yet: `tnc calibrate` measures this machine")
    path = place or Path(name)
    if path.suffix != ".json":
        known = ", ".join(f"`{each}`" for each in BUILT_IN)
        raise ValueError(
            f"no profile `{name}`: there are {known}, `{MACHINE}`, or the path of a .json file"
        )
    try:
        return _read(json.loads(path.read_text(encoding="utf-8")))
    except KeyError as error:
        raise ValueError(f"{path} is not a device profile: it has no {error}") from error
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a device profile: {error}") from error


def _read(record: Any) -> Profile:
    if record["schema"] != SCHEMA:
        raise ValueError(f"its schema is {record['schema']!r}, not {SCHEMA!r}: calibrate anew")
    rates = {
        kind: Rate(**{name: int(rate) for name, rate in record["rates"][kind].items()})
        for kind in KINDS
    }
    least = min(min(rate.flops, rate.bandwidth) for rate in rates.values())
    routine = int(record["routine"])
    if least <= 0 or min(routine, *(rate.launch for rate in rates.values())) < 0:
        raise ValueError("rates must be positive")
    return Profile(str(record["name"]), tuple(rates.items()), routine)
