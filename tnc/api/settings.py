"""Values of parameters as Python gives them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tnc.driver.front import Unit
from tnc.elaborate import Chosen


class LayerValue:
    """A layer with some of its parameters given: the value of a parameter of type `layer`."""

    def __init__(self, unit: Unit, name: str, given: Mapping[str, object]) -> None:
        self._unit = unit
        self._name = name
        self._given = dict(given)

    def chosen(self) -> Chosen:
        """The layer in the words of the compiler."""
        return Chosen(self._unit.module, self._name, tuple(plain(self._given).items()))


def plain(settings: Mapping[str, object]) -> dict[str, object]:
    """Settings in which layers are chosen ones, and lists are tuples."""
    return {name: _plain(value) for name, value in settings.items()}


def key(settings: Mapping[str, object]) -> tuple[object, ...]:
    """What tells settings apart: `1`, `1.0` and `True` are not the same."""
    return tuple(sorted((name, _key(value)) for name, value in settings.items()))


def _plain(value: object) -> object:
    if isinstance(value, LayerValue):
        return value.chosen()
    return tuple(map(_plain, value)) if isinstance(value, list | tuple) else value


def _key(value: Any) -> tuple[object, ...]:
    if isinstance(value, tuple):
        return "tuple", *map(_key, value)
    if isinstance(value, Chosen):
        return "layer", value.module, value.layer, *key(dict(value.settings))
    return type(value).__name__, repr(value)
