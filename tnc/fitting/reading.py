"""From a layer to the network of its kernel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import gcd

from tnc.fitting.network import Factor, Network, Product, Window, length
from tnc.fitting.passage import Passage, passages
from tnc.fitting.refusal import Unfit
from tnc.fitting.terms import Modes, Term, multiplied_out, renamed
from tnc.ir.layer import Axes, Layer, Port
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops import Pattern
from tnc.record import record


def network_of(layer: Layer) -> Network:
    """The network of the kernel of `layer`, which is not planned.

    Errors: CompileError with E0503 for a layer that is not linear in its only input and in each of
    its weights.
    """
    try:
        return _read(layer)
    except Unfit as error:
        raise error.refusal(layer) from None


def _read(layer: Layer) -> Network:
    if len(layer.inputs) != 1 or len(layer.outputs) != 1:
        given = f"it has {len(layer.inputs)} inputs and {len(layer.outputs)} outputs"
        raise Unfit(given, layer.origin, "a kernel leads from one input to one output")
    (output,) = layer.outputs
    terms = multiplied_out(output.value)
    moving = [term for term in terms if term.leaf("input")]
    if not moving:
        raise Unfit("its output does not depend on its input", output.origin)
    for term in moving:
        _refuse_powers(term)
    kept = frozenset(output.value.type.modes)
    ways = [_Way(term, *passages(term, term.leaf("input")[0], kept)) for term in moving]
    biases = tuple(term for term in terms if not term.leaf("input"))
    return _Assembly(layer, ways, biases).network()


def _refuse_powers(term: Term) -> None:
    counts = Counter(each.op.name for each in term.leaves)
    for each in term.leaves:
        what = f"{'input' if each.op.kind == 'input' else 'weight'} `{each.op.name}`"
        if counts[each.op.name] > 1:
            raise Unfit(f"the {what} is multiplied by itself", each.leaf.origin)
        axes = [mode for axis in each.op.axes for mode in axis]
        if len(set(axes)) < len(axes) or len(set(each.modes)) < len(each.modes):
            raise Unfit(f"only the diagonal of the {what} is used", each.leaf.origin)


@record
class _Way:
    """A term, what becomes of each mode of the input in it, and the patterns of weights alone."""

    term: Term
    passages: tuple[Passage, ...]
    rest: tuple[Pattern, ...]


@record
class _Sliding:
    """A window with what tells the terms apart: the offset of each one's first tap, in steps of
    the window's dilation."""

    window: Window
    offsets: tuple[int, ...]


