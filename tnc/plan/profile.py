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
    multiply-add), `bandwidth` bytes per second, `launch` picoseconds per step. Kinds whose kernels
    reach less than that bandwidth, however few taps they have, are in `slower`.
    """

    name: str
    flops: tuple[tuple[Kind, int], ...]
    bandwidth: int
    launch: int
    slower: tuple[tuple[Kind, int], ...] = (("grouped convolution", 2),)  # bandwidth divided by

    def picoseconds(self, kind: Kind, macs: int, moved: int) -> int:
        """Time of one step that does `macs` multiply-adds and moves `moved` bytes."""
        compute = 2 * macs * PICOSECONDS // dict(self.flops)[kind]
        traffic = moved * PICOSECONDS * dict(self.slower).get(kind, 1) // self.bandwidth
        return max(compute, traffic) + self.launch


CPU = Profile(
    "cpu",
    (
        ("matrix product", 60_000_000_000),
        ("batched product", 40_000_000_000),
        ("convolution", 50_000_000_000),
        ("grouped convolution", 20_000_000_000),
        ("outer product", 12_000_000_000),
        ("sum", 12_000_000_000),
        ("copy", 12_000_000_000),
    ),
    bandwidth=12_000_000_000,
    launch=4_000_000,
)
"""One core with AVX2 or AVX-512: what torch's kernels were measured to reach on the tensors of
convolutional layers (16–256 channels); a depthwise convolution takes the same time for 3 and for
9 taps, at half the bandwidth of a copy."""

CUDA = Profile(
    "cuda",
    (
        ("matrix product", 15_000_000_000_000),
        ("batched product", 12_000_000_000_000),
        ("convolution", 12_000_000_000_000),
        ("grouped convolution", 3_000_000_000_000),
        ("outer product", 5_000_000_000_000),
        ("sum", 5_000_000_000_000),
        ("copy", 5_000_000_000_000),
    ),
    bandwidth=1_500_000_000_000,
    launch=6_000_000,
)
"""A data-centre GPU without tensor cores (A100 in float32: 19.5 Tflop/s and 1.6 TB/s at best;
launches as PyTorch's eager mode issues them)."""

BUILT_IN = {profile.name: profile for profile in (CPU, CUDA)}
