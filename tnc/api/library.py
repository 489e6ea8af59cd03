"""`tnc.load` and `tnc.check`."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tnc.api.compiled import Compiled, compile_requests
from tnc.api.files import open_unit
from tnc.api.notebook import layer_html
from tnc.api.settings import LayerValue, key, plain
from tnc.diagnostics import Diagnostic, Report
from tnc.driver.front import Unit
from tnc.driver.front import check as check_source
from tnc.driver.options import Options, Request
from tnc.elaborate import Parameter, Settable, offered

if TYPE_CHECKING:
    from torch import nn


Cache = dict[tuple[object, ...], Compiled]


class LayerFactory(LayerValue):
    """A layer of a library. Calling it with the layer's parameters gives a `torch.nn.Module`.

    A parameter of type `layer` takes a layer of any library, or a text:

        conv = tnc.load("std.convolution")
        nets = tnc.load("std.nets")
        nets.LeNet5(Conv=conv.CP.given(R=16))
        nets.LeNet5(Conv="CP(R: 16)")
        nets.LeNet5(Conv="CP", **{"CP.R": 8})  # of the layers inside

    `device` and `dtype` go to the module, unless the layer has parameters of these names.
    """

    def __init__(
        self,
        unit: Unit,
        declared: Settable,
        compiled: Cache,
        given: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(unit, declared.name, given or {})
        self._declared = declared
        self._compiled = compiled
        self.__name__ = declared.name
        self.__doc__ = declared.doc
        self.__signature__ = inspect.Signature(
            [
                inspect.Parameter(
                    each.name,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=self._default(each),
                )
                for each in declared.parameters
            ]
        )

    def given(self, **settings: Any) -> LayerFactory:
        """The layer with these parameters given, which a call can still replace."""
        both = {**self._given, **settings}
        return LayerFactory(self._unit, self._declared, self._compiled, both)

    def _default(self, parameter: Parameter) -> object:
        if parameter.name in self._given:
            return self._given[parameter.name]
        return inspect.Parameter.empty if parameter.required else parameter.default

    def __call__(self, **settings: Any) -> nn.Module:
        own = {each.name for each in self._declared.parameters}
        tensor = {
            name: settings.pop(name)
            for name in ("device", "dtype")
            if name in settings and name not in own
        }
        module = self.compile(**settings).module
        made: nn.Module = getattr(module, self.__name__)(**tensor)
        return made

    def compile(self, **settings: Any) -> Compiled:
        """The compiled layer; compiled once per values of its parameters."""
        wanted = plain({**self._given, **settings})
        known = (self.__name__, *key(wanted))
        if known not in self._compiled:
            request = Request(self.__name__, wanted)
            self._compiled[known] = compile_requests(self._unit, [request], Options())
        return self._compiled[known]

    def _repr_html_(self) -> str | None:
        """The diagram of the layer; parameters that are not given are letters."""
        given = plain(self._given)
        sketch = bool(self._declared.missing(given))
        return layer_html(self._unit, Request(self.__name__, given), {}, sketch=sketch)

    def __repr__(self) -> str:
        return f"<layer {self.__name__}{self.__signature__} of {self._unit.source.name}>"


class Library(Mapping[str, LayerFactory]):
    """The layers of a `.tnn` file, as attributes and as items."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        compiled: Cache = {}
        self._layers = {
            each.name: LayerFactory(unit, each, compiled) for each in offered(unit.module)
        }

    def __getitem__(self, name: str) -> LayerFactory:
        return self._layers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._layers)

    def __len__(self) -> int:
        return len(self._layers)

    def __getattr__(self, name: str) -> LayerFactory:
        if name.startswith("_") or name not in self._layers:
            known = ", ".join(self._layers) or "no layer"
            raise AttributeError(f"{self._unit.source.name} has no layer {name!r}: it has {known}")
        return self._layers[name]

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._layers})

    def __repr__(self) -> str:
        return f"<library {self._unit.source.name}: {', '.join(self._layers)}>"


def load(path: str | os.PathLike[str] | None = None, *, source: str | None = None) -> Library:
    """The layers of a `.tnn` file, of a module of the standard library (`tnc.load("std.nets")`), or
    of the text `source`; each is compiled when it is called.

    Errors: CompileError for a text that does not parse; OSError when the file cannot be read.
    """
    unit = open_unit(path, source)
    report = Report()
    report.add(*unit.said)
    report.raise_errors()
    return Library(unit)


def check(
    path: str | os.PathLike[str] | None = None, *, source: str | None = None
) -> list[Diagnostic]:
    """Every static diagnostic of every layer, in order of position; empty for a clean text."""
    return list(check_source(open_unit(path, source).source))
