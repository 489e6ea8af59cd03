"""Device profiles: what a step costs in time, as integers so that every machine plans alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "matrix product",
    "batched product",
    "convolution",
    "grouped convolution",
    "outer product",
    "sum",
    "copy",
]

PICOSECONDS = 10**12


@dataclass(frozen=True, slots=True)
class Profile:
    """Rates of one device in float32.

    `flops` holds floating-point operations per second for each kind of step (two per
    multiply-add), `bandwidth` bytes per second, `launch` picoseconds per step.
    """

    name: str
    flops: tuple[tuple[Kind, int], ...]
    bandwidth: int
    launch: int

    def picoseconds(self, kind: Kind, macs: int, moved: int) -> int:
        """Time of one step that does `macs` multiply-adds and moves `moved` bytes."""
        compute = 2 * macs * PICOSECONDS // self.rate(kind)
        return max(compute, moved * PICOSECONDS // self.bandwidth) + self.launch

    def rate(self, kind: Kind) -> int:
        return dict(self.flops)[kind]


CPU = Profile(
    "cpu",
    (
        ("matrix product", 60_000_000_000),
        ("batched product", 30_000_000_000),
        ("convolution", 40_000_000_000),
        ("grouped convolution", 6_000_000_000),
        ("outer product", 6_000_000_000),
        ("sum", 6_000_000_000),
        ("copy", 6_000_000_000),
    ),
    bandwidth=8_000_000_000,
    launch=4_000_000,
)
"""One core with AVX2 or better: rates that torch's kernels reach on typical shapes."""

CUDA = Profile(
    "cuda",
    (
        ("matrix product", 15_000_000_000_000),
        ("batched product", 10_000_000_000_000),
        ("convolution", 10_000_000_000_000),
        ("grouped convolution", 1_000_000_000_000),
        ("outer product", 2_000_000_000_000),
        ("sum", 2_000_000_000_000),
        ("copy", 2_000_000_000_000),
    ),
    bandwidth=1_500_000_000_000,
    launch=6_000_000,
)
"""A data-centre GPU without tensor cores (A100, float32: 19.5 Tflop/s, 1.6 TB/s at best)."""

BUILT_IN = {profile.name: profile for profile in (CPU, CUDA)}
