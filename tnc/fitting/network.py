"""The network of a layer's kernel: what is left of the layer when its input is taken away."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from math import prod

from tnc.fitting.terms import Modes, Term
from tnc.ir.layer import Axes, Layer
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops import Pattern
from tnc.record import record


@record
class Factor:
    """A tensor in a term of the kernel: its name, whether it is fitted, its physical axes and its
    modes, both under the names that they have there."""

    name: str
    trained: bool
    axes: Axes
    modes: Modes


@record
class Product:
    """One term of the kernel: factors and patterns, summed over every mode that the kernel lacks,
    times a number."""

    factors: tuple[Factor, ...]
    patterns: tuple[Pattern, ...]
    scale: float

    def holding(self, names: Collection[str]) -> Product:
        """The same term, in which the factors `names` are not fitted."""
        held = [replace(one, trained=one.trained and one.name not in names) for one in self.factors]
        return replace(self, factors=tuple(held))


@record
class Window:
    """How the kernel slides over one axis of positions, as in `torch.nn.functional.conv`: `axis`
    of the input, `result` of the output, its mode of taps. `left`: the padding before the first
    position; that behind the last follows from the sizes."""

    axis: int
    result: int
    taps: Mode
    stride: int
    dilation: int
    left: Size
    edge: str


@record(eq=False)
class Network:
    """The kernel of a layer as a sum of products that are linear in each trained factor.

    `outputs`, `inputs`: its modes by axes of the layer's output and input, as far as they are not
    empty; with the taps of `windows` they are its axes in PyTorch's order. `biases`: the terms
    without the input. `clipped`: see `Passage`.
    """

    layer: Layer
    products: tuple[Product, ...]
    outputs: Axes
    inputs: Axes
    windows: tuple[Window, ...]
    biases: tuple[Term, ...] = ()
    clipped: bool = False
    transposed: bool = False

    @property
    def axes(self) -> Axes:
        """The modes of the kernel, one tuple per axis."""
        return (*self.outputs, *self.inputs, *((each.taps,) for each in self.windows))

    @property
    def modes(self) -> Modes:
        return tuple(mode for axis in self.axes for mode in axis)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the kernel, laid out as PyTorch does."""
        return tuple(prod(map(length, axis)) for axis in self.axes)

    @property
    def names(self) -> tuple[str, ...]:
        """The factors that are fitted, in the order of their declaration."""
        used = {each.name for one in self.products for each in one.factors if each.trained}
        return tuple(weight.name for weight in self.layer.weights if weight.name in used)

    @property
    def sizes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of the factors that are fitted, as the layer has them."""
        names = self.names
        return {
            each.name: tuple(prod(map(length, axis)) for axis in each.axes)
            for each in self.layer.weights
            if each.name in names
        }

    @property
    def constants(self) -> tuple[str, ...]:
        """The factors that are not fitted: buffers, and weights that are held."""
        every = (each for one in self.products for each in one.factors if not each.trained)
        return tuple(dict.fromkeys(each.name for each in every))

    def holding(self, names: Collection[str]) -> Network:
        """The same network, in which the factors `names` are not fitted."""
        products = tuple(each.holding(names) for each in self.products)
        return replace(self, products=products)


def length(mode: Mode) -> int:
    """The size of a mode, which is known."""
    assert mode.size.value is not None
    return mode.size.value
