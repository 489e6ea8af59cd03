"""The measured part of `docs/performance.md`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby

from benchmarks.results import Results, Row
from benchmarks.targets import Target, targets, title

BEGIN = "<!-- measured: `make bench` writes what follows, up to the other mark -->"
END = "<!-- measured: end -->"
SHOWN = 8
"""So many of the layers that miss a target are named."""

PEERS = (
    "dense",
    "plain autograd",
    "best plan",
    "tltorch factorized",
    "tltorch reconstructed",
    "tednet",
    "torch.einsum",
    "opt_einsum",
    "torch.compile",
)


def inserted(page: str, measured: str) -> str:
    """The page with its measured part replaced. Errors: ValueError where the marks are missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks the line {(END if begin else BEGIN)!r}")
    return f"{before}{BEGIN}\n\n{measured.strip()}\n\n{END}{after}"


def rendered(results: Results, picture: str) -> str:
    """Everything that was measured, as Markdown; `picture` is the path of the plot."""
    parts = [
        *_targets(targets(results)),
        *_grid(results, "training", "Beside the dense layer: training"),
        *([f"![Time relative to the dense layer]({picture})"] if results.rows("training") else []),
        *_grid(results, "inference", "Beside the dense layer: inference"),
        *_peers(results),
        *_memory(results),
        *_networks(results),
    ]
    return "\n\n".join(parts)


# ---------------------------------------------------------------- targets


def _targets(found: Sequence[Target]) -> Iterator[str]:
    if not found:
        return
    yield "### What is aimed at"
    rows = [("ours relative to", "target", "kept by", "worst")]
    for target in found:
        sign, (label, value) = "≥" if target.least else "≤", target.worst
        kept = f"{len(target.values) - len(target.missed)} of {len(target.values)}"
        rows.append((target.title, f"{sign} {target.bound:g}", kept, f"{value:.3g} ({label})"))
    yield table(rows)
    missed = [target for target in found if target.missed]
    lines = [f"- {target.title}: {_listed(target)}" for target in missed]
    yield "\n".join(["Missed:", "", *lines]) if missed else "No target is missed."


def _listed(target: Target) -> str:
    shown = [f"{label} {value:.2f}" for label, value in target.missed[:SHOWN]]
    more = len(target.missed) - len(shown)
    return ", ".join(shown) + (f", and {more} more" if more else "")


# ---------------------------------------------------------------- the grid


def _grid(results: Results, section: str, heading: str) -> Iterator[str]:
    rows = results.rows(section)
    if not rows:
        return
    yield f"### {heading}"
    for kind, note in (
        ("convolution", "Time relative to `nn.Conv2d`"),
        ("dense", "Time relative to `nn.Linear`"),
    ):
        own = [row for row in rows if row["kind"] == kind]
        if own:
            shares = ", ".join(f"{share:.0%}" for share in sorted({row["share"] for row in own}))
            yield f"{note}, with these parts of its parameters: {shares}."
            yield table(_by_family(own))
    others = [row for row in rows if row["kind"] not in ("convolution", "dense")]
    if others:
        head = ("layer", "time", "× dense")
        yield table([head, *((title(row), milliseconds(row["seconds"]), _ratio(row))
                             for row in others)])  # fmt: skip
    yield f"({results.sections[section].origin})"


def _by_family(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """A line per size and memory format, a column per family."""
    families = list(dict.fromkeys(row["family"] for row in rows))
    found = [("layer", "dense", *families)]
    for (group, form), members in groupby(
        sorted(rows, key=_place(rows)), lambda row: (row["group"], row["format"])
    ):
        own = list(members)
        cells = [
            " ".join(_ratio(row) for row in own if row["family"] == family) for family in families
        ]
        name = group if form == "contiguous" else f"{group}, {form}"
        found.append((name, milliseconds(own[0]["dense"]), *cells))
    return found


def _place(rows: Sequence[Row]) -> Callable[[Row], tuple[int, bool]]:
    """Sizes in their order, each contiguous before channels last."""
    order = {group: k for k, group in enumerate(dict.fromkeys(row["group"] for row in rows))}
    return lambda row: (order[row["group"]], row["format"] != "contiguous")


def _ratio(row: Row) -> str:
    return f"{row['seconds'] / row['dense']:.2f}"


# ---------------------------------------------------------------- other libraries


def _peers(results: Results) -> Iterator[str]:
    rows = results.rows("families")
    if not rows:
        return
    yield "### Beside other libraries, einsums, and our own plans"
    yield (
        "Time of forward and backward, and how large a part of the others' time that is (below 1: "
        "ours is faster)."
    )
    yield table(_compared(rows, "seconds", milliseconds))
    yield f"({results.sections['families'].origin})"


def _memory(results: Results) -> Iterator[str]:
    rows = results.rows("families")
    if not rows:
        return
    yield "### Memory"
    yield (
        "Most bytes that are allocated at once in forward and backward, besides inputs, weights "
        "and the scratch of libraries, and how large a part of the others' that is."
    )
    yield table(_compared(rows, "peak", megabytes))


def _compared(
    rows: Sequence[Row], what: str, written: Callable[[float], str]
) -> list[tuple[str, ...]]:
    names = [name for name in PEERS if any(name in row[what] for row in rows)]
    found = [("layer", "tnc", *names)]
    for row in rows:
        ours = row[what]["tnc"]
        cells = [f"{ours / row[what][name]:.2f}" if name in row[what] else "" for name in names]
        found.append((title(row), written(ours), *cells))
    return found


# ---------------------------------------------------------------- the rest


def _networks(results: Results) -> Iterator[str]:
    if steps := results.rows("network"):
        yield "### A step of training ResNet-32"
        yield "Batch 32, channels last; relative to the dense network of PyTorch's own layers."
        yield table(_steps(steps))
        yield f"({results.sections['network'].origin})"
    if calls := results.rows("overhead"):
        yield "### A call of a tiny network"
        yield "Forward of three cores on 8×8×8."
        yield table([("form", "time"), *((row["name"], f"{row['seconds'] * 1e6:.0f} µs")
                                         for row in calls)])  # fmt: skip
    if rates := results.rows("rates"):
        yield "### Arithmetic"
        yield "Multiply-adds per second of forward and backward, and those of `torch.mm` (1024³)."
        head = ("layer", "10⁹/s", "torch.mm", "ratio")
        yield table([head, *(_rate(row) for row in rates)])


def _steps(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    dense = next(row for row in rows if row["name"] == "dense")
    found = [("convolutions", "time", "× dense", "peak memory", "× dense")]
    for row in rows:
        time, peak = row["seconds"] / dense["seconds"], row["peak"] / dense["peak"]
        found.append(
            (
                row["name"],
                milliseconds(row["seconds"]),
                f"{time:.2f}",
                megabytes(row["peak"]),
                f"{peak:.2f}",
            )
        )
    return found


def _rate(row: Row) -> tuple[str, ...]:
    ours, product = row["macs"], row["mm"]
    return row["name"], f"{ours / 1e9:.1f}", f"{product / 1e9:.1f}", f"{ours / product:.2f}"


# ---------------------------------------------------------------- cells


def table(rows: Iterable[Sequence[str]]) -> str:
    """Rows as a Markdown table, the first one its head."""
    head, *body = rows
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def milliseconds(seconds: float) -> str:
    """Three digits: `18.9 ms`."""
    return f"{seconds * 1e3:.3g} ms"


def megabytes(count: float) -> str:
    """Three digits: `18.9 MB`."""
    return f"{count / 1e6:.3g} MB"
