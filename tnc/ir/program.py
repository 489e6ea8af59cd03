"""The program: a planned and derived layer as lines of Python, before it is printed.

`lower` makes it, `emit` prints it. Lines are in single-assignment form; when a value dies is
worked out from `reads`.
"""

from __future__ import annotations

from tnc.diagnostics.span import Span
from tnc.ir.layer import Layer
from tnc.ir.plan import Branch
from tnc.ir.start import Rescaling
from tnc.record import record


@record
class Line:
    """`targets = expression  # comment`.

    `needs`, in a backward, holds the positions of the routine's arguments whose gradients depend
    on this line; it is emitted under `if needs[0] or needs[2]:` unless all arguments are in it.
    """

    targets: tuple[str, ...]
    expression: str
    reads: tuple[str, ...]
    comment: str = ""
    origin: Span | None = None
    needs: frozenset[int] = frozenset()


@record
class Routine:
    """A maximal multilinear region: becomes one `torch.autograd.Function`.

    `arguments` are tensors. `sizes` defines the run-time sizes that the lines mention from the
    shapes of the arguments. `saved` are the intermediates of `forward` which `backward` reads.
    `gradients` holds, per argument, the variable with its gradient, or None where no output
    depends on it. `backward` may read arguments, saved values, sizes and `seeds` (one per output);
    `tangent` may read arguments, saved values, sizes and `tangents` (one per argument).
    """

    name: str
    arguments: tuple[str, ...]
    sizes: tuple[Line, ...]
    forward: tuple[Line, ...]
    outputs: tuple[str, ...]
    saved: tuple[str, ...]
    seeds: tuple[str, ...]
    backward: tuple[Line, ...]
    gradients: tuple[str | None, ...]
    tangents: tuple[str, ...]
    tangent: tuple[Line, ...]
    tangent_outputs: tuple[str, ...]

    @property
    def differentiable(self) -> bool:
        """Whether it has a derivative; one that serves where no gradient is wanted has none."""
        return any(gradient is not None for gradient in self.gradients)


@record
class Invoke:
    """`targets = <routine>.apply(*arguments)` in the body of the module.

    `folded` makes, of weights alone, what the module keeps between calls: the last arguments."""

    routine: Routine
    targets: tuple[str, ...]
    arguments: tuple[str, ...]
    origin: Span | None = None
    folded: Invoke | None = None


@record
class Rescaled:
    """A rescaling of weights as lines. `tensors`: the variable of each weight or buffer that they
    read, with its name; `conjugates`: the variable of each conjugate, with that of its tensor;
    `square`: the variable of the squared norm."""

    rescaling: Rescaling
    tensors: tuple[tuple[str, str], ...]
    conjugates: tuple[tuple[str, str], ...]
    lines: tuple[Line, ...]
    square: str


@record
class Child:
    """A layer inside: the attribute `name` of the module, an instance of the class `target`, of
    this module unless `arguments` are given, which are those of its constructor."""

    name: str
    target: str
    arguments: tuple[str, ...] | None = None


@record
class Program:
    """One layer. `body` starts from the inputs (named as in the `.tnn`, with their physical axes)
    and from `self.<weight>` bound to local names of the same name; `results` are the outputs with
    their physical axes. `symbols` gives the variable that holds each run-time size.
    `channels_last` is the same layer for images that lie in memory with their channels last.
    `children` are the layers inside, `functions` the dotted names of Python's that are called;
    `inside`: the layer itself is one that others contain; then `proven` are the axes of inputs,
    by name and number, whose sizes follow from those of what contains it. None: nothing does.
    `rescaled` ends the start of the weights. `variants` are other programs of the same layer: the
    first whose guard holds runs in place of this one."""

    layer: Layer
    routines: tuple[Routine, ...]
    body: tuple[Line | Invoke, ...]
    results: tuple[str, ...]
    symbols: tuple[tuple[str, str], ...]
    channels_last: ChannelsLast | None = None
    children: tuple[Child, ...] = ()
    functions: tuple[str, ...] = ()
    inside: bool = False
    proven: frozenset[tuple[str, int]] | None = None
    rescaled: tuple[Rescaled, ...] = ()
    variants: tuple[Variant, ...] = ()

    @property
    def formats(self) -> tuple[Program, ...]:
        """This program, and the one for the other memory format."""
        return (self, self.channels_last.program) if self.channels_last else (self,)

    @property
    def alternatives(self) -> tuple[Program, ...]:
        """This program, and those that run in place of it under a guard."""
        return (self, *(variant.program for variant in self.variants))

    @property
    def forms(self) -> tuple[Program, ...]:
        """All of the layer's programs, each in both memory formats."""
        return tuple(form for each in self.alternatives for form in each.formats)

    @property
    def calls(self) -> tuple[Invoke, ...]:
        """The calls of routines in the body, what makes of the weights something to keep first."""
        called = [step for step in self.body if isinstance(step, Invoke)]
        return tuple(each for step in called for each in (step.folded, step) if each)


@record
class ChannelsLast:
    """The program to run where the channels of all inputs `images` lie last in memory."""

    images: tuple[str, ...]
    program: Program


@record
class Guard:
    """When a variant runs: if all of this holds, and no compiler or exporter follows.

    The size of the first axis of the input `batch` is at least `least` and below `below`; with
    `frozen`, gradients are wanted, but none of an input; with `inference`, no gradient is wanted
    of a module in eval mode, on a CPU."""

    batch: str = ""
    least: int = 1
    below: int | None = None
    frozen: bool = False
    inference: bool = False

    @property
    def bounded(self) -> bool:
        """Whether the batch matters."""
        return self.least > 1 or self.below is not None


@record
class Variant:
    """A program of a layer for some of its calls; `branch`: what was predicted of it."""

    guard: Guard
    program: Program
    branch: Branch
