"""Families: what layers are replaced by, as users name it, and as a call in a `.tnn` text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from tnc.compression.dense import KINDS, Dense, Unfit
from tnc.diagnostics import CompileError, nearest
from tnc.driver.front import opened
from tnc.driver.imports import SUFFIX, standard, standard_names
from tnc.elaborate import Chosen, Settable, offered
from tnc.elaborate.definitions import Constant
from tnc.elaborate.values import literal
from tnc.record import record
from tnc.syntax.module import Module

STANDARD = {"Linear": "std.dense", "Conv": "std.convolution"}
"""Where a family is looked up that is given by its bare name."""

CALL = re.compile(
    r"(?P<file>.*?)(?:(?<=[\w.])[.:])?(?P<layer>[^\W\d]\w*)\s*(\((?P<arguments>.*)\))?", re.DOTALL
)
FIRST = {"k": "taps", "stride": "stride", "pad": "padding", "dilation": "dilation"}
"""Parameters of convolutions that are one number, and what they are in PyTorch's layers."""

EACH = {"k": "ks", "stride": "strides", "pad": "pads", "dilation": "dilations"}
"""The same as lists, with a number for each dimension."""

DEFAULTS: dict[str, Constant] = {
    "stride": 1,
    "dilation": 1,
    "groups": 1,
    "bias": False,
    "border": "zeros",
}
"""What a layer without such a parameter is taken to do."""


class Layer(Protocol):
    """A layer of a library, `tnc.load("std.convolution").rCP.given(d=3)`."""

    def chosen(self) -> Chosen:
        """The layer in the words of the compiler."""


Given = str | Layer
Families = Given | Mapping[str, Given]


@record
class Family:
    """A layer of a file, with some of its parameters given.

    `path`: how an import names the file, `std.convolution`. `arguments`: parameters as text, which
    are given whatever the dense layer is like. `offered`: the layer's parameters.
    """

    module: Module
    path: str
    layer: Settable
    arguments: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """`rCP`, `rCP(d: 3)`."""
        given = ", ".join(f"{name}: {value}" for name, value in self.arguments)
        return f"{self.layer.name}({given})" if given else self.layer.name

    @property
    def parameters(self) -> frozenset[str]:
        return frozenset(each.name for each in self.layer.parameters)

    def settings(self, dense: Dense) -> dict[str, str]:
        """The parameters that make the layer fit where `dense` stands, as text.

        Errors: Unfit where it has no parameter for something that `dense` does.
        """
        wanted = dict(_wanted(dense, self.parameters))
        given = dict(self.arguments)
        defaults = {each.name: each.default for each in self.layer.parameters if not each.required}
        found = {}
        for name, value in wanted.items():
            if name in given or (name in defaults and _same(defaults[name], value)):
                continue
            if name in self.parameters:
                found[name] = literal(value)
            elif value != DEFAULTS.get(name, value):
                raise Unfit(
                    f"{self.layer.name} has no parameter `{name}` for {name} {literal(value)}"
                )
        return found | given


def _same(default: object, value: object) -> bool:
    return type(default) is type(value) and default == value


def _wanted(dense: Dense, known: frozenset[str]) -> Mapping[str, Constant]:
    wanted: dict[str, Constant] = {"S": dense.S, "T": dense.T}
    if dense.dimensions:
        for name, attribute in FIRST.items():
            wanted |= _each(name, getattr(dense, attribute), known)
        wanted |= _border(dense)
        wanted |= {"groups": dense.groups, "D": dense.dimensions}
    return wanted | {"bias": dense.bias}


def _each(name: str, values: str | tuple[int, ...], known: frozenset[str]) -> dict[str, Constant]:
    """A number for all dimensions, or a list."""
    if isinstance(values, str):
        return {name: 0 if values == "valid" else values}
    if len(set(values)) == 1:
        return {name: values[0]}
    if EACH[name] not in known:
        raise Unfit(f"the family has one {name} for all dimensions, not {values}")
    found: dict[str, Constant] = {EACH[name]: values}
    return found | ({name: max(values)} if name == "k" else {})


def _border(dense: Dense) -> dict[str, Constant]:
    """The border of a convolution. A circular one is a pad of its own in the language."""
    if dense.border != "circular":
        return {"border": dense.border}
    if not isinstance(dense.padding, str) and not any(dense.padding):
        return {}
    same = dense.padding == "same" or dense.symmetric
    if not same or set(dense.stride) != {1}:
        raise Unfit(
            "circular padding with a stride, or that changes the size of the signal: let "
            f"nn.CircularPad{dense.dimensions}d stand before it, and give it `padding=0`"
        )
    return {"pad": "circular"}


# ---------------------------------------------------------------------- as users name them


