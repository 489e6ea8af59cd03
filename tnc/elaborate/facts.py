"""What an elaborated layer can tell about its modes and tensors: for readers, not for the build."""

from __future__ import annotations

from collections.abc import Iterator

from tnc.diagnostics import Span
from tnc.elaborate.definitions import Unknown
from tnc.elaborate.layers import Elaboration
from tnc.elaborate.names import Family, Faulty, Tensor
from tnc.elaborate.sizes import shown
from tnc.elaborate.values import literal, undecided
from tnc.ir.graph import Value
from tnc.ir.size import Size
from tnc.ops import Contract
from tnc.record import record
from tnc.syntax import tree


@record
class Role:
    """What a mode is in an equation for `target`."""

    target: str
    text: str


@record
class Facts:
    """Facts about one layer, elaborated for its diagnostics: sizes are formulas of parameters that
    are not set."""

    elaboration: Elaboration

    def sizes(self, mode: str) -> list[tuple[str, Size | None]]:
        """Each mode of this name, of a family several, with its size; None if that is the mode's
        own, known at run time."""
        scope = self.elaboration.scope
        singles = [each for each in scope.modes.every() if each.name == mode]
        sizes = [(each, scope.sizes.of(each)) for each in singles]
        return [(e.shown, None if size == Size.symbol(e.key) else size) for e, size in sizes]

    def tensors(self, name: str) -> list[tuple[str, Tensor]]:
        """The tensor of this name, or the members of the family."""
        match self.elaboration.scope.names.get(name):
            case Tensor() as tensor:
                return [(name, tensor)]
            case Family(members=members):
                return [(f"{name}[{k}]", each) for k, each in members.items() if each is not None]
            case _:
                return []

    def value(self, name: str) -> str | None:
        """What a parameter or a `let` is, as far as it is known."""
        entry = self.elaboration.scope.names.get(name)
        if entry is None or isinstance(entry, Tensor | Family | Faulty | Unknown):
            return None
        return told(entry) if isinstance(entry, Size) else literal(entry)

    def axes(self, tensor: Tensor) -> str:
        """The sizes of the axes, `n × (4 · 4) × h`."""
        parts = []
        for axis in tensor.axes:
            sizes = [_factor(mode.size) for mode in axis]
            parts.append(sizes[0] if len(sizes) == 1 else f"({' · '.join(sizes)})")
        return " × ".join(parts)

    def elements(self, tensor: Tensor) -> str:
        """How many elements a tensor has."""
        return told(Size.product(mode.size for mode in tensor.modes))

    def roles(self, mode: str) -> Iterator[Role]:
        """What a mode is in the equations of the layer."""
        keys = {each.key for each in self.elaboration.scope.modes.every() if each.name == mode}
        for statement in self.elaboration.layer.body:
            targets: tuple[tree.Target, ...] = ()
            if isinstance(statement, tree.Let):
                targets = statement.targets
            elif isinstance(statement, tree.Output):
                targets = (statement.target,)
            for target in targets:
                for _, tensor in self.tensors(target.name.text):
                    found = dict.fromkeys(_roles(tensor.value, statement.span, keys))
                    yield from (Role(target.name.text, text) for text in found)


def _factor(size: Size) -> str:
    """The size as it stands in a product."""
    text = told(size)
    return f"({text})" if len(size.terms) > 1 and text != "?" else text


def told(size: Size) -> str:
    """The size as text, `?` if it is not decided."""
    return "?" if undecided(size) else shown(size)


def _roles(value: Value | None, span: Span, keys: set[str]) -> Iterator[str]:
    """In the products that are written within a statement."""
    pending = [value] if value is not None else []
    seen: set[Value] = set()
    while pending:
        each = pending.pop()
        if each in seen or not _within(each, span):
            continue
        seen.add(each)
        pending += each.operands
        if isinstance(each.op, Contract):
            yield from _in_product(each, each.op, keys)


def _in_product(value: Value, product: Contract, keys: set[str]) -> Iterator[str]:
    kept = keys & {mode.name for mode in product.keep}
    for pattern in product.patterns:
        for mode, part in (
            (pattern.signal, "signal"),
            (pattern.result, "result"),
            *((tap, "taps") for tap in pattern.taps),
        ):
            if mode.name in keys:
                yield f"{part} of the convolution"
                return
    carrying = [each for each in value.operands if keys & {mode.name for mode in each.type.modes}]
    if len(carrying) > 1:
        yield f"in {len(carrying)} factors and kept" if kept else "contracted"
    elif carrying:
        yield "free" if kept else "summed"


def _within(value: Value, span: Span) -> bool:
    origin = value.origin
    return (
        origin is not None
        and origin.source is span.source
        and span.start <= origin.start <= origin.end <= span.end
    )
