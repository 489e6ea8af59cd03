"""What was done to a model, layer by layer, and what that costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, field
from typing import Any

from tnc.compression.costs import NOTHING, Cost
from tnc.plan.text import aligned, amount, duration
from tnc.record import record

SCHEMA = "tnc.compress/1"
HEAD = ("layer", "dense", "family", "parameters", "ratio", "macs", "step", "error")
RIGHT = {3, 4, 5, 6, 7}


@record
class Row:
    """A dense layer of the model, under the names that it has there.

    `family` and `ranks` say what replaced it, "" and none where it is left alone for a `reason`.
    `parameters` and `dense_parameters` include the bias, `kernel` and `dense_kernel` do not.
    `cost` and `dense_cost`: predicted, of a call of the model. `error`: the relative error of the
    kernel, None where nothing was fitted.
    """

    names: tuple[str, ...]
    dense: str
    dense_parameters: int
    family: str = ""
    ranks: Mapping[str, int] = field(default_factory=dict)
    parameters: int = 0
    kernel: int = 0
    dense_kernel: int = 0
    cost: Cost = NOTHING
    dense_cost: Cost = NOTHING
    error: float | None = None
    tied: str = ""
    reason: str = ""

    @property
    def ratio(self) -> float:
        """Parameters of the factors in terms of those of the dense kernel; 1 where that is left."""
        return self.kernel / self.dense_kernel if self.family else 1.0

    @property
    def name(self) -> str:
        more = len(self.names) - 1
        return self.names[0] + (f" (+{more})" if more else "")

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio}


@record
class Table:
    """`parameters`, `dense_parameters`: of the whole model. `sizes`: for which sizes costs are
    predicted, in words."""

    rows: Sequence[Row]
    parameters: int
    dense_parameters: int
    sizes: str

    @property
    def replaced(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.family)

    @property
    def cost(self) -> Cost:
        """Of the layers that were replaced."""
        return sum((row.cost for row in self.replaced), NOTHING)

    @property
    def dense_cost(self) -> Cost:
        """Of the dense layers in whose place they are."""
        return sum((row.dense_cost for row in self.replaced), NOTHING)

    def to_json(self) -> dict[str, Any]:
        """Schema tnc.compress/1."""
        return {
            "schema": SCHEMA,
            "parameters": self.parameters,
            "dense_parameters": self.dense_parameters,
            "sizes": self.sizes,
            "layers": [row.to_json() for row in self.rows],
        }

    def __str__(self) -> str:
        shown: list[str] = []
        if self.replaced:
            shown += aligned([HEAD, *map(_cells, self.replaced), _total(self)], right=RIGHT)
        return "\n".join([*shown, *_left(self.rows, bool(shown)), "", *_summary(self)])


def _cells(row: Row) -> tuple[str, ...]:
    ranks = ", ".join(f"{name}={size}" for name, size in row.ranks.items())
    family = f"{row.family} {ranks}" if ranks else row.family
    if row.tied:
        family += f", weights of {row.tied}"
    return (
        *(row.name, row.dense, family),
        *_figures(row.parameters, row.dense_parameters, row.ratio, row.cost, row.dense_cost),
        "" if row.error is None else f"{row.error:.3f}",
    )


def _total(table: Table) -> tuple[str, ...]:
    rows = [row for row in table.replaced if not row.tied]
    kernel, dense = sum(row.kernel for row in rows), sum(row.dense_kernel for row in rows)
    parameters = sum(row.parameters for row in rows)
    before = sum(row.dense_parameters for row in rows)
    ratio = kernel / dense if dense else 1.0
    figures = _figures(parameters, before, ratio, table.cost, table.dense_cost)
    return ("all of these", "", "", *figures, "")


def _figures(
    parameters: int, before: int, ratio: float, cost: Cost, dense: Cost
) -> tuple[str, str, str, str]:
    """New and old, as the columns of the table have them."""
    return (
        f"{parameters:,} of {before:,}",
        f"{ratio:.4f}",
        f"{amount(cost.macs).strip()} of {amount(dense.macs).strip()}",
        f"{duration(cost.seconds)} of {duration(dense.seconds)}",
    )


def _left(rows: Sequence[Row], below: bool) -> Iterator[str]:
    left = [row for row in rows if not row.family]
    if left:
        yield "\nleft alone:" if below else "left alone:"
    for row in left:
        dense = f"{row.dense}, " if row.dense else ""
        yield f"  {row.name} ({dense}{row.dense_parameters:,} parameters): {row.reason}"


def _summary(table: Table) -> Iterator[str]:
    share = table.parameters / table.dense_parameters if table.dense_parameters else 1.0
    yield f"model: {table.parameters:,} of {table.dense_parameters:,} parameters ({share:.4f})"
    if table.replaced:
        yield f"macs of a call and time of a step of training are predicted {table.sizes}"
