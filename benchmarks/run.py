"""`make bench`: a table of every case. Times are forward + backward; ratios are to the first."""

from __future__ import annotations

import argparse

import torch

from benchmarks import convolutions
from benchmarks.measure import interleaved


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="samples per candidate")
    parser.add_argument("--only", default="", help="cases whose title contains this")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for title, candidates in convolutions.cases():
        if arguments.only not in title:
            continue
        timings = interleaved(candidates, rounds=arguments.rounds)
        base = next(iter(timings.values())).seconds
        print(title)
        for name, timing in timings.items():
            millis, spread = timing.seconds * 1e3, timing.spread * 1e3
            print(f"  {name:<16}{millis:9.3f} ms ± {spread:.3f}   × {timing.seconds / base:.2f}")
        print(flush=True)


if __name__ == "__main__":
    main()
