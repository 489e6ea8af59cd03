"""Accuracy after every epoch, as pictures."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator
from runs import BOTH, E2E, FAMILIES, FIT, SEQ, Result

matplotlib.rcParams["svg.hashsalt"] = "tnc"  # the same bytes every time


def draw(results: Sequence[Result], path: Path) -> None:
    """A picture per ratio and way: mean over the seeds, and one standard deviation about it."""
    ratios = sorted({one.cell.ratio for one in results})
    figure, rows = plt.subplots(
        2, len(ratios), figsize=(3.2 * len(ratios), 6), squeeze=False, sharey="row", sharex=True
    )
    for (way, begun), row in zip(((E2E, FIT), (BOTH, SEQ)), rows, strict=True):
        for ratio, axes in zip(ratios, row, strict=True):
            for family in FAMILIES:
                curves = np.array(
                    [
                        [one.accuracy[begun], *one.curves[way]]
                        for one in results
                        if (one.cell.family, one.cell.ratio) == (family, ratio)
                    ]
                )
                if len(curves):
                    mean, deviation = curves.mean(0), curves.std(0)
                    (line,) = axes.plot(mean, label=family, linewidth=1)
                    low, high = mean - deviation, mean + deviation
                    axes.fill_between(
                        range(len(mean)), low, high, alpha=0.15, color=line.get_color()
                    )
            axes.set_title(f"{way}, {ratio:.0%}", fontsize=9)
            axes.set_xlabel("epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        row[0].set_ylabel("accuracy, %")
    rows[0][-1].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
