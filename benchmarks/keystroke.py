"""How long an editor waits after a keystroke: `python -m benchmarks.keystroke`.

A copy of `std.nets` is open, in which the residual networks are, and a line is written into a
layer letter by letter. After each letter two times are taken, at the client: until the answer to a
request for completions, and until the diagnostics of the new text are published, debouncing
included. The server is a process of its own, reached over stdio, as from an editor.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

from tests.lsp.client import Client
from tnc.driver.imports import FOLDER

NAME = "nets.tnn"
PLACES = {
    "CifarResNet (ResNet-32)": "  let layer3 = Stage(32, 64, blocks, 2, Unit)\n",
    "BasicBlock (inside of it)": "  let conv2 = Conv(D, D)\n",
}
LINE = "let more[n, c, h, w] = x + features |> relu"
PAUSE = 0.15
"""Seconds between two letters: eighty words a minute."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--letters", type=int, default=len(LINE), help="how many to write")
    letters = parser.parse_args().letters
    print("after a keystroke in        completion, ms (median, 95 %)   diagnostics, ms")
    with tempfile.TemporaryDirectory() as folder:
        client = Client(Path(folder).resolve())
        client.open(NAME, (FOLDER / NAME).read_text(encoding="utf-8"))
        client.diagnostics(NAME)
        for name, place in PLACES.items():
            times = list(_written(client, place, LINE[:letters]))
            completion, diagnostics = zip(*times, strict=True)
            print(f"{name:<28}{_told(completion):>30}{_told(diagnostics):>18}")
        client.close()


def _written(client: Client, place: str, line: str) -> Iterator[tuple[float, float]]:
    """Seconds until completions, and until diagnostics, after each letter."""
    written = "  "
    client.replace(NAME, place, f"{place}{written}\n")
    client.diagnostics(NAME)
    for letter in line:
        sleep(PAUSE)
        client.replace(NAME, f"{place}{written}\n", f"{place}{written}{letter}\n")
        written += letter
        start = perf_counter()
        client.ask("completion", NAME, f"{place}{written}¦\n")
        completed = perf_counter() - start
        client.diagnostics(NAME)
        yield completed, perf_counter() - start
    client.replace(NAME, f"{place}{written}\n", place)
    client.diagnostics(NAME)


def _told(times: Sequence[float]) -> str:
    high = sorted(times)[int(0.95 * (len(times) - 1))]
    return f"{1000 * median(times):.0f}, {1000 * high:.0f}"


if __name__ == "__main__":
    main()
