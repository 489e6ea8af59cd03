"""Lines and columns: the numbers that every message shows."""

import pytest

from tnc.diagnostics import Source, Span


@pytest.mark.parametrize(
    ("text", "offset", "position"),
    [
        ("", 0, (1, 1)),
        ("ab", 2, (1, 3)),
        ("a\nbc", 2, (2, 1)),
        ("a\nbc", 4, (2, 3)),
        ("a\n", 2, (2, 1)),
        ("a\r\nb", 3, (2, 1)),
        ("a\rbc\r\rd", 3, (2, 2)),
        ("a\rbc\r\rd", 6, (4, 1)),
        ("a\r\r\nb", 4, (3, 1)),
        ("é\U0001f600x", 2, (1, 3)),  # code points, neither bytes nor UTF-16 units
        ("\ufeffab", 1, (1, 1)),  # a byte order mark takes no column
        ("\ufeffab\nc", 4, (2, 1)),
        ("\ufeffab", 0, (1, 1)),
    ],
)
def test_position(text: str, offset: int, position: tuple[int, int]) -> None:
    assert Source("f.tnn", text).position(offset) == position


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("a\nb", ["a", "b"]),
        ("a\r\nb\r\n", ["a", "b", ""]),
        ("a\rb\r\r", ["a", "b", "", ""]),
        ("\ufeffa\n\nb", ["a", "", "b"]),
    ],
)
def test_lines(text: str, lines: list[str]) -> None:
    source = Source("f.tnn", text)
    assert [source.line(k) for k in range(1, len(source.starts) + 1)] == lines
    assert source.line(len(lines) + 1) == source.line(0) == ""


def test_a_span_says_where_it_begins_and_ends() -> None:
    span = Source("f.tnn", "let a =\n  b + c\n").span(4, 14)
    assert (span.file, span.line, span.column, span.end_line, span.end_column) == (
        "f.tnn", 1, 5, 2, 7,
    )  # fmt: skip
    assert span.text == "a =\n  b + "


def test_spans_join() -> None:
    source = Source("f.tnn", "a * b")
    assert source.span(4, 5).to(source.span(0, 1)) == source.everything()
    with pytest.raises(ValueError, match="two sources"):
        source.span(0, 1).to(Source("f.tnn", "a * b").span(4, 5))


def test_sources_are_told_apart_by_identity() -> None:
    one, other = Source("f.tnn", "a"), Source("f.tnn", "a")
    assert one != other
    assert one.span(0, 1) == Span(one, 0, 1) != other.span(0, 1)
    assert len({one.span(0, 1), Span(one, 0, 1), other.span(0, 1)}) == 2


def test_a_stretch_encloses_what_lies_within_it() -> None:
    source, other = Source("a.tnn", "abcdef"), Source("a.tnn", "abcdef")
    outer = source.span(1, 4)
    assert outer.encloses(outer)
    assert outer.encloses(source.span(2, 3))
    assert not outer.encloses(source.span(0, 3))
    assert not outer.encloses(source.span(2, 5))
    assert not outer.encloses(other.span(2, 3))
