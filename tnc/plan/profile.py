"""Device profiles: what a call of a kernel costs in time.

All numbers are integers, so that every machine plans alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, field
from typing import Literal, get_args

from tnc.record import record

Kind = Literal[
    "matrix product",
    "batched product",
    "convolution",
    "signal gradient",
    "tap gradient",
    "grouped convolution",
    "grouped signal gradient",
    "grouped tap gradient",
    "depthwise convolution",
    "depthwise signal gradient",
    "depthwise tap gradient",
    "outer product",
    "elementwise",
    "sum",
    "copy",
]
"""Kinds of kernels; the gradients are those of a convolution. In a grouped convolution the
channels of a group are summed, in a depthwise one a group has one channel."""

KINDS: tuple[Kind, ...] = get_args(Kind)
GROUPED: dict[Kind, Kind] = dict(zip(KINDS[2:5], KINDS[5:8], strict=True))
DEPTHWISE: dict[Kind, Kind] = dict(zip(KINDS[2:5], KINDS[8:11], strict=True))
"""Convolutions and their gradients, with groups."""

PICOSECONDS = 10**12


@record
class Rate:
    """Floating-point operations per second (two per multiply-add), bytes per second, and the
    picoseconds that a call takes besides."""

    flops: int
    bandwidth: int
    launch: int


@record
class Profile:
    """The rates of one device in float32, for each kind of kernel; `routine`: picoseconds for each
    call of a routine with its backward.

    A call of a kernel takes launch + flops / rate + bytes / bandwidth.
    """

    name: str
    rates: tuple[tuple[Kind, Rate], ...]
    routine: int
    _rates: Mapping[Kind, Rate] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rates", dict(self.rates))

    def rate(self, kind: Kind) -> Rate:
        return self._rates[kind]

    def picoseconds(self, kind: Kind, macs: int, moved: int) -> int:
        """Time of one call that does `macs` multiply-adds and moves `moved` bytes."""
        return self.together((kind,), macs, moved)

    def together(self, kinds: Iterable[Kind], macs: int, moved: int) -> int:
        """Time of calls of these kinds, each of which does and moves as much."""
        work, traffic, total = 2 * macs * PICOSECONDS, moved * PICOSECONDS, 0
        for kind in kinds:
            rate = self._rates[kind]
            total += rate.launch + work // rate.flops + traffic // rate.bandwidth
        return total

    def as_json(self) -> dict[str, object]:
        """What a profile's file holds."""
        rates = {kind: asdict(rate) for kind, rate in self.rates}
        return {"schema": SCHEMA, "name": self.name, "routine": self.routine, "rates": rates}


SCHEMA = "tnc.profile/1"
GIGA, MICRO = 10**9, 10**6


def _profile(
    name: str, routine: float, rates: Mapping[Kind, tuple[float, float, float]]
) -> Profile:
    """`routine` in microseconds, `rates` in Gflop/s, GB/s and microseconds."""
    found = tuple(
        (kind, Rate(int(flops * GIGA), int(bandwidth * GIGA), int(launch * MICRO)))
        for kind, (flops, bandwidth, launch) in rates.items()
    )
    return Profile(name, found, int(routine * MICRO))


CPU = _profile(
    "cpu",
    50,
    {
        "matrix product": (75, 3.5, 4),
        "batched product": (36, 3.7, 12),
        "convolution": (78, 2.6, 35),
        "signal gradient": (78, 2.6, 35),
        "tap gradient": (78, 2.6, 35),
        "grouped convolution": (5, 3, 35),
        "grouped signal gradient": (2, 3, 35),
        "grouped tap gradient": (2, 3, 35),
        "depthwise convolution": (104, 15, 32),
        "depthwise signal gradient": (104, 14, 32),
        "depthwise tap gradient": (104, 15, 32),
        "outer product": (12, 10, 4),
        "elementwise": (12, 12, 4),
        "sum": (12, 6, 6),
        "copy": (12, 4.8, 5),
    },
)
"""One core with AVX2 or AVX-512: fitted to the times of whole layers by `benchmarks.fit`."""

CUDA = _profile(
    "cuda",
    20,
    {
        "matrix product": (51_000, 720, 4.7),
        "batched product": (41_000, 1_200, 4),
        "convolution": (60_000, 3_000, 3),
        "signal gradient": (50_000, 130, 3.5),
        "tap gradient": (40_000, 130, 3.5),
        "grouped convolution": (1_400, 670, 3),
        "grouped signal gradient": (1_400, 670, 3),
        "grouped tap gradient": (70, 16, 3),
        "depthwise convolution": (1_300, 1_000, 3),
        "depthwise signal gradient": (1_300, 1_000, 3),
        "depthwise tap gradient": (130, 770, 3),
        "outer product": (10_000, 3_500, 2),
        "elementwise": (10_000, 3_500, 2),
        "sum": (10_000, 3_000, 8),
        "copy": (10_000, 915, 4),
    },
)
"""A data-centre GPU of NVIDIA's Hopper generation in float32 without tf32: fitted by
`benchmarks.accelerator` to the times of layers on an H100, captured as graphs of launches, so that
they are the device's and not Python's. Rates of arithmetic are those of large single kernels."""

BUILT_IN = {profile.name: profile for profile in (CPU, CUDA)}
