"""What holds of every text, however it is written."""

from __future__ import annotations

from tests.hanging import guarded
from tnc.diagnostics import Diagnostic, Report, Source
from tnc.diagnostics.catalogue import CATALOGUE
from tnc.diagnostics.formats import RENDERINGS
from tnc.driver.fix import applied, choose
from tnc.driver.front import check
from tnc.syntax.parse import parse


def hold(text: str) -> None:
    """Checking ends, says what it says in order and about places of the text, in words that every
    format can show; and the edits that it proposes give a text."""
    source = Source("fuzz.tnn", text)
    with guarded():
        said = check(source)
        for rendering in RENDERINGS.values():
            rendering(said)
        edits = [edit for _, chosen in choose(source, said) for edit in chosen]
        if edits:
            parse(Source("fixed.tnn", applied(source, edits)), Report())
    places = [(each.span.start, each.span.end) for each in said if each.span.source is source]
    assert places == sorted(places)
    assert len(said) == len(set(said))
    for each in said:
        _is_sound(each)


def _is_sound(said: Diagnostic) -> None:
    assert said.severity == CATALOGUE[said.code].severity
    assert said.code != "E0901"
    assert said.message
    assert said.message[-1] != "."
    assert all(label.text for label in said.labels)
    spans = [label.span for label in said.labels]
    spans += [edit.span for help in said.help for edit in help.edits]
    for span in spans:
        assert 0 <= span.start <= span.end <= len(span.source.text)
