"""Accuracy of compressed networks: the tables and curves of arXiv 1805.10352, for any data.

    python examples/paper/tables.py                               LeNet-5 on digits: the whole grid
    python examples/paper/tables.py --network resnet8             a narrow ResNet
    python examples/paper/tables.py --network lenet300 --layers dense --ratios 0.02
    python examples/paper/tables.py --network resnet32 --data cifar10:DIR --epochs 100
    python examples/paper/tables.py --network resnet50 --data folder:DIR --epochs 10

Every network is compressed at every ratio in every family, tuned layer by layer (seq), end to end
(e2e), and both. Each result is one line of `results.jsonl` in the folder that `-o` names; kill the
program whenever you like, the same command goes on from there and ends with the same figures.
`table.md` has mean ± standard deviation over the seeds, `curves.svg` the accuracy after each epoch.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import torch
from curves import draw
from datasets import dataset
from networks import NETWORKS
from runs import FAMILIES, LAYERS, RATIOS, WAYS, Cell, Result, Setting, result, tidy, trained


def measured(
    setting: Setting, cells: Sequence[Cell], found: dict[Cell, Result], folder: Path
) -> Iterator[Result]:
    """The results of the cells that are not found yet, as they are made."""
    data = dataset(setting.data)
    for seed in sorted({cell.seed for cell in cells}):
        mine = [cell for cell in cells if cell.seed == seed and cell not in found]
        if mine:
            teacher = trained(setting, data, seed, folder)
            for cell in mine:
                yield result(setting, cell, data, teacher, folder)


def kept(file: Path, setting: Setting) -> dict[Cell, Result]:
    """The results in a file, whose last line may be torn; the file is begun if there is none.

    Errors: SystemExit if they are of other settings.
    """
    head = json.dumps(asdict(setting))
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    if lines and lines[0] != head:
        sys.exit(f"{file} is of other settings: {lines[0]}; name another folder with -o")
    found, whole = {}, [head]
    for line in lines[1:]:
        try:
            one = Result.from_json(json.loads(line))
        except json.JSONDecodeError:  # killed while it was written
            continue
        found[one.cell] = one
        whole.append(line)
    if whole != lines:
        beside = file.with_suffix(".new")
        beside.write_text("\n".join(whole) + "\n", "utf-8")
        beside.replace(file)
    return found


def table(setting: Setting, found: Sequence[Result]) -> Iterator[str]:
    """Markdown: a table per way of tuning, families by ratios."""
    dense = {one.cell.seed: one.dense for one in found}
    yield f"# {setting.network} on {setting.data.partition(':')[0]}, {setting.layers} layers\n"
    yield (
        f"Accuracy in per cent, mean ± standard deviation over {len(dense)} seeds. Dense: "
        f"{spread(list(dense.values()))}. {setting.epochs} epochs, Adam {setting.rate:g}; "
        f"{setting.samples} batches layer by layer."
    )
    ratios = sorted({one.cell.ratio for one in found})
    families = [name for name in FAMILIES if any(one.cell.family == name for one in found)]
    for way, what in WAYS.items():
        yield f"\n**{way}**: {what}.\n"
        yield "| family | " + " | ".join(f"{ratio:.0%}" for ratio in ratios) + " |"
        yield "|---" * (len(ratios) + 1) + "|"
        for family in families:
            cells = (
                [each.accuracy[way] for each in found if (each.cell.family, each.cell.ratio) == key]
                for key in ((family, ratio) for ratio in ratios)
            )
            yield f"| {family} | " + " | ".join(spread(cell) for cell in cells) + " |"
    yield "\nActual ratios:\n"
    yield "| family | " + " | ".join(f"{ratio:.0%}" for ratio in ratios) + " |"
    yield "|---" * (len(ratios) + 1) + "|"
    for family in families:
        actual = {one.cell.ratio: one.actual for one in found if one.cell.family == family}
        row = (f"{actual[ratio]:.1%}" if ratio in actual else "" for ratio in ratios)
        yield f"| {family} | " + " | ".join(row) + " |"
    yield ""


def spread(numbers: Sequence[float]) -> str:
    """Mean ± standard deviation."""
    if not numbers:
        return ""
    deviation = statistics.stdev(numbers) if len(numbers) > 1 else 0.0
    return f"{statistics.mean(numbers):.1f} ± {deviation:.1f}"


def arguments() -> argparse.Namespace:
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=style)
    parser.add_argument("--network", choices=NETWORKS, default="lenet5")
    parser.add_argument(
        "--data", default="digits", help="digits, mnist:DIR, cifar10:DIR, folder:DIR"
    )
    parser.add_argument("--layers", choices=LAYERS, default="all", help="which are compressed")
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=FAMILIES)
    parser.add_argument("--ratios", nargs="+", type=float, default=RATIOS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--rate", type=float, default=1e-3, help="learning rate of Adam")
    parser.add_argument("--samples", type=int, default=20, help="batches for layer by layer")
    parser.add_argument("-o", "--output", type=Path, help="default: results/NETWORK-DATA-LAYERS")
    return parser.parse_args()


def main() -> None:
    """Go on with the grid, and write what there is."""
    torch.set_num_threads(1)
    given = arguments()
    setting = Setting(
        given.network, given.data, given.layers, given.epochs, given.rate, given.samples
    )
    name = "-".join((given.network, given.data.partition(":")[0], given.layers))
    folder = given.output or Path("results") / name
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "results.jsonl"
    found = kept(file, setting)
    cells = [
        Cell(family, ratio, seed)
        for seed in range(given.seeds)
        for ratio in given.ratios
        for family in given.families
    ]
    for cell in found:
        tidy(cell, folder)
    start = time.monotonic()
    for one in measured(setting, cells, found, folder):
        found[one.cell] = one
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(one.to_json()) + "\n")
        cell = one.cell
        tidy(cell, folder)
        print(
            f"{len(found)} of {len(cells)}  {time.monotonic() - start:.0f} s  {cell.family} "
            f"{cell.ratio:.0%} seed {cell.seed}: "
            + ", ".join(f"{way} {score:.1f}" for way, score in one.accuracy.items()),
            flush=True,
        )
    results = [found[cell] for cell in sorted(found, key=lambda cell: (cell.seed, cell.ratio))]
    (folder / "table.md").write_text("\n".join(table(setting, results)), "utf-8")
    draw(results, folder / "curves.svg")
    print(f"{folder}/table.md, {folder}/curves.svg")


if __name__ == "__main__":
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
