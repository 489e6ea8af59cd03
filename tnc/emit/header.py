"""The head of a generated module: where it comes from, and the plan with its costs."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

from tnc.emit.description import outline, settings
from tnc.emit.prose import file_name, table
from tnc.emit.statement import WIDTH, fits
from tnc.ir.layer import Layer
from tnc.ir.plan import Plan, Step
from tnc.ir.program import Program


def header(
    programs: Sequence[tuple[Program, Plan]], sources: Sequence[tuple[str, str]], version: str
) -> str:
    """The text of the module's docstring."""
    names = ", ".join(program.layer.name for program, _ in programs if not program.inside)
    (source, digest), *imported = sources
    hashes = [f"sha256 of the source: {digest}"]
    hashes += [f"sha256 of {file_name(name)}: {its}" for name, its in imported]
    about = [
        fill(f"{names}: compiled from {file_name(source)} by tnc {version}.", WIDTH),
        "Generated: edit the .tnn, not this file.",
        "\n".join(hashes),
    ]
    told = [(program, plan) for program, plan in programs if plan.own or not program.inside]
    known: dict[str, Layer] = {}
    texts = []
    for program, plan in told:
        layer = program.layer
        like = known.setdefault(outline(layer), layer) if program.inside else layer
        texts.append(_planned(layer, like, plan))
    return "\n\n".join([*about, *texts])


def _planned(layer: Layer, like: Layer, plan: Plan) -> str:
    """The plan of a layer, of whose parameters those are said which `like` has not."""
    own = like is layer
    differing = settings(layer) if own else settings(layer, like) or "other layers inside"
    sizes = ", ".join(f"{name} = {size}" for name, size in plan.binding)
    aim = f"objective {plan.objective}, profile {plan.profile}; macs are multiply-adds"
    title = f"{layer.name}({differing})" if own else f"{layer.name}: {like.name} with {differing}"
    title = fill(title, WIDTH, subsequent_indent="    ")
    about = f"planned for {sizes or 'its only sizes'}"
    if own:
        lines = [title, f"  {about}; {aim}"]
    else:  # objective and profile are those of the whole module
        lines = [f"{title}; {about}"] if fits(title, "; ", about) else [title, f"  {about}"]
    if plan.own:
        rows: list[tuple[str, ...]] = [("step", "macs", "backward", "bytes", "", "kind", "")]
        rows += [row for k, step in enumerate(plan.own, 1) for row in _rows(k, step)]
        if len(plan.own) == len(plan.steps):
            total = (plan.macs, plan.macs_backward, plan.bytes)
            rows += [("all", *map(_count, total), *_NONE)]
        lines += [f"  {line}" for line in table(rows, WIDTH - 2, right=frozenset({0, 1, 2, 3}))]
    if len(plan.own) < len(plan.steps):
        calls = len({step.layer for step in plan.steps if step.layer})
        lines.append(
            f"  with {calls} layers inside: macs {_count(plan.macs).strip()} forward, "
            f"{_count(plan.macs_backward).strip()} backward, {_count(plan.bytes)}B moved"
        )
    lines.append(
        f"  kept for the backward {_count(plan.saved_bytes)}B, peak {_count(plan.peak_bytes)}B; "
        f"{plan.parameters:,} parameters, dense {plan.dense_parameters:,}"
    )
    lines += [f"  {branch.when}: another program, {branch.why}" for branch in plan.branches if own]
    if plan.alternatives:
        others = ", ".join(f"{each.name} {_count(each.macs).strip()}" for each in plan.alternatives)
        lines.append(f"  macs of other orders: {others}")
    return "\n".join(lines)


_NONE = ("", "", "")


def _rows(number: int, step: Step) -> list[tuple[str, ...]]:
    """A step, and each of its convolutions beneath."""
    first = (
        str(number),
        _count(step.macs),
        _count(sum(step.macs_gradients)),
        _count(step.bytes),
        step.kept,
        step.kind,
        f"{' * '.join(step.operands)} -> {step.result}",
    )
    return [first, *(("",) * 6 + (relation,) for relation in step.relations)]


def _count(number: int) -> str:
    """Three digits and a unit: `8.39 M`."""
    value = float(number)
    for unit in ("", "k", "M", "G", "T"):
        if abs(value) < 999.5:
            return f"{value:.3g} {unit}" if unit else f"{number} "
        value /= 1000
    return f"{value:,.0f} P"
