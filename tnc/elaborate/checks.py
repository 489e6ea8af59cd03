"""What the sizes of a relation must satisfy, whichever way it is read."""

from __future__ import annotations

from itertools import takewhile

from tnc.diagnostics import Label, Span
from tnc.diagnostics.diagnostic import Help
from tnc.elaborate.modes import Single
from tnc.elaborate.relations import Relation
from tnc.elaborate.scope import Scope
from tnc.elaborate.sizes import differ, shown
from tnc.elaborate.windows import Window
from tnc.ir.size import Size


def check_relation(relation: Relation, scope: Scope) -> None:
    """E0301, E0307, E0308, and W0303."""
    window = scope.sizes.window(relation)
    if window is None:
        return
    choices, reach = relation.choices, scope.sizes.reach(relation)
    odd = choices.pad == "same" and reach.value is not None and reach.value % 2 == 1
    if odd and not _said(relation, window, scope):
        _warn_of_asymmetry(relation, window, scope)
    signal = scope.sizes.of(relation.signal)
    result = scope.sizes.of(relation.result)
    if any(scope.sizes.lacks(each) for each in (relation.signal, relation.result)):
        return  # it is reported that a size is missing
    if _too_large(relation, window, signal, reach, scope) or _uneven(relation, signal, scope):
        return
    if differ(window.result, result):
        _mismatch(relation, window.result, result, scope)


def _said(relation: Relation, window: Window, scope: Scope) -> bool:
    """Whether the same is said of a relation before it, in one statement."""
    before = takewhile(lambda each: each is not relation, scope.sizes.relations)
    padded = (window.left, window.right)
    written = relation.choices.written
    others = (scope.sizes.window(each) for each in before if each.choices.written is written)
    return any(other is not None and (other.left, other.right) == padded for other in others)


def _too_large(relation: Relation, window: Window, signal: Size, reach: Size, scope: Scope) -> bool:
    padded = (signal + window.left + window.right).value
    circular = relation.choices.pad == "circular"
    if padded is not None and reach.value is not None and reach.value >= padded and not circular:
        taps = " and ".join(f"`{tap.shown}`" for tap in relation.taps)
        scope.report.error(
            "E0307",
            f"the kernel spans {reach.value + 1} positions, "
            f"the padded signal `{relation.signal.shown}` has {padded}",
            relation.span,
            f"the taps {taps} do not fit",
            *_declarations(relation),
        )
        return True
    widest = max((window.left.value or 0), (window.right.value or 0))
    reflected = relation.choices.border == "reflect"
    if not reflected or signal.value is None or widest < signal.value:
        return False
    text = f"a reflected border of {widest} needs a signal longer than {signal.value}"
    scope.report.error(
        "E0307", text, relation.span, "more is read than there is", *_declarations(relation)
    )
    return True


def _uneven(relation: Relation, signal: Size, scope: Scope) -> bool:
    stride = relation.choices.stride.value
    if relation.choices.pad != "circular" or stride is None or signal.value is None:
        return False
    if signal.value % stride == 0:
        return False
    span = relation.choices.written.get("stride", relation.span)
    scope.report.error(
        "E0308",
        f"stride {stride} does not divide the circular mode `{relation.signal.shown}` "
        f"of size {signal.value}",
        span,
        f"this is {stride}",
        *_declarations(relation),
    )
    return True


def _mismatch(relation: Relation, computed: Size, declared: Size, scope: Scope) -> None:
    """E0301, at the size that was declared."""
    signal = scope.sizes.of(relation.signal)
    here = relation.result if relation.result.size else relation.signal
    span = here.size.span if here.size else relation.span
    scope.report.error(
        "E0301",
        f"`{relation.result.shown}` has size {shown(declared)}, but its convolution from "
        f"`{relation.signal.shown}` of size {shown(signal)} gives {shown(computed)}",
        span,
        f"the size of `{here.shown}` is declared here",
        Label(relation.span, "convolution declared here"),
    )


def _warn_of_asymmetry(relation: Relation, window: Window, scope: Scope) -> None:
    scope.report.warning(
        "W0303",
        f"asymmetric padding of `{relation.signal.shown}`: {shown(window.left)} on the left, "
        f"{shown(window.right)} on the right",
        relation.choices.written["pad"],
        "an even kernel has no middle",
        Label(relation.span, "in this convolution"),
        help=(Help(f"say it: `pad: ({shown(window.left)}, {shown(window.right)})`"),),
    )


def _declarations(relation: Relation) -> tuple[Label, ...]:
    sized = [each for each in relation.participants if each.size is not None]
    return tuple(_declaration(each) for each in sized if each is not relation.result)


def _declaration(single: Single) -> Label:
    span: Span = single.size.span if single.size else single.span
    return Label(span, f"the size of `{single.shown}`")
