"""A limit of memory: the plan of the objective where it fits, else the one that needs least."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from tnc.diagnostics import Help, Report
from tnc.driver.options import Built, Options
from tnc.ir.layer import Layer

UNITS = {"": 1, "k": 1000, "M": 1000**2, "G": 1000**3, "T": 1000**4}
UNITS |= {"Ki": 1024, "Mi": 1024**2, "Gi": 1024**3, "Ti": 1024**4}
AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kKMGT]?i?)B?")


def amount(text: str) -> int:
    """Bytes: `2GiB`, `500 MB`, `1000000`. Errors: ValueError says what is expected."""
    found = AMOUNT.fullmatch(text.strip())
    unit = found[2].replace("K", "k") if found else ""
    unit = "Ki" if unit == "ki" else unit
    if found is None or unit not in UNITS:
        raise ValueError(f"`{text}` is no amount of memory: write 2GiB, 500MB or a number of bytes")
    return int(float(found[1]) * UNITS[unit])


Build = Callable[[Sequence[Layer], Options], tuple[Built, ...]]


def within_limit(
    wanted: Sequence[Layer], options: Options, build: Build, report: Report
) -> tuple[Built, ...]:
    """What `build` makes of the layers; those inside count. E0501, in `report`, for each that does
    not fit even when it is planned for least memory."""
    built = build(wanted, options)
    limit = options.memory_limit
    if limit is None or not _over(built[-len(wanted) :], limit):
        return built
    least = build(wanted, replace(options, objective="memory"))
    for one in _over(least[-len(wanted) :], limit):
        sizes = ", ".join(f"{name} = {size}" for name, size in one.plan.binding)
        report.error(
            "E0501",
            f"no plan of `{one.layer.name}` needs at most {limit:,} bytes",
            one.layer.origin,
            f"the smallest that was found needs {one.plan.peak_bytes:,}",
            notes=(f"forward and backward together, for {sizes}",) if sizes else (),
            help=(Help("raise the limit, or plan for smaller sizes with `--bind`"),),
        )
    return least


def _over(built: Sequence[Built], limit: int) -> list[Built]:
    return [one for one in built if one.plan.peak_bytes > limit]
