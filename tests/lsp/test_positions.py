"""Positions against a count of units, letter by letter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol.types import Position

from tnc.diagnostics import Source, Span
from tnc.lsp.positions import Positions

LETTERS = st.text(st.sampled_from("a 𝒜é\u0301中\n\r'"), max_size=30)
UNITS = {"utf-8": lambda c: len(c.encode()), "utf-32": lambda c: 1,
         "utf-16": lambda c: 2 if ord(c) > 0xFFFF else 1}  # fmt: skip


@pytest.mark.parametrize("encoding", UNITS)
@given(text=LETTERS)
def test_positions_count_units(text: str, encoding: str) -> None:
    made, line, column = Positions(text, encoding), 0, 0
    for at, letter in enumerate(text):
        assert made.position(at) == Position(line, column)
        ends = letter == "\n" or (letter == "\r" and text[at + 1 : at + 2] != "\n")
        if letter not in "\r\n":
            assert made.offset(Position(line, column)) == at
        line, column = (line + 1, 0) if ends else (line, column + UNITS[encoding](letter))
    assert made.position(len(text)) == Position(line, column)


def test_positions_beyond_the_text() -> None:
    made = Positions("ab\r\ncd")
    assert made.offset(Position(0, 99)) == 2
    assert made.offset(Position(9, 0)) == 6
    assert made.position(6) == Position(1, 2)
    assert made.range(Span(Source("a", made.text), 4, 5)).start == Position(1, 0)


def test_a_position_within_a_letter_is_after_it() -> None:
    assert Positions("𝒜b").offset(Position(0, 1)) == 1
