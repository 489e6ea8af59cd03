"""W0202 for a whole model: what was compressed takes as much memory or time as before."""

from __future__ import annotations

from collections.abc import Iterator

from tnc.compression.assembly import Assembly
from tnc.compression.costs import Cost
from tnc.compression.table import Row, Table
from tnc.diagnostics import Diagnostic, Help, Report, Span
from tnc.driver.worth import LISTED, no_slower
from tnc.plan.profile import PICOSECONDS
from tnc.plan.text import duration
from tnc.syntax import tree


def judged(table: Table, assembly: Assembly) -> tuple[Diagnostic, ...]:
    """The warning, where a model gets neither smaller nor quicker, or one of both at the expense of
    the other."""
    rows = table.replaced
    if not rows:
        return ()
    slower = _slower(table.cost, table.dense_cost)
    if table.parameters < table.dense_parameters and not slower:
        return ()
    worst = max(rows, key=lambda row: row.cost.seconds - row.dense_cost.seconds)
    report = Report()
    if slower:
        ratio = table.cost.seconds / table.dense_cost.seconds
        times = f"{ratio:.3g} times as long as with the dense ones"
        message = f"training takes {times} in the layers that were replaced, as predicted"
    else:
        message = "the model gets no smaller"
    help = "leave such layers dense with `exclude`, or give them smaller ranks or larger batches"
    report.warning(
        "W0202", message, _place(worst, assembly), _times(worst),
        notes=tuple(_notes(table)), help=(Help(help),),
    )  # fmt: skip
    return report.diagnostics


def _slower(own: Cost, dense: Cost) -> bool:
    """Whether a layer or all of them take so much longer that they do not pay."""
    return not no_slower(*(round(each.seconds * PICOSECONDS) for each in (own, dense)))


def _place(row: Row, assembly: Assembly) -> Span:
    """Where the class of a row is declared."""
    part = next(part for part in assembly.parts if part.names == row.names)
    lets = (item for item in assembly.unit.file.items if isinstance(item, tree.Let))
    name = assembly.class_of(part)
    return next(each.span for each in lets if each.targets[0].name.text == name)


def _times(row: Row) -> str:
    own, dense = duration(row.cost.seconds), duration(row.dense_cost.seconds)
    return f"{row.names[0]}: {own}, dense {dense}"


def _notes(table: Table) -> Iterator[str]:
    yield (
        f"{table.parameters:,} parameters, {table.dense_parameters:,} dense; "
        f"times are predicted {table.sizes}"
    )
    slow = [row for row in table.replaced if _slower(row.cost, row.dense_cost)]
    slow.sort(key=lambda row: row.dense_cost.seconds - row.cost.seconds)
    lines = [_times(row) for row in slow[:LISTED]]
    if lines:
        more = f"\nand {len(slow) - LISTED} more" if len(slow) > LISTED else ""
        yield "quicker dense:\n" + "\n".join(lines) + more
