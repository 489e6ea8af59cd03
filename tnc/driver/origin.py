"""Which layers the classes of generated modules were made of; the modules know nothing of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from weakref import WeakKeyDictionary

from tnc.diagnostics import Report
from tnc.driver.front import Unit
from tnc.driver.network import class_names, gathered
from tnc.driver.options import Request
from tnc.driver.requests import elaborated
from tnc.ir.layer import Layer


@dataclass(frozen=True)
class Origin:
    """What a module was compiled from."""

    unit: Unit
    requests: tuple[Request, ...]

    @cached_property
    def layers(self) -> dict[str, Layer]:
        """The layers by the names of their classes, those inside of others included; none of them
        is planned."""
        wanted = elaborated(self.unit, self.requests, Report())
        layers = gathered(wanted)
        return {name: layer for layer, name in class_names(wanted, layers).items()}


_ORIGINS: WeakKeyDictionary[type, Origin] = WeakKeyDictionary()


def remember(module: ModuleType, unit: Unit, requests: Sequence[Request]) -> None:
    """Let `layer_of` know the classes of a generated module."""
    origin = Origin(unit, tuple(requests))
    for made in vars(module).values():
        if isinstance(made, type) and made.__module__ == module.__name__:
            _ORIGINS[made] = origin


def layer_of(made: type) -> Layer | None:
    """The layer of which a class was made in this process; None for any other class."""
    origin = _ORIGINS.get(made)
    return None if origin is None else origin.layers.get(made.__name__)
