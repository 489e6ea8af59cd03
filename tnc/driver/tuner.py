"""What measures plans on this machine: the driver asks, and whoever has PyTorch answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from tnc.record import record


@record
class Contest:
    """The same layer in different orders. `texts`: modules with the class `layer` by the names of
    the orders, that of the model first. `shapes` of the inputs. `formats`: memory formats in which
    images are to come, contiguous alone (1) or channels last as well (2). `share` of the time that
    there is for a layer."""

    layer: str
    texts: Mapping[str, str]
    shapes: tuple[tuple[int, ...], ...]
    formats: int
    share: float


class Unmeasurable(Exception):
    """A layer does not take random inputs: what it says of them."""


class Tuner(Protocol):
    """Measures steps of training."""

    @property
    def machine(self) -> str:
        """All that times depend on besides the modules: the device, threads, versions, and for how
        long is measured."""

    def seconds(self, contest: Contest) -> Mapping[str, float]:
        """The times of orders, the first one among them; of hopeless ones none need be told.
        Errors: `Unmeasurable`."""
