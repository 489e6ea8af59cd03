"""The layers of one run of the compiler: each is elaborated once per values of its parameters."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from tnc.diagnostics import Span
from tnc.elaborate.definitions import Constant, Definition, Partial
from tnc.elaborate.interfaces import Callee
from tnc.record import record

DEEPEST = 32
"""Layers inside of layers."""


@record
class Override:
    """`Stage.R=8` from outside: a parameter of the layers inside that `path` leads to. Each part
    is the name of a layer, or the attribute of an instance; `anchored`: the first part is right
    below. `written` is all of it, as it was given."""

    path: tuple[str, ...]
    name: str
    value: Constant
    written: str = ""
    anchored: bool = False


Overrides: TypeAlias = tuple[Override, ...]


@record
class Wanted:
    """A layer with its parameters, as it stands in a place. `ranks` are the numbers of axes of
    what an extern is applied to; layers do not depend on them."""

    partial: Partial
    overrides: Overrides = ()
    ranks: tuple[int, ...] = ()
    checking: bool = False


Elaborate: TypeAlias = Callable[[Wanted], Callee | None]


def definitions(constant: object) -> Iterator[Definition]:
    """The layers that a value consists of."""
    if isinstance(constant, Partial):
        yield constant.definition
        constant = tuple(value for _, value in constant.settings)
    if isinstance(constant, tuple):
        for each in constant:
            yield from definitions(each)


class Recursion(Exception):
    """A layer contains itself, or layers are nested more than `DEEPEST` deep; `cycle` are layers on
    the way."""

    def __init__(self, cycle: Sequence[Definition]) -> None:
        super().__init__(" > ".join(each.name for each in cycle))
        self.cycle = tuple(cycle)


@dataclass(slots=True, eq=False)
class Library:
    """Elaborates layers when they are first asked for. `trail`: where those are written which are
    being elaborated, the outermost first. `heeded`: the overrides that found their parameter.
    `again` is told of a layer that was elaborated before, and where it is asked for. `sketching`:
    while checking, too, layers have a body, which can be drawn."""

    elaborate: Elaborate
    again: Callable[[Wanted, Span], None] = lambda wanted, span: None
    sketching: bool = False
    trail: list[Span] = field(default_factory=list)
    heeded: set[str] = field(default_factory=set)
    _made: dict[Wanted, Callee | None] = field(default_factory=dict)
    _open: list[Wanted] = field(default_factory=list)

    def callee(self, wanted: Wanted, span: Span) -> Callee | None:
        """The layer; None after a report, or where it is not known while checking.

        Errors: Recursion.
        """
        if wanted not in self._made:
            if wanted in self._open or len(self._open) >= DEEPEST:
                raise Recursion(self._cycle(wanted))
            self._open.append(wanted)
            self.trail.append(span)
            self._made[wanted] = self.elaborate(wanted)
            self.trail.pop()
            self._open.pop()
        else:
            self.again(wanted, span)
        return self._made[wanted]

    def keep(self, current: Container[Definition]) -> None:
        """Forget the layers in which others take part than these."""
        self._made = {
            wanted: made
            for wanted, made in self._made.items()
            if all(each in current for each in definitions(wanted.partial))
        }

    def inside(
        self, overrides: Overrides, definition: Definition, names: Container[str]
    ) -> tuple[dict[str, Constant], Overrides]:
        """What overrides mean for a layer inside, called by any of `names`: its parameters, and
        what goes on to the layers inside of it."""
        settings: dict[str, Constant] = {}
        below: list[Override] = []
        known = {param.name.text for param in definition.params}
        for each in overrides:
            if not each.anchored:
                below.append(each)
            if each.path[0] in names:
                if len(each.path) > 1:
                    below.append(replace(each, path=each.path[1:], anchored=True))
                elif each.name in known:
                    settings[each.name] = each.value
                    self.heeded.add(each.written)
        return settings, tuple(dict.fromkeys(below))

    def _cycle(self, wanted: Wanted) -> list[Definition]:
        chain = [each.partial.definition for each in (*self._open, wanted)]
        start = next((k for k, each in enumerate(chain) if chain.count(each) > 1), None)
        if start is None:
            return chain[:3]
        end = chain.index(chain[start], start + 1)
        return chain[start : end + 1]
