"""Texts as they are while someone writes: cut off, torn apart, with anything anywhere."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.lsp.texts import FAMILY, LAYER
from tnc.editor.completion import completions
from tnc.editor.desk import Desk, Document
from tnc.editor.hover import equation_at, hover
from tnc.editor.outline import hints, outline
from tnc.editor.rename import Refused, rename

PLACE = Path("torn.tnn").resolve()
BITS = [
    *("(", ")", "[", "]", "{", "}", "|>", "=", ":", ",", "...", ".", '"', "'", "##", "𝒜", "\r\n"),
    *("layer", "let", "import", "from", "x", "output", "repeat (", "conv(", "for i in 1.."),
]


def torn(text: str, draw: random.Random) -> str:
    """A text with a stretch cut out, doubled, or with a bit put in."""
    start = draw.randrange(len(text))
    end = min(len(text), start + draw.choice([1, 3, 20, 200]))
    middle = draw.choice(["", text[start:end] * 2, draw.choice(BITS), *[draw.choice(BITS)] * 2])
    return text[:start] + middle + text[end:]


def ask_everything(document: Document, draw: random.Random) -> None:
    outline(document)
    list(hints(document))
    for _ in range(6):
        offset = draw.randrange(len(document.text) + 1)
        hover(document, offset)
        equation_at(document, offset)
        for each in completions(document, offset):
            assert 0 <= each.start <= offset


@pytest.mark.parametrize("seed", range(6))
def test_any_text_can_be_asked_about(seed: int) -> None:
    draw = random.Random(seed)
    desk = Desk()
    for _ in range(25):
        text = draw.choice([LAYER, FAMILY])
        for _ in range(draw.randrange(1, 4)):
            text = torn(text, draw)
        ask_everything(desk.put(PLACE, text), draw)


@pytest.mark.parametrize("text", [LAYER, FAMILY], ids=["layer", "family"])
def test_every_beginning_of_a_text(text: str) -> None:
    """As it is written from the first letter on."""
    draw = random.Random(0)
    desk = Desk()
    for end in range(0, len(text), 7):
        document = desk.put(PLACE, text[:end])
        document.indexed()
        completions(document, end)
        ask_everything(document, draw)


def test_whatever_is_renamed_keeps_its_meaning() -> None:
    """Every name, to a new one and to one that may clash: done, or refused with a reason."""
    desk = Desk()
    document = desk.put(PLACE, LAYER)
    done = refused = 0
    for each in document.indexed().symbols:
        for new in ("fresh", "x", "s"):
            try:
                rename(document, each.span.start, new)
            except Refused:
                refused += 1
            else:
                done += 1
    assert done > 20
    assert refused > 20