class _Assembly:
    """The terms of one layer, put together under common names."""

    def __init__(self, layer: Layer, ways: Sequence[_Way], biases: tuple[Term, ...]) -> None:
        self.layer, self.ways, self.biases = layer, ways, biases
        (self.port,), (self.output,) = layer.inputs, layer.outputs
        self.own = self.port.value.type.modes
        self.taken = {mode.name for mode in self.output.value.type.modes}
        for way in ways:
            legs = [leg for pattern in way.term.patterns for leg in pattern.legs]
            modes = [mode for leaf in way.term.leaves for mode in leaf.modes]
            self.taken.update(mode.name for mode in (*legs, *modes))

    def network(self) -> Network:
        inputs = self._inputs()
        sliding = {
            k: self._sliding(k) for k in range(len(self.own)) if self.ways[0].passages[k].moved
        }
        products = tuple(
            self._product(number, way, inputs, sliding) for number, way in enumerate(self.ways)
        )
        outputs = self._outputs(products)
        for mode in (*outputs, *inputs.values()):
            if mode.size.value is None:
                raise Unfit(f"the size of `{mode}` is known at run time only", self.layer.origin)
        every = [passage for way in self.ways for passage in way.passages]
        return Network(
            self.layer,
            products,
            tuple(_axes(self.output, {mode: mode for mode in outputs})),
            tuple(_axes(self.port, inputs)),
            tuple(each.window for each in sliding.values()),
            self.biases,
            clipped=any(each.clipped for each in every),
            transposed=any(each.transposed for each in every),
        )

    def _inputs(self) -> dict[Mode, Mode]:
        """The modes of the input that are summed with weights, as they are called in the kernel."""
        found = {}
        for k, mode in enumerate(self.own):
            ends = [way.passages[k].end for way in self.ways]
            if None in ends and any(end is not None for end in ends):
                raise Unfit(f"`{mode}` is summed in one term and kept in another", self.port.origin)
            if None in ends:
                found[mode] = self._fresh(mode.name, mode.size)
        return found

    def _outputs(self, products: Sequence[Product]) -> list[Mode]:
        """The modes of the output that the kernel has: all but those that pass by the weights."""
        carried = {mode for one in products for each in one.factors for mode in each.modes}
        ends = [passage for way in self.ways for passage in way.passages if passage.end]
        moved = {passage.end for passage in ends if passage.moved}
        passed = {passage.end for passage in ends} - carried
        return [m for m in self.output.value.type.modes if m not in moved and m not in passed]

    # ------------------------------------------------------------------ windows
    def _sliding(self, k: int) -> _Sliding:
        """The window that slides over one mode of the input, wide enough for every term."""
        some = [way.passages[k] for way in self.ways]
        first = some[0]
        for each in some:
            same = each.end == first.end and each.stride == first.stride
            if not same or each.edge != first.edge or each.transposed != first.transposed:
                what = f"its terms convolve `{first.mode}` with different strides or borders"
                raise Unfit(what, self.port.origin)
        shifts = [(first.left - each.left).value for each in some]
        spans = [_span(each) for each in some]
        if None in shifts:
            raise Unfit(f"its terms pad `{first.mode}` by sizes of run time", self.port.origin)
        begins = [shift or 0 for shift in shifts]
        start = min(begins)
        stop = max(begin + span for begin, span in zip(begins, spans, strict=True))
        steps = [d for each in some for tap, d in each.taps if tap.size.value != 1]
        step = gcd(*steps, *(begin - start for begin in begins)) or 1
        taps = self._fresh(self._tap_name(some), Size.of(1 + (stop - start) // step))
        assert first.end is not None
        window = Window(
            _axis(self.port, first.mode),
            _axis(self.output, first.end),
            taps,
            first.stride,
            step,
            first.left - start,
            first.edge,
        )
        return _Sliding(window, tuple((begin - start) // step for begin in begins))

    @staticmethod
    def _tap_name(some: Sequence[Passage]) -> str:
        names = [tap.name for each in some for tap, _ in each.taps]
        return names[0] if names else some[0].mode.name

    def _composed(self, number: int, k: int, sliding: _Sliding) -> tuple[Mode, Pattern | None]:
        """How the taps of a term stand in the kernel: as they are, or by a pattern that says at
        which tap of the window they meet."""
        passage, window = self.ways[number].passages[k], sliding.window
        offset = sliding.offsets[number]
        taps = [(tap, d // window.dilation if length(tap) > 1 else 1) for tap, d in passage.taps]
        if [(length(tap), d) for tap, d in taps] == [(length(window.taps), 1)] and not passage.flip:
            return taps[0][0], None
        if length(window.taps) == 1 and not taps:
            return window.taps, None
        taps = taps or [(self._fresh(window.taps.name, Size.of(1)), 1)]
        one = self._fresh(window.taps.name, Size.of(1))
        return window.taps, Pattern(
            window.taps,
            one,
            tuple(tap for tap, _ in taps),
            1,
            tuple(d for _, d in taps),
            Size.of(-offset),
            flip=passage.flip,
        )

    # ------------------------------------------------------------------ terms
    def _product(
        self, number: int, way: _Way, inputs: Mapping[Mode, Mode], sliding: Mapping[int, _Sliding]
    ) -> Product:
        """One term of the kernel, under the common names."""
        (data,) = way.term.leaf("input")
        pairs = zip(self.own, data.modes, strict=True)
        named = {mode: inputs[own] for own, mode in pairs if own in inputs}
        self._refuse_entangled(way)
        patterns = list(way.rest)
        for k, each in sliding.items():
            tap, pattern = self._composed(number, k, each)
            if pattern is None:
                named[tap] = each.window.taps
            else:
                patterns.append(pattern)
        factors = tuple(
            Factor(
                leaf.op.name,
                leaf.op.name in self._trained,
                _renamed_axes(leaf.op.axes, dict(zip(leaf.leaf.type.modes, modes, strict=True))),
                modes,
            )
            for leaf in way.term.leaves
            if leaf is not data
            for modes in [tuple(named.get(mode, mode) for mode in leaf.modes)]
        )
        return Product(factors, tuple(renamed(each, named) for each in patterns), way.term.scale)

    @property
    def _trained(self) -> frozenset[str]:
        return frozenset(weight.name for weight in self.layer.weights if weight.trained)

    def _refuse_entangled(self, way: _Way) -> None:
        """Each tap belongs to one convolution, and is summed."""
        taps = [tap for passage in way.passages for tap, _ in passage.taps]
        legs = [leg for pattern in way.rest for leg in pattern.legs]
        shared = [tap for tap, count in Counter((*taps, *legs)).items() if count > 1]
        kept = [tap for tap in taps if tap in self.output.value.type]
        for tap in (tap for tap in (*kept, *shared) if tap in taps):
            what = "is kept" if tap in kept else "belongs to two convolutions"
            raise Unfit(f"the tap `{tap}` {what}", self.output.origin)

    def _fresh(self, name: str, size: Size) -> Mode:
        while name in self.taken:
            name += "'"
        self.taken.add(name)
        return Mode(name, size)


def _span(passage: Passage) -> int:
    """How many positions the taps reach beyond the first."""
    sizes = [(tap.size.value, dilation) for tap, dilation in passage.taps]
    if any(size is None for size, _ in sizes):
        raise Unfit("it has taps whose number is known at run time only", None)
    return sum(((size or 1) - 1) * dilation for size, dilation in sizes)


def _axes(port: Port, named: Mapping[Mode, Mode]) -> Iterator[Modes]:
    """The axes of a port as far as they have modes of the kernel."""
    for axis in port.axes:
        if kept := tuple(named[mode] for mode in axis if mode in named):
            yield kept


def _axis(port: Port, mode: Mode) -> int:
    return next(k for k, axis in enumerate(port.axes) if mode in axis)


def _renamed_axes(axes: Axes, named: Mapping[Mode, Mode]) -> Axes:
    return tuple(tuple(named[mode] for mode in axis) for axis in axes)
