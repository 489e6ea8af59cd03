"""What can be built of a file: its layers, and layers with parameters given that have a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tnc.diagnostics import Report
from tnc.elaborate.definitions import Constant, FileNames, Partial
from tnc.elaborate.homes import Homes
from tnc.elaborate.parameters import Parameter, Settable, Written, described, settable
from tnc.elaborate.values import literal
from tnc.syntax import tree
from tnc.syntax.module import Module


def offered(module: Module) -> tuple[Settable, ...]:
    """The layers of a file in order, those among them that a `let` makes of others:
    `let ResNet20 = CifarResNet(3)` has the parameters of `CifarResNet`, with 3 as a default."""
    lets = {
        item.targets[0].name.text: item
        for item in module.file.items
        if isinstance(item, tree.Let) and len(item.targets) == 1
    }
    if not lets:
        return settable(module.file)
    names = Homes(Report()).of(module)
    written = {each.name: each for each in settable(module.file)}
    found = []
    for item in module.file.items:
        if isinstance(item, tree.Layer):
            found.append(written[item.name.text])
        elif isinstance(item, tree.Let):
            found += _made(item, names)
    return tuple(found)


def buildable(names: FileNames) -> Mapping[str, Partial]:
    """Layers by the names that a file gives them; externs are not built."""
    found = {name: Partial(each) for name, each in names.layers.items()}
    found |= {name: each for name, each in names.values.items() if isinstance(each, Partial)}
    return {
        name: each for name, each in found.items() if isinstance(each.definition.node, tree.Layer)
    }


def _made(let: tree.Let, names: FileNames) -> list[Settable]:
    name = let.targets[0].name.text
    layer = buildable(names).get(name)
    if layer is None or not isinstance(layer.definition.node, tree.Layer):
        return []
    own = described(layer.definition.node)
    given = layer.given
    parameters = tuple(
        _with_default(each, given[each.name]) if each.name in given else each
        for each in own.parameters
    )
    return [Settable(name, let.doc or own.doc, parameters)]


def _with_default(parameter: Parameter, value: Constant) -> Parameter:
    return replace(parameter, required=False, default=_python(value))


def _python(value: Constant) -> object:
    """A value as Python shows it; a layer as its text."""
    if isinstance(value, tuple):
        return [_python(each) for each in value]
    return value if isinstance(value, bool | int | float | str) else Written(literal(value))
