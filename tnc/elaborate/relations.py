"""Convolution relations between modes, and their options."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from tnc.diagnostics import Label, Span
from tnc.elaborate.definitions import UNKNOWN, Constant
from tnc.elaborate.evaluate import evaluate, indices, options
from tnc.elaborate.modes import Modes, Single
from tnc.elaborate.names import Names
from tnc.elaborate.values import is_integer, type_name, unset
from tnc.elaborate.windows import BORDERS, PADS, ZEROS, Pad
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops import Pattern
from tnc.record import record
from tnc.syntax import tree

OPTIONS = frozenset({"stride", "dilation", "pad", "border", "flip"})

Refuse: TypeAlias = Callable[[Sequence[Single]], None]


@record
class Choices:
    """The options of a relation. `pad` is None where it is unknown; `written`, where each of them
    stands, is one and the same for the relations of a statement."""

    stride: Size
    dilation: Size | tuple[Size, ...]
    pad: Pad | None
    border: str | None
    flip: bool
    written: Mapping[str, Span]


@record(eq=False)
class Relation:
    """`result = signal * taps…`: signal = stride·result + Σ dilation·tap − left."""

    result: Single
    signal: Single
    taps: tuple[Single, ...]
    dilations: tuple[Size, ...]
    choices: Choices
    span: Span

    @property
    def participants(self) -> tuple[Single, ...]:
        return (self.signal, self.result, *self.taps)

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(single.key for single in self.participants)

    def pattern(self, signal: Mode, result: Mode, taps: tuple[Mode, ...], left: Size) -> Pattern:
        """The relation in the graph. While checking, unknown strides stand as 1."""
        choices = self.choices
        return Pattern(
            signal,
            result,
            taps,
            choices.stride.value or 1,
            tuple(dilation.value or 1 for dilation in self.dilations),
            left,
            choices.flip,
            choices.pad == "circular",
        )


def relations(
    body: Iterable[tree.Statement], modes: Modes, scope: Names, refuse: Refuse
) -> Iterator[Relation]:
    """Every relation that the statements declare, families spread out, in whose options their index
    may stand; `refuse` is told the modes of those that were reported."""
    for statement in body:
        if isinstance(statement, tree.Conv):
            given = options(statement.options, OPTIONS, "conv", scope)
            written = {name: expr.span for name, expr in given.items()}
            for node in statement.relations:
                for inner in _instances(node, scope):
                    choices = _choices(given, written, inner)
                    refs = (node.result, node.signal, *node.taps)
                    found = [modes.member(ref, inner) for ref in refs]
                    known = [single for single in found if single is not None]
                    if len(known) == len(refs) and _fits(known, refs, choices, inner):
                        yield _relation(known, choices, node.result.span)
                    else:
                        refuse(known)


def _instances(node: tree.Relation, scope: Names) -> Iterator[Names]:
    if node.binder is None:
        yield scope
    else:
        for _, inner in indices(node.binder, scope):
            yield inner


def _relation(modes: Sequence[Single], choices: Choices, span: Span) -> Relation:
    result, signal, *taps = modes
    dilations = choices.dilation
    if not isinstance(dilations, tuple):
        dilations = (dilations,) * len(taps)
    return Relation(result, signal, tuple(taps), dilations, choices, span)


def _fits(
    modes: Sequence[Single], refs: Sequence[tree.Ref], choices: Choices, scope: Names
) -> bool:
    repeated = next((k for k, single in enumerate(modes) if single in modes[:k]), None)
    if repeated is not None:
        text = f"`{modes[repeated].shown}` takes part twice in one relation"
        first = Label(refs[modes.index(modes[repeated])].span, "first here")
        scope.report.error("E0207", text, refs[repeated].span, "again here", first)
        return False
    given, taps = choices.dilation, len(modes) - 2
    if isinstance(given, tuple) and len(given) != taps:
        text = f"`dilation` has {len(given)} numbers, the relation {taps} tap modes"
        scope.report.error("E0401", text, choices.written["dilation"], "one number per tap mode")
        return False
    return True


# ---------------------------------------------------------------- options


def _choices(given: Mapping[str, tree.Expr], spans: Mapping[str, Span], scope: Names) -> Choices:
    words = {word: word for word in (*PADS, *BORDERS, ZEROS) if scope.lookup(word) is None}
    inner = scope.within(**words)
    values = {name: evaluate(expr, inner) for name, expr in given.items()}
    chosen = Choices(
        _whole(values.get("stride", 1), "stride", 1, spans, scope),
        _dilation(values.get("dilation", 1), spans, scope),
        _pad(values.get("pad", "valid"), spans, scope),
        _border(values.get("border"), spans, scope),
        _flag(values.get("flip", False), spans, scope),
        spans,
    )
    return _border_fits(chosen, scope)


def _whole(value: Constant, name: str, least: int, spans: Mapping[str, Span], scope: Names) -> Size:
    if value is UNKNOWN:
        return Size.symbol(f"$conv {name} {spans[name].start}")
    if not is_integer(value):
        text = f"`{name}`: expected `int`, found `{type_name(value)}`"
        scope.report.error("E0401", text, spans[name], "no whole number")
        return Size.of(1)
    assert isinstance(value, int | Size)
    size = Size.of(value)
    if size.symbols and not unset(size) and name != "pad":
        text = f"`{name}` depends on a run-time size"
        scope.report.error("E0401", text, spans[name], "must be known at compile time")
        return Size.of(1)
    if size.value is not None and size.value < least:
        text = f"`{name}` is {size.value}, it must be at least {least}"
        scope.report.error("E0303", text, spans[name], f"this is {size.value}")
        return Size.of(least)
    return size


def _dilation(value: Constant, spans: Mapping[str, Span], scope: Names) -> Size | tuple[Size, ...]:
    if isinstance(value, tuple):
        return tuple(_whole(each, "dilation", 1, spans, scope) for each in value)
    return _whole(value, "dilation", 1, spans, scope)


def _pad(value: Constant, spans: Mapping[str, Span], scope: Names) -> Pad | None:
    if isinstance(value, tuple) and len(value) == 2:
        left, right = (_whole(each, "pad", 0, spans, scope) for each in value)
        return left, right
    if isinstance(value, str):
        return _word(value, "pad", PADS, spans, scope)
    if is_integer(value):
        size = _whole(value, "pad", 0, spans, scope)
        return size, size
    if value is not UNKNOWN:
        text = f"`pad`: expected a name, a number or (left, right), found `{type_name(value)}`"
        scope.report.error("E0401", text, spans["pad"], "no padding")
    return None


def _word(
    value: Constant | None,
    name: str,
    known: frozenset[str],
    spans: Mapping[str, Span],
    scope: Names,
) -> str | None:
    if value is None or value is UNKNOWN:
        return None
    if isinstance(value, str) and value in known:
        return value
    names = ", ".join(f"`{each}`" for each in sorted(known))
    shown = f"`{value}`" if isinstance(value, str) else f"`{type_name(value)}`"
    text = f"{shown} is no {name}"
    scope.report.error("E0401", text, spans[name], "not known", notes=(f"there are {names}",))
    return None


def _border(value: Constant | None, spans: Mapping[str, Span], scope: Names) -> str | None:
    """The border, None for one of zeros, which pads are without it."""
    found = _word(value, "border", BORDERS | {ZEROS}, spans, scope)
    return None if found == ZEROS else found


def _flag(value: Constant, spans: Mapping[str, Span], scope: Names) -> bool:
    if isinstance(value, bool):
        return value
    if value is not UNKNOWN:
        text = f"`flip`: expected `bool`, found `{type_name(value)}`"
        scope.report.error("E0401", text, spans["flip"], "`true` convolves, `false` correlates")
    return False


def _border_fits(chosen: Choices, scope: Names) -> Choices:
    if chosen.border and isinstance(chosen.pad, str) and chosen.pad != "same":
        scope.report.error(
            "E0401",
            f"a `{chosen.border}` border goes with a number or `same` as pad, not `{chosen.pad}`",
            chosen.written["border"],
            "this pad says itself what lies outside",
        )
    return chosen
