"""A picture of the grid: time relative to the dense layer, over the part of the parameters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator, PercentFormatter, ScalarFormatter

from benchmarks.results import Row

STYLE = {"svg.hashsalt": "tnc", "svg.fonttype": "none", "font.size": 9, "axes.axisbelow": True}
TICKS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)


def draw(rows: Sequence[Row], path: Path) -> None:
    """One panel per size of a convolution, one line per family, contiguous; the same rows give
    the same file."""
    own = [row for row in rows if row["kind"] == "convolution" and row["format"] == "contiguous"]
    groups = list(dict.fromkeys(row["group"] for row in own))
    if not groups:
        return
    matplotlib.use("svg")
    with plt.rc_context(STYLE):
        figure, panels = plt.subplots(
            1, len(groups), sharey=True, squeeze=False, figsize=(2.3 * len(groups) + 0.8, 3)
        )
        for panel, group in zip(panels[0], groups, strict=True):
            _panel(panel, [row for row in own if row["group"] == group])
            panel.set_title(group, fontsize=9)
        panels[0][0].set_ylabel("time of training, dense = 1")
        handles, labels = panels[0][0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right center", frameon=False)
        figure.supxlabel("parameters relative to the dense layer", fontsize=9)
        figure.tight_layout(rect=(0, 0, 0.93, 1))
        figure.savefig(path, metadata={"Date": None})
        plt.close(figure)


def _panel(panel: Axes, rows: Sequence[Row]) -> None:
    panel.axhline(1, color="black", linewidth=0.8)
    for number, family in enumerate(dict.fromkeys(row["family"] for row in rows)):
        members = sorted((row for row in rows if row["family"] == family), key=_share)
        ratios = [row["seconds"] / row["dense"] for row in members]
        marker = "osD^vPX"[number % 7]
        panel.plot([_share(row) for row in members], ratios, marker, ls="-", ms=4, label=family)
    panel.set(xscale="log", yscale="log")
    panel.xaxis.set_major_locator(FixedLocator(sorted({_share(row) for row in rows})))
    panel.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    panel.yaxis.set_major_locator(FixedLocator(TICKS))
    panel.yaxis.set_major_formatter(ScalarFormatter())
    panel.xaxis.set_minor_locator(NullLocator())
    panel.yaxis.set_minor_locator(NullLocator())
    panel.grid(linewidth=0.4, alpha=0.5)


def _share(row: Row) -> float:
    return float(row["share"])
