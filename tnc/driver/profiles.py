"""Device profiles by name: built in, or measured and kept in a JSON file."""

from __future__ import annotations

import json
from pathlib import Path

from tnc.plan.profile import BUILT_IN, Profile


def profile_named(name: str) -> Profile:
    """The profile `cpu` or `cuda`, or that in the file `name`.

    Errors: ValueError says what is wrong with the name or the file; OSError if it cannot be read.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    path = Path(name)
    if path.suffix != ".json":
        known = ", ".join(f"`{each}`" for each in BUILT_IN)
        raise ValueError(f"no profile `{name}`: there are {known}, or the path of a .json file")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        rates = {kind: int(record["flops"][kind]) for kind, _ in BUILT_IN["cpu"].flops}
        bandwidth, launch = int(record["bandwidth"]), int(record["launch"])
        if min(*rates.values(), bandwidth) <= 0 or launch < 0:
            raise ValueError("rates must be positive")
        return Profile(str(record["name"]), tuple(rates.items()), bandwidth, launch)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{name} is not a device profile: {error!r}") from error