def families(given: Families) -> Mapping[str, Family | str]:
    """The family for each kind of dense layer, or why there is none.

    `given`: one for all kinds, or a dictionary of them by kind, where `Conv` is all convolutions.
    Errors: ValueError for what names no family; CompileError for a file with errors; OSError.
    """
    if isinstance(given, Mapping):
        return _by_kind(given)
    return {kind: _of(given, kind) for kind in KINDS}


def _by_kind(given: Mapping[str, Given]) -> dict[str, Family | str]:
    known = (*KINDS, "Conv")
    for kind in given:
        if kind not in known:
            close = nearest(kind, known)
            hint = f"did you mean `{close}`?" if close else f"there are {', '.join(known)}"
            raise ValueError(f"`{kind}` is no kind of layer that could be replaced; {hint}")
    found: dict[str, Family | str] = {}
    for kind in KINDS:
        general = "Linear" if kind == "Conv1D" else "Conv" if kind.startswith("Conv") else kind
        one = given.get(kind, given.get(general))
        found[kind] = "no family for layers of this kind" if one is None else _of(one, kind)
    return found


def _of(given: Given, kind: str) -> Family | str:
    if not isinstance(given, str):
        return _suitable(_chosen(given), kind)
    found = CALL.fullmatch(given.strip())
    if found is None:
        raise ValueError(
            f"`{given}` names no family; families are named like `rCP`, "
            "`std.convolution.rCP(d: 3)` or `FILE.tnn:LAYER`"
        )
    file, layer, arguments = found["file"], found["layer"], found["arguments"] or ""
    if not file:
        file = STANDARD["Conv" if kind in {"Conv1d", "Conv2d", "Conv3d"} else "Linear"]
        if layer not in _layers(_module(file)):
            _check_known(layer)
            return f"{file} has no {layer}"
    module = _module(file)
    path = file if file in standard_names() else _importable(Path(file).stem)
    return _suitable(Family(module, path, _layer(module, layer), _arguments(arguments)), kind)


def _suitable(family: Family, kind: str) -> Family | str:
    """The families of the standard library are for one kind of layers each."""
    home = STANDARD["Conv" if kind in {"Conv1d", "Conv2d", "Conv3d"} else "Linear"]
    if family.path in STANDARD.values() and family.path != home:
        return f"{family.path}.{family.layer.name} is for other kinds of layers"
    return family


def _chosen(given: Layer) -> Family:
    chosen = given.chosen()
    module = chosen.module
    path = module.name or _importable(Path(module.source.name).stem)
    arguments = tuple((name, literal(value)) for name, value in chosen.settings)  # type: ignore[arg-type]
    return Family(module, path, _layer(module, chosen.layer), arguments)


def _importable(stem: str) -> str:
    """What the file is called beside what is written: as it is, if an import can name that."""
    return stem if stem.isidentifier() else "family"


def _module(file: str) -> Module:
    if file in standard_names() and not Path(file).exists():
        module = standard(file)
        assert module is not None
        return module
    place = Path(file)
    if place.suffix != SUFFIX and not place.exists():
        names = ", ".join(standard_names())
        raise ValueError(
            f"`{file}` is neither a `{SUFFIX}` file nor a module of the standard library ({names})"
        )
    unit = opened(file)
    if any(each.severity == "error" for each in unit.said):
        raise CompileError(unit.said)
    return unit.module


@lru_cache(8)
def _layers(module: Module) -> Mapping[str, Settable]:
    return {each.name: each for each in offered(module)}


def _layer(module: Module, name: str) -> Settable:
    known = _layers(module)
    if name not in known:
        close = nearest(name, known)
        hint = f"did you mean `{close}`?" if close else f"it has {', '.join(known)}"
        raise ValueError(f"{module.source.name} has no layer `{name}`; {hint}")
    return known[name]


def _check_known(layer: str) -> None:
    """A bare name must be one of some kind's families."""
    known = {name: None for home in STANDARD.values() for name in _layers(_module(home))}
    if layer not in known:
        close = nearest(layer, known)
        hint = f"did you mean `{close}`?" if close else f"there are {', '.join(known)}"
        raise ValueError(f"`{layer}` is no family of the standard library; {hint}")


def _arguments(text: str) -> tuple[tuple[str, str], ...]:
    """`d: 3, Ss: [4, 4]` by name; the values are left as they are."""
    found = []
    depth, start, pieces = 0, 0, []
    for at, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth:
            pieces.append(text[start:at])
            start = at + 1
    for piece in filter(str.strip, [*pieces, text[start:]]):
        name, colon, value = (part.strip() for part in piece.partition(":"))
        if not (colon and name.isidentifier() and value):
            raise ValueError(f"`{piece.strip()}`: parameters of a family are written `name: value`")
        found.append((name, value))
    return tuple(found)
