"""`make bench`: measure, keep the figures in results.json, and write them into docs/performance.md.

make bench                          everything: an hour or two on a quiet machine
make bench ARGS=--quick             a few minutes, a few layers, few rounds
make bench ARGS='--only families'   some sections; the others stay as they were measured
make bench ARGS=--render            nothing is measured, the page is written anew
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from benchmarks import families, grid, networks, plot
from benchmarks.cases import everything
from benchmarks.measure import steady
from benchmarks.report import inserted, rendered
from benchmarks.results import FILE, Results, Row

DOCS = Path(__file__).parent.parent / "docs"
PAGE, PICTURE = "performance.md", "performance.svg"


def sections(
    quick: bool, compile_einsum: bool, rounds: int
) -> Mapping[str, Callable[[], Iterable[Row]]]:
    """What is measured, by the name of its section, in order."""
    return {
        "training": partial(_grid, quick, rounds, grid.TRAINING),
        "inference": partial(_grid, quick, rounds, grid.INFERENCE),
        "families": lambda: [
            row.to_json() for row in families.measured(quick, compile_einsum, rounds)
        ],
        "overhead": lambda: [row.to_json() for row in networks.overhead(3 * rounds)],
        "rates": lambda: [row.to_json() for row in networks.rates(rounds)],
        "network": lambda: [row.to_json() for row in networks.training_steps(rounds)],
    }


def _grid(quick: bool, rounds: int, what: str) -> list[Row]:
    found = []
    cases = [case for case in everything((32,)) if not quick or "64→64@8²" in case.group]
    for ratio in grid.sweep(cases, rounds, what):
        _tell(str(ratio))
        found.append(ratio.to_json())
    return found


def write(results: Results, docs: Path) -> None:
    """The page and its picture, from what was measured."""
    page = docs / PAGE
    text = inserted(page.read_text(encoding="utf-8"), rendered(results, PICTURE))
    plot.draw(results.rows("training"), docs / PICTURE)
    page.write_text(text, encoding="utf-8")


def main() -> None:
    """Measure what is asked for; keep it after every section."""
    style = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=style)
    parser.add_argument("--quick", action="store_true", help="few layers, few rounds")
    parser.add_argument(
        "--rounds", type=int, metavar="N", help="how often (default: 15, in a quick run 5)"
    )
    parser.add_argument("--only", default="", metavar="SECTION,...", help="these sections")
    parser.add_argument(
        "--compile", action="store_true", help="torch.compile of the einsum too, which takes long"
    )
    parser.add_argument("--render", action="store_true", help="measure nothing, write the page")
    parser.add_argument("--results", type=Path, default=FILE, help="the file of the figures")
    parser.add_argument("--docs", type=Path, default=DOCS, help="the folder of the page")
    arguments = parser.parse_args()
    rounds = arguments.rounds or (5 if arguments.quick else 15)
    known = sections(arguments.quick, arguments.compile, rounds)
    wanted = arguments.only.split(",") if arguments.only else list(known)
    if unknown := [name for name in wanted if name not in known]:
        parser.error(f"no section {', '.join(unknown)}; there are {', '.join(known)}")
    steady()
    results = Results.load(arguments.results)
    for name in [] if arguments.render else wanted:
        _tell(f"== {name}")
        results.add(name, known[name]())
        results.save(arguments.results)
    write(results, arguments.docs)


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
