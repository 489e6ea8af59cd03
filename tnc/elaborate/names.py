"""What names stand for: the noun below everything that evaluates, names modes or finds sizes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from typing import Self, TypeAlias, TypeVar

from tnc.diagnostics import Label, Report, Source, Span, did_you_mean
from tnc.elaborate.definitions import (
    NO_FILE,
    UNKNOWN,
    Constant,
    Definition,
    FileNames,
    Partial,
)
from tnc.ir.graph import Value
from tnc.ir.layer import Axes
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.record import record
from tnc.syntax import tree

LARGEST_FAMILY = 10_000


@record(eq=False)
class Tensor:
    """A tensor with a name. `value` is None after an error that was reported. The axes of a
    `positional` one have no names: they are told apart by their places alone."""

    name: str
    span: Span
    axes: Axes
    value: Value | None
    positional: bool = False

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes in the order in which the tensor is written."""
        return tuple(mode for axis in self.axes for mode in axis)


@record(eq=False)
class Family:
    """Tensors `K[i]`, by index."""

    name: str
    span: Span
    members: Mapping[int, Tensor | None]


class Faulty:
    """What a name stands for whose declaration was refused: its uses are not reported."""


FAULTY = Faulty()
Entry: TypeAlias = Constant | Tensor | Family | Faulty
Function: TypeAlias = "Callable[[tree.Call, Names], Constant]"


@dataclass(slots=True)
class Names(ABC):
    """The names of one layer, filled while it is elaborated. Of modes it is known only what an
    expression can ask: `Scope` answers.

    `checking`: parameters that are not set stand as unknowns, and what depends on them is left to
    the build. `assumed`: some of these are lists or bounds of families, taken as of length 3.
    `einsum`: a mode may stand twice in a factor, and one that dangles is summed.
    `tensors`: the names that equations bind or tensor declarations declare, wherever they stand.
    `functions`: those that are known here only, such as `params` in tests.
    """

    report: Report
    source: Source
    file: FileNames = NO_FILE
    checking: bool = False
    assumed: bool = False
    einsum: bool = False
    names: dict[str, Entry] = field(default_factory=dict)
    spans: dict[str, Span] = field(default_factory=dict)
    tensors: frozenset[str] = frozenset()
    functions: Mapping[str, Function] = field(default_factory=dict)
    binders: Mapping[str, Constant] = field(default_factory=dict)

    @abstractmethod
    def is_mode(self, text: str) -> bool:
        """Whether a mode of this name is declared."""

    @abstractmethod
    def extent(self, expr: tree.Expr) -> Size | None:
        """The size of the modes that an expression names, together; None after a report."""

    @abstractmethod
    def rank(self, ratio: float, span: Span) -> Size:
        """The rank, following from a ratio, whose mode's size is being evaluated."""

    def within(self, /, **indices: Constant) -> Self:
        """The same names, with indices of families bound; both share what is declared."""
        inner = copy(self)
        inner.binders = {**self.binders, **indices}
        return inner

    def declare(self, name: tree.Name, entry: Entry) -> bool:
        """Bind a name of the layer; False, and a report, if it is taken."""
        if (first := self.spans.get(name.text)) is not None:
            self.report.error(
                "E0104",
                f"`{name.text}` is declared twice",
                name.span,
                "declared again here",
                Label(first, "first declared here"),
            )
            self.names[name.text] = FAULTY
            return False
        self.names[name.text] = entry
        self.spans[name.text] = name.span
        self._warn_of_shadow(name)
        return True

    def _warn_of_shadow(self, name: tree.Name) -> None:
        if (outer := self.file.spans.get(name.text)) is not None:
            self.report.warning(
                "W0103",
                f"`{name.text}` hides a name of the file",
                name.span,
                "declared here",
                Label(outer, "hidden in this layer"),
            )

    def lookup(self, text: str) -> Entry | None:
        """What the name stands for: an index, a name of the layer, or one of the file."""
        if text in self.binders:
            return self.binders[text]
        if text in self.names:
            return self.names[text]
        if text in self.file.values:
            return self.file.values[text]
        return self._layer(text)

    def _layer(self, text: str) -> Partial | Faulty | Constant | None:
        """The layer of this name: of the file, or imported."""
        found = self.file.layers.get(text) or self.file.imported.get(text)
        match found:
            case Definition():
                return Partial(found)
            case FileNames() | None:
                return FAULTY if text in self.file.poisoned else None
            case _:
                return found

    def is_tensor(self, text: str) -> bool:
        """Whether the name stands for a tensor or a family, declared here or further down."""
        if text in self.binders:
            return False
        return text in self.tensors or isinstance(self.names.get(text), Tensor | Family)

    def undefined(self, name: tree.Name, what: str = "tensor") -> None:
        """Report a name that stands for nothing; later uses of it are silent."""
        declared = self.names.keys() & self.spans.keys()  # others were undefined before
        known: Iterable[str] = {*declared, *self.binders, *self.file.values}
        notes = []
        if self.is_mode(name.text):
            notes.append(f"there is a mode `{name.text}`, but a mode is not a value")
        elif name.text in self.tensors:
            notes.append(f"`{name.text}` is bound further down")
        self.report.error(
            "E0102",
            f"undefined {what} `{name.text}`",
            name.span,
            "not found in this layer",
            notes=notes,
            help=did_you_mean(name.span, known),
        )


Within = TypeVar("Within", bound=Names)


def members(
    binder: tree.Binder, first: Constant, last: Constant, scope: Within
) -> Iterator[tuple[int, Within]]:
    """The indices of a range, each with the scope in which it is bound. Nothing, and perhaps a
    report, where the bounds are not two integers."""
    bounds = (first, binder.first), (last, binder.last)
    if not all(_is_bound(value, expr, scope) for value, expr in bounds):
        return
    assert isinstance(first, int)
    assert isinstance(last, int)
    if last - first >= LARGEST_FAMILY:
        scope.report.error(
            "E0110",
            f"a family of {last - first + 1:,} members; at most {LARGEST_FAMILY:,} are possible",
            binder.span,
            f"from {first:,} to {last:,}",
        )
        return
    for index in range(first, last + 1):
        yield index, scope.within(**{binder.index.text: index})


def _is_bound(value: Constant, expr: tree.Expr, scope: Names) -> bool:
    if isinstance(value, int) and not isinstance(value, bool):
        return True
    if value is not UNKNOWN and not scope.checking:
        scope.report.error(
            "E0401", "expected `int` as a bound of a range", expr.span, "not a whole number"
        )
    return False
