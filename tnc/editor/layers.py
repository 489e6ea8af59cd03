"""The names in the items of a file: what they declare first, then all that they mention."""

from __future__ import annotations

from collections.abc import Iterable

from tnc.editor.resolve import Resolver
from tnc.editor.symbols import Kind, Occurrence
from tnc.syntax import tree

KINDS = {"input": Kind.INPUT, "weight": Kind.WEIGHT, "buffer": Kind.BUFFER}


def read(item: tree.Item, resolver: Resolver) -> list[Occurrence]:
    """Every name of an item; imports are read apart."""
    match item:
        case tree.Layer():
            _parameters(item, resolver)
            _declarations(item.body, resolver)
            for statement in item.body:
                _statement(statement, resolver)
        case tree.Extern():
            _parameters(item, resolver)
            resolver.read(*item.options)
            if item.signature is not None:
                resolver.declared_or_modes((*item.signature.inputs, *item.signature.outputs))
            resolver.read(item.target)
        case tree.Test():
            for each in item.body:
                _tested(each, resolver)
        case tree.Let():
            resolver.read(item.value)
        case _:
            pass
    return resolver.found


def _parameters(item: tree.Layer | tree.Extern, resolver: Resolver) -> None:
    own = resolver.outer.get(item.name.text)
    for param in item.params or ():
        symbol = own.parameters.get(param.name.text) if own and own.node is item else None
        if symbol is not None:
            resolver.values.setdefault(param.name.text, symbol)
        resolver.declare(Kind.PARAMETER, param.name, param)
        resolver.read(param.default)


def _declarations(body: Iterable[tree.Statement], resolver: Resolver) -> None:
    """Modes, tensors and lets may be mentioned before they are declared, as a text is written."""
    results: list[tree.Relation] = []
    for statement in body:
        match statement:
            case tree.Mode(declarations=modes):
                for each in modes:
                    resolver.declare(Kind.MODE, each.name, each)
            case tree.Conv(relations=relations):
                results += relations
            case tree.Tensors(kind=kind, declarations=tensors):
                for tensor in tensors:
                    resolver.declare(KINDS[kind], tensor.name, tensor)
            case tree.Let(targets=targets, value=value):
                layer = resolver.called(value)[0]
                for target in targets:
                    resolver.declare(Kind.LET, target.name, statement, layer)
            case tree.Output(target=target):
                resolver.declare(Kind.OUTPUT, target.name, statement)
            case _:
                pass
    for relation in results:
        resolver.declare(Kind.MODE, relation.result.name, relation)


def _statement(statement: tree.Statement, resolver: Resolver) -> None:
    match statement:
        case tree.Mode(declarations=modes):
            for mode in modes:
                with resolver.bound(mode.binder):
                    resolver.read(mode.size)
                    resolver.as_modes(*([mode.alias] if mode.alias else []))
        case tree.Conv(options=options, relations=relations):
            for number, relation in enumerate(relations):
                with resolver.bound(relation.binder):
                    if number == 0:  # in options the index of a family may stand
                        resolver.read(*options)
                    resolver.read(*relation.result.indices)
                    resolver.as_modes(relation.signal, *relation.taps)
        case tree.Tensors(options=options, declarations=tensors):
            resolver.read(*options)
            for tensor in tensors:
                with resolver.bound(tensor.binder):
                    resolver.as_modes(*tensor.modes.items)
        case tree.Let(targets=targets, value=value):
            resolver.as_modes(*(each.modes for each in targets if each.modes))
            resolver.read(value)
        case tree.Output(target=target, value=value):
            resolver.as_modes(*([target.modes] if target.modes else []))
            resolver.read(value)
        case tree.Require(condition=condition):
            resolver.read(condition)


def _tested(statement: tree.Let | tree.Assert, resolver: Resolver) -> None:
    if isinstance(statement, tree.Let):
        resolver.read(statement.value)
        for target in statement.targets:
            resolver.declare(Kind.LET, target.name, statement)
    else:
        resolver.read(statement.condition)
