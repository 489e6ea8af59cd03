"""The rows of the table."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from tnc.compression.assembly import Assembly, Part
from tnc.compression.costs import NOTHING, Costs
from tnc.compression.dense import size_of
from tnc.compression.fitter import Fitter
from tnc.compression.survey import Site
from tnc.compression.table import Row, Table
from tnc.ir.layer import TYPICAL


def table_of(
    model: nn.Module,
    sites: Sequence[Site],
    assembly: Assembly,
    costs: Costs,
    fitter: Fitter | None,
) -> Table:
    """What becomes of the layers of a model, in its order."""
    homes = {site: part for part in assembly.parts for site in part.sites}
    rows: list[Row] = []
    for site in sites:
        part = homes.get(site)
        if part is None:
            dense = "" if site.dense is None else str(site.dense)
            rows.append(Row(site.names, dense, site.parameters, reason=site.reason))
        elif part.sites[0] is site:
            rows.append(_row(part, assembly, costs, fitter))
    before = size_of(model.parameters())
    own = [row for row in rows if row.family and not row.tied]
    spared = sum(row.dense_kernel - row.kernel for row in own)
    return Table(tuple(rows), before - spared, before, _sizes(assembly, costs))


def _row(part: Part, assembly: Assembly, costs: Costs, fitter: Fitter | None) -> Row:
    found, dense = part.candidate, part.sites[0].dense
    assert dense is not None
    uses = [use for site in part.sites if (use := assembly.uses.get(site.module))]
    pairs = [costs.of(found, use) for use in uses] or [costs.of(found, None)]
    own, before = (sum(each, NOTHING) for each in zip(*pairs, strict=True))
    error = None if fitter is None else fitter.error(part.job, found)
    return Row(
        part.names,
        str(dense),
        dense.parameters,
        found.call.family.name,
        found.ranks,
        found.parameters,
        found.kernel,
        dense.kernel,
        own,
        before,
        error,
        part.job.name if part.tied else "",
    )


def _sizes(assembly: Assembly, costs: Costs) -> str:
    """For which sizes costs are predicted."""
    if assembly.uses:
        return "for the example"
    given = costs.options.binding
    known = ", ".join(f"{name} = {size}" for name, size in given.items())
    return (
        f"for {known}, other sizes {TYPICAL}" if known else f"for batches and signals of {TYPICAL}"
    )
