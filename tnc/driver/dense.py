"""The dense layer that a factorised one replaces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from tnc.ir.graph import Builder, Value, reachable
from tnc.ir.layer import Initial, Instance, Layer, Weight
from tnc.ir.tensor import Mode
from tnc.ops import Apply, Contract, Leaf

NAME = "W"


def dense_layer(layer: Layer) -> Layer | None:
    """The same layer with one trained kernel wherever several weights meet data in a product, in
    the layers inside too; None where there is no such place.

    A kernel has those modes of the weights that the data, a relation or the result have, in the
    order of PyTorch's kernels: modes of the result, modes that are summed with the data, taps.
    """
    run = _Dense()
    made = run.layer(layer)
    return made if run.found else None


@dataclass(slots=True)
class _Dense:
    """`found`: whether there was a kernel. Layers and attributes that are shared stay shared."""

    found: bool = False
    layers: dict[Layer, Layer] = field(default_factory=dict)
    instances: dict[Instance, Instance] = field(default_factory=dict)

    def layer(self, layer: Layer) -> Layer:
        if layer not in self.layers:
            self.layers[layer] = self._made(layer)
        return self.layers[layer]

    def _made(self, layer: Layer) -> Layer:
        instances = tuple(map(self._instance, layer.instances))
        copy = _Copy(layer, Builder(), self)
        outputs = tuple(replace(port, value=copy.of(port.value)) for port in layer.outputs)
        inputs = tuple(replace(port, value=copy.of(port.value)) for port in layer.inputs)
        self.found |= bool(copy.kernels)
        return replace(
            layer,
            inputs=inputs,
            outputs=outputs,
            weights=tuple(copy.weights(layer)),
            instances=instances,
            rescalings=(),
            builder=copy.builder,
        )

    def _instance(self, instance: Instance) -> Instance:
        if not isinstance(instance.callee, Layer):
            return instance
        if instance not in self.instances:
            self.instances[instance] = replace(instance, callee=self.layer(instance.callee))
        return self.instances[instance]

    def apply(self, op: Apply) -> Apply:
        return replace(op, instance=self._instance(op.instance))


@dataclass(slots=True)
class _Copy:
    """One layer, made anew in a builder of its own."""

    source: Layer
    builder: Builder
    run: _Dense
    made: dict[Value, Value] = field(default_factory=dict)
    kernels: dict[tuple[frozenset[Value], tuple[Mode, ...]], Weight] = field(default_factory=dict)

    def of(self, value: Value) -> Value:
        for each in reachable([value], frozenset(self.made)):
            if each not in self.made:
                op = self.run.apply(each.op) if isinstance(each.op, Apply) else each.op
                operands = self._operands(each)
                self.made[each] = self.builder.make(op, operands, each.origin)
        return self.made[value]

    def weights(self, layer: Layer) -> Iterator[Weight]:
        """Those that are left, then the kernels."""
        left = set(reachable([self.of(port.value) for port in layer.outputs]))
        for weight in layer.weights:
            value = self.of(weight.value)
            if value in left or not weight.trained:
                yield replace(weight, value=value)
        yield from self.kernels.values()

    def _operands(self, value: Value) -> list[Value]:
        """The operands of a value in this builder; a kernel for the weights of a product."""
        operands = [self.made[each] for each in value.operands]
        if not isinstance(value.op, Contract):
            return operands
        still = [self._still(each) for each in value.operands]
        leaves = frozenset(leaf for part in still if part for leaf in part)
        if len(leaves) < 2 or all(part is not None for part in still):
            return operands
        data = [each for each, part in zip(operands, still, strict=True) if part is None]
        weights = [each for each, part in zip(value.operands, still, strict=True) if part]
        return [*data, self._kernel(value.op, data, weights, leaves)]

    def _still(self, value: Value) -> frozenset[Value] | None:
        """The trained weights of which a value is made; None where there is anything else in it."""
        trained = {weight.value for weight in self.source.weights if weight.trained}
        leaves = frozenset(each for each in reachable([value]) if isinstance(each.op, Leaf))
        return leaves if leaves and leaves <= trained else None

    def _kernel(
        self,
        op: Contract,
        data: Sequence[Value],
        weights: Sequence[Value],
        leaves: frozenset[Value],
    ) -> Value:
        modes = _kernel_modes(op, data, weights)
        if (leaves, modes) not in self.kernels:
            taken = {weight.name for weight in (*self.source.weights, *self.kernels.values())}
            taken |= {port.name for port in self.source.inputs}
            name = NAME
            while name in taken:
                name += NAME
            axes = tuple(_axes(modes, self.source))
            value = self.builder.make(Leaf("weight", name, axes))
            initial = Initial("normal", (("std", 0.01),))
            self.kernels[leaves, modes] = Weight(name, axes, value, initial, self.source.origin)
        return self.kernels[leaves, modes].value


def _kernel_modes(
    op: Contract, data: Sequence[Value], weights: Sequence[Value]
) -> tuple[Mode, ...]:
    signals = {leg for pattern in op.patterns for leg in (pattern.signal, pattern.result)}
    taps = [tap for pattern in op.patterns for tap in pattern.taps]
    with_data = [mode for each in data for mode in each.type.modes]
    order = dict.fromkeys((*op.keep, *(mode for mode in with_data if mode not in taps), *taps))
    carried = {mode for each in weights for mode in each.type.modes}
    inner = [mode for mode in order if mode in carried and mode not in signals]
    return (*inner, *(mode for mode in order if mode in carried and mode in signals))


def _axes(modes: Sequence[Mode], layer: Layer) -> Iterator[tuple[Mode, ...]]:
    """Modes that share an axis of an input or of an output share one of the kernel."""
    homes = {
        mode: (port.name, number)
        for port in (*layer.inputs, *layer.outputs)
        for number, axis in enumerate(port.axes)
        for mode in axis
    }
    for _, group in groupby(modes, lambda mode: homes.get(mode, mode)):
        yield tuple(group)
