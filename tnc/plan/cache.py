"""Orders that were searched for before, as JSON files in the user's cache folder.

A file is trusted only as far as it can be checked: whatever is missing, unreadable or does not
fit the network is searched for anew, and a folder that cannot be written to is no error.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path

from tnc.plan.cost import Costs
from tnc.plan.network import Tree

SCHEMA = "tnc.order/1"


def user_folder() -> Path | None:
    """`$XDG_CACHE_HOME/tnc/plans`, or in `~/.cache`; None without a home."""
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base) / "tnc" / "plans"
    try:
        return Path.home() / ".cache" / "tnc" / "plans"
    except RuntimeError:
        return None


def key(costs: Costs, version: int) -> str:
    """SHA-256 of all that an order depends on: network, sizes, gradients, objective, profile,
    version of the planner. Names of tensors and modes are not among it."""
    network, measure = costs.network, costs.measure
    relations = [
        {
            "legs": [axis.partial[1 << k] for k in range(len(axis.carriers))],
            "partial": axis.partial,
            "carriers": axis.carriers,
            "kept": axis.kept,
        }
        for axis in network.axes
    ]
    text = json.dumps(
        {
            "planner": version,
            "operands": network.operands,
            "sizes": costs.sizes,
            "kept": network.kept,
            "relations": relations,
            "data": network.data,
            "gradients": network.wanted if measure.training else 0,
            "folded": measure.folded,
            "objective": measure.objective,
            "element": measure.element,
            "profile": measure.profile.as_json(),
        },
        sort_keys=True,
    )
    return hashlib.sha256(text.encode()).hexdigest()


def load(folder: Path, name: str, costs: Costs) -> Tree | None:
    """The stored order; None unless it is one of this network, at the cost that was stored."""
    try:
        stored = json.loads((folder / f"{name}.json").read_bytes())
        tree = order(stored["order"], costs)
        if stored["schema"] != SCHEMA or tree is None:
            return None
        cost = costs.total(tree)
        return tree if cost is not None and list(cost) == stored["cost"] else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def store(folder: Path, name: str, costs: Costs, tree: Tree) -> None:
    """Keep an order, if the folder can be written to."""
    write(folder, name, {"schema": SCHEMA, "order": tree, "cost": costs.total(tree)})


def write(folder: Path, name: str, record: object) -> None:
    """Write a file of the cache whole or not at all; not at all where the folder is not
    writable."""
    text = json.dumps(record)
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text + "\n")
            Path(temporary).replace(folder / f"{name}.json")
        except OSError:
            Path(temporary).unlink(missing_ok=True)


def leaves(tree: Tree) -> list[int]:
    """The operands of an order, from left to right."""
    return [tree] if isinstance(tree, int) else [*leaves(tree[0]), *leaves(tree[1])]


def order(stored: object, costs: Costs) -> Tree | None:
    """A stored order, if it is one of this network with primitive steps. Errors: ValueError."""
    tree = _tree(stored)
    if sorted(leaves(tree)) != list(range(len(costs.network.operands))):
        return None
    return None if costs.total(tree) is None else tree


def _tree(stored: object) -> Tree:
    match stored:
        case bool():
            raise ValueError("not an order")
        case int():
            return stored
        case [one, two]:
            return _tree(one), _tree(two)
    raise ValueError("not an order")
