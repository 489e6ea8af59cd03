"""What a layer takes and gives, seen from where it is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tnc.elaborate.sizes import differ
from tnc.ir.layer import LEADING, Axes, Foreign, Layer, RunTimeSize
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.record import record


@record
class Shape:
    """The axes of an input or an output. An axis of the mode `...` stands for any number."""

    name: str
    axes: Axes

    @property
    def rest(self) -> int | None:
        """Which axis is `...`."""
        return next((k for k, axis in enumerate(self.axes) if _is_rest(axis)), None)

    def at(self, k: int, rank: int) -> range:
        """The axes of a tensor of `rank` axes which axis `k` stands for."""
        rest, more = self.rest, rank - len(self.axes)
        if rest is None or k < rest:
            return range(k, k + 1)
        if k == rest:
            return range(k, k + more + 1)
        return range(k + more, k + more + 1)

    def takes(self, rank: int) -> bool:
        """Whether a tensor of `rank` axes has the right number of them."""
        least = len(self.axes)
        return rank == least if self.rest is None else rank >= least - 1


@record
class Interface:
    """`run_time` says how the sizes on which the outputs depend follow from the inputs."""

    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]
    run_time: tuple[RunTimeSize, ...]


@record(eq=False)
class Callee:
    """A layer with all its parameters set. `body` is None while checking. A `pointwise` one keeps
    the modes of its input."""

    interface: Interface
    body: Layer | Foreign | None
    pointwise: bool = False


# ---------------------------------------------------------------- fitting tensors


@record
class Misfit:
    """Why tensors do not fit: `axis` of input number `input` (counted in its tensor) has the size
    `found` where `expected` is taken; without an axis, the number of axes is wrong."""

    input: int
    axis: int | None = None
    mode: str = ""
    expected: Size | None = None
    found: Size | None = None


Sizes = tuple[Size, ...]


def fit(interface: Interface, given: Sequence[Sizes]) -> list[Sizes] | Misfit:
    """The sizes of the outputs for inputs of the `given` sizes, one per axis."""
    for j, (shape, sizes) in enumerate(zip(interface.inputs, given, strict=True)):
        if not shape.takes(len(sizes)):
            return Misfit(j)
    solved = run_time(interface, given)
    for j, (shape, sizes) in enumerate(zip(interface.inputs, given, strict=True)):
        if (misfit := _misfit(j, shape, sizes, solved)) is not None:
            return misfit
    rest = _rest(interface, given)
    return [_output(shape, solved, rest) for shape in interface.outputs]


def run_time(interface: Interface, given: Sequence[Sizes]) -> dict[str, Size]:
    """The run-time sizes, where inputs of the right number of axes are of the `given` sizes."""
    axes = {
        f"{shape.name}.{k}": Size.product(sizes[at] for at in shape.at(k, len(sizes)))
        for shape, sizes in zip(interface.inputs, given, strict=True)
        for k in range(len(shape.axes))
    }
    return {
        entry.symbol: entry.sources[0].substitute(axes)
        for entry in interface.run_time
        if entry.sources
    }


def _misfit(j: int, shape: Shape, sizes: Sizes, solved: Mapping[str, Size]) -> Misfit | None:
    for k, axis in enumerate(shape.axes):
        if not _is_rest(axis):
            (at,) = shape.at(k, len(sizes))
            expected = _extent(axis).substitute(solved)
            if differ(expected, sizes[at]):
                mode = " ".join(mode.name for mode in axis)
                return Misfit(j, at, mode, expected, sizes[at])
    return None


def _rest(interface: Interface, given: Sequence[Sizes]) -> Sizes:
    for shape, sizes in zip(interface.inputs, given, strict=True):
        if (rest := shape.rest) is not None:
            return tuple(sizes[at] for at in shape.at(rest, len(sizes)))
    return ()


def _output(shape: Shape, solved: Mapping[str, Size], rest: Sizes) -> Sizes:
    sizes: list[Size] = []
    for axis in shape.axes:
        if _is_rest(axis):
            sizes += rest
        else:
            sizes.append(_extent(axis).substitute(solved))
    return tuple(sizes)


def followed(interface: Interface, output: int, rank: int, rank_given: int) -> list[int | None]:
    """For each axis of an output, the axis of the first input that it continues: the one of the
    same place, or where the numbers of axes differ, the one of the same name."""
    if rank == rank_given:
        return list(range(rank))
    first, shape = interface.inputs[0], interface.outputs[output]
    names = {axis: first.at(k, rank_given) for k, axis in enumerate(first.axes)}
    found: list[int | None] = []
    for k, axis in enumerate(shape.axes):
        places = names.get(axis, range(0))
        count = len(shape.at(k, rank))
        found += list(places) if len(places) == count else [None] * count
    return found


def _is_rest(axis: tuple[Mode, ...]) -> bool:
    return len(axis) == 1 and axis[0].name == LEADING


def _extent(axis: tuple[Mode, ...]) -> Size:
    return Size.product(mode.size for mode in axis)
