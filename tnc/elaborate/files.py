"""A file: what stands outside of its layers, and each layer in turn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tnc.diagnostics import Label, Report, Source, Span, nearest
from tnc.diagnostics.diagnostic import Help
from tnc.elaborate import usage
from tnc.elaborate.calls import STANDARD, UNSUPPORTED
from tnc.elaborate.evaluate import evaluate
from tnc.elaborate.layers import Elaboration
from tnc.elaborate.names import FileNames
from tnc.elaborate.scope import Scope
from tnc.elaborate.values import Constant
from tnc.ir.layer import Layer
from tnc.ops.call import FUNCTIONS
from tnc.syntax import tree

PLACES = 5
"""Layers that are shown where the one that is asked for does not exist."""


def check(file: tree.File, source: Source, report: Report) -> None:
    """Every static diagnostic of every layer. Parameters without a value are unknown: what depends
    on them is left to the build."""
    names = file_names(file, source, report)
    _duplicates(file, report)
    _unsupported(file.items, report)
    usage.warn_imports(file, report)
    for item in file.items:
        if isinstance(item, tree.Layer):
            inner = Report()
            Elaboration(item, source, names, inner, checking=True).run({})
            report.add(*inner.diagnostics)


def elaborate(
    file: tree.File,
    source: Source,
    layer: str,
    settings: Mapping[str, object],
    report: Report,
) -> Layer | None:
    """One layer with its parameters set to Python numbers, strings and lists; None where an error
    was reported.

    Errors: E0103 no such layer, E0105 no such parameter, E0106 one is not set, E0401 one is of
    another type, and all that equations may have.
    """
    names = file_names(file, source, Report())
    _values_used(file, source, layer, report)
    found = [item for item in file.items if isinstance(item, tree.Layer)]
    chosen = next((item for item in found if item.name.text == layer), None)
    if chosen is None:
        _report_unknown(layer, [item.name for item in found], source, report)
        return None
    inner = Report()
    elaboration = Elaboration(chosen, source, names, inner)
    made = elaboration.run(settings)
    if elaboration.stopped:  # the errors that do not depend on parameters are found all the same
        Elaboration(chosen, source, names, inner, checking=True).run({})
    report.add(*inner.diagnostics)
    return made


def _report_unknown(layer: str, known: Sequence[tree.Name], source: Source, report: Report) -> None:
    """Nothing in the text is wrong, so the places are those of the layers that could be meant."""
    close = nearest(layer, [name.text for name in known])
    likely = sorted(known, key=lambda name: name.text != close)
    spans = [name.span for name in likely] or [source.everything()]
    report.error(
        "E0103",
        f"undefined layer `{layer}`",
        spans[0],
        "this is a layer" if known else "there is no layer",
        *(Label(span, "and this") for span in spans[1:PLACES]),
        notes=(f"layers here: {', '.join(f'`{name.text}`' for name in known) or 'none'}",),
        help=(Help(f"did you mean `{close}`?"),) if close else (),
    )


def _values_used(file: tree.File, source: Source, layer: str, report: Report) -> None:
    """Report what is wrong with the lets of the file on which the layer depends."""
    said = Report()
    file_names(file, source, said)
    lets = {item.targets[0].name.text: item for item in file.items if isinstance(item, tree.Let)}
    pending: list[tree.Node] = [
        item for item in file.items if isinstance(item, tree.Layer) and item.name.text == layer
    ]
    reached: set[str] = set()
    while pending:
        found = usage.Mentions().read(pending.pop()).values & lets.keys() - reached
        reached |= found
        pending += [lets[name].value for name in found]
    spans = [lets[name].span for name in reached]
    report.add(
        *(
            each
            for each in said.diagnostics
            if any(span.start <= each.span.start < span.end for span in spans)
        )
    )


def file_names(file: tree.File, source: Source, report: Report) -> FileNames:
    """What the items of a file declare; the values of its lets are evaluated in order."""
    layers = {
        item.name.text: item for item in file.items if isinstance(item, tree.Layer | tree.Extern)
    }
    imported = {
        (each.alias or each.name).text: _module(item.path)
        for item in file.items
        if isinstance(item, tree.FromImport)
        for each in item.names
    }
    imported |= {
        (item.alias or item.path.names[-1]).text: _module(item.path)
        for item in file.items
        if isinstance(item, tree.Import) and (item.alias or item.path.names)
    }
    values: dict[str, Constant] = {}
    names = FileNames(layers, values, imported, dict(_spans(file)), file.poisoned)
    scope = Scope(report, source, names)
    for item in file.items:
        if isinstance(item, tree.Let) and len(item.targets) == 1:
            values[item.targets[0].name.text] = evaluate(item.value, scope)
    return names


def _module(path: tree.ModulePath) -> str:
    return "." * path.dots + ".".join(name.text for name in path.names)


def _spans(file: tree.File) -> Iterable[tuple[str, Span]]:
    for name in _declared(file):
        yield name.text, name.span


def _declared(file: tree.File) -> Iterable[tree.Name]:
    for item in file.items:
        match item:
            case tree.Layer(name=name) | tree.Extern(name=name):
                yield name
            case tree.Let(targets=targets):
                yield from (target.name for target in targets)
            case tree.Import(path=path, alias=alias) if alias or path.names:
                yield alias or path.names[-1]
            case tree.FromImport(names=names):
                yield from (each.alias or each.name for each in names)
            case _:
                pass


def _duplicates(file: tree.File, report: Report) -> None:
    first: dict[str, Span] = {}
    for name in _declared(file):
        if name.text in first:
            report.error(
                "E0104",
                f"`{name.text}` is declared twice",
                name.span,
                "declared again here",
                Label(first[name.text], "first declared here"),
            )
        first.setdefault(name.text, name.span)


def _unsupported(items: Iterable[tree.Item], report: Report) -> None:
    """What this version does not compile, at its construct."""
    for item in items:
        match item:
            case tree.FromImport(path=path, names=names) if _module(path) == STANDARD:
                for each in names:
                    if each.name.text not in FUNCTIONS or each.alias:
                        text = f"`{each.name.text}`: {UNSUPPORTED}"
                        report.error("E0103", text, each.span)
            case tree.Import() | tree.FromImport() | tree.Extern() | tree.Test():
                report.error("E0103", UNSUPPORTED, _heading(item))
            case _:
                pass


def _heading(item: tree.Item) -> Span:
    """The first line of a construct."""
    source, start = item.span.source, item.span.start
    end = source.text.find("\n", start)
    return source.span(start, min(item.span.end, end if end >= 0 else item.span.end))
