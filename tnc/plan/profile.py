"""Device profiles: what a call of a kernel costs in time.

All numbers are integers, so that every machine plans alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Kind = Literal[
    "matrix product",
    "batched product",
    "convolution",
    "signal gradient",
    "tap gradient",
    "grouped convolution",
    "grouped signal gradient",
    "grouped tap gradient",
    "outer product",
    "elementwise",
    "sum",
    "copy",
]
"""Kinds of kernels; the gradients are those of a convolution."""

KINDS: tuple[Kind, ...] = get_args(Kind)
MULTIPLYING = KINDS[:9]
"""Kinds that multiply and add."""

PICOSECONDS = 10**12


@dataclass(frozen=True, slots=True)
class Rate:
    """Floating-point operations per second (two per multiply-add), and bytes per second."""

    flops: int
    bandwidth: int


@dataclass(frozen=True, slots=True)
class Profile:
    """The rates of one device in float32, for each kind of kernel; picoseconds for each call of a
    kernel (`launch`) and for each call of a routine with its backward (`routine`).

    A call takes launch + flops / rate + bytes / bandwidth.
    """

    name: str
    rates: tuple[tuple[Kind, Rate], ...]
    launch: int
    routine: int
    _rates: Mapping[Kind, Rate] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rates", dict(self.rates))

    def rate(self, kind: Kind) -> Rate:
        return self._rates[kind]

    def picoseconds(self, kind: Kind, macs: int, moved: int) -> int:
        """Time of one call that does `macs` multiply-adds and moves `moved` bytes."""
        rate = self._rates[kind]
        work = 2 * macs * PICOSECONDS // rate.flops
        return self.launch + work + moved * PICOSECONDS // rate.bandwidth

    def as_json(self) -> dict[str, object]:
        """What a profile's file holds; `read` in `tnc.driver.profiles` is its inverse."""
        return {
            "schema": SCHEMA,
            "name": self.name,
            "launch": self.launch,
            "routine": self.routine,
            "rates": {
                kind: {"flops": rate.flops, "bandwidth": rate.bandwidth}
                for kind, rate in self.rates
            },
        }


SCHEMA = "tnc.profile/1"
GIGA = 10**9


def _profile(
    name: str, launch: int, routine: int, rates: Mapping[Kind, tuple[float, float]]
) -> Profile:
    """`launch` and `routine` in microseconds, `rates` in Gflop/s and GB/s."""
    found = tuple(
        (kind, Rate(int(flops * GIGA), int(bandwidth * GIGA)))
        for kind, (flops, bandwidth) in rates.items()
    )
    return Profile(name, found, launch * 10**6, routine * 10**6)


CPU = _profile(
    "cpu",
    4,
    50,
    {
        "matrix product": (60, 12),
        "batched product": (40, 12),
        "convolution": (50, 12),
        "signal gradient": (50, 12),
        "tap gradient": (50, 12),
        "grouped convolution": (20, 6),
        "grouped signal gradient": (10, 3),
        "grouped tap gradient": (5, 2),
        "outer product": (12, 12),
        "elementwise": (12, 12),
        "sum": (12, 12),
        "copy": (12, 6),
    },
)
"""One core with AVX2 or AVX-512: fitted to the times of whole layers by `benchmarks.fit`."""

CUDA = _profile(
    "cuda",
    7,
    60,
    {
        "matrix product": (15_000, 1_500),
        "batched product": (12_000, 1_500),
        "convolution": (12_000, 1_500),
        "signal gradient": (12_000, 1_500),
        "tap gradient": (12_000, 1_500),
        "grouped convolution": (3_000, 750),
        "grouped signal gradient": (3_000, 750),
        "grouped tap gradient": (1_000, 500),
        "outer product": (5_000, 1_500),
        "elementwise": (5_000, 1_500),
        "sum": (5_000, 1_500),
        "copy": (5_000, 1_500),
    },
)
"""A data-centre GPU."""

BUILT_IN = {profile.name: profile for profile in (CPU, CUDA)}
