"""The human rendering, letter by letter."""

import re
from textwrap import dedent

import pytest

from tnc.diagnostics import NOWHERE, Diagnostic, Help, Label, Source
from tnc.diagnostics.picture import WIDEST
from tnc.diagnostics.render import human

CONV = Source(
    "conv.tnn",
    dedent("""\
        tnn 1

        ## 2-D convolution.
        layer CPConv(S: int, T: int, R: int = 16, k: int = 3) {
          mode n, h, w, s: S, t: T, r: R, i: k, j: k
          conv(pad: same) h' = h * i, w' = w * j

          input x[n, s, h, w]
          weight A[r, s], B[r, t], C[r, i], D[r, j]

          output y[n, t, h', w] = x * A * B * C * D
        }
    """),
)


def label(source: Source, text: str, said: str = "", primary: bool = False) -> Label:
    """A label at the only place where `text` stands."""
    assert source.text.count(text) == 1, text
    start = source.text.index(text)
    return Label(source.span(start, start + len(text)), said, primary)


def error(*labels: Label, notes: tuple[str, ...] = (), help: tuple[Help, ...] = ()) -> Diagnostic:
    return Diagnostic("E0999", "error", "wrong", labels, notes, help)


def drawn(*labels: Label) -> str:
    """The rendering without the two lines at its head, after a line break."""
    return "\n" + "\n".join(human([error(*labels)]).splitlines()[2:]) + "\n"


def test_the_picture_of_the_design() -> None:
    end = CONV.text.index("* D\n") + 2
    declared = CONV.text.index("w' = ")
    diagnostic = Diagnostic(
        "E0203",
        "error",
        "`j` takes part in a convolution whose result `w'` is not kept",
        (
            Label(CONV.span(end, end + 1), "only this factor carries `j`", primary=True),
            Label(CONV.span(declared, declared + 2), "convolution declared here"),
            label(CONV, "[n, t, h', w]", "and the result does not keep it"),
        ),
        (),
        (Help("did you mean `w'`: `y[n, t, h', w']`"),),
    )
    assert human([diagnostic]) == dedent("""\
        error[E0203]: `j` takes part in a convolution whose result `w'` is not kept
          --> conv.tnn:11:43
           |
         6 |   conv(pad: same) h' = h * i, w' = w * j
           |                               -- convolution declared here
        ...
        11 |   output y[n, t, h', w] = x * A * B * C * D
           |           -------------                   ^ only this factor carries `j`
           |           |
           |           and the result does not keep it
           |
           = help: did you mean `w'`: `y[n, t, h', w']`""")


def test_three_labels_on_a_line() -> None:
    source = Source("f.tnn", "output y = aa * bb * cc\n")
    labels = (
        label(source, "bb", "second", primary=True),
        label(source, "cc", "third"),
        label(source, "aa", "first"),
    )
    assert drawn(*labels) == dedent("""
          |
        1 | output y = aa * bb * cc
          |            --   ^^   -- third
          |            |    |
          |            |    second
          |            first
    """)


def test_a_label_within_another() -> None:
    source = Source("f.tnn", "output y = aa * bb\n")
    outer, inner = label(source, "aa * bb", "product"), label(source, "bb", "factor", primary=True)
    assert drawn(inner, outer) == dedent("""
          |
        1 | output y = aa * bb
          |            -----^^
          |            |    |
          |            |    factor
          |            product
    """)


def test_labels_that_begin_together() -> None:
    source = Source("f.tnn", "output y = aa * bb\n")
    outer, inner = label(source, "aa * bb", "product"), label(source, "aa", "factor", primary=True)
    assert drawn(inner, outer) == dedent("""
          |
        1 | output y = aa * bb
          |            ^^----- product
          |            |
          |            factor
    """)


def test_a_label_without_text_has_no_row_of_its_own() -> None:
    source = Source("f.tnn", "output y = aa * bb\n")
    assert drawn(label(source, "bb", "here", primary=True), label(source, "aa")) == dedent("""
          |
        1 | output y = aa * bb
          |            --   ^^ here
    """)


def test_one_line_between_is_shown_and_more_are_elided() -> None:
    source = Source("f.tnn", "".join(f"line{k}\n" for k in range(1, 12)))
    labels = [label(source, f"line{k}", str(k), k == 9) for k in (9, 2, 4, 5, 11)]
    assert drawn(*labels) == dedent("""
           |
         2 | line2
           | ----- 2
         3 | line3
         4 | line4
           | ----- 4
         5 | line5
           | ----- 5
        ...
         9 | line9
           | ^^^^^ 9
        10 | line10
        11 | line11
           | ------ 11
    """)


def test_several_lines_are_marked_on_the_first() -> None:
    source = Source("f.tnn", "let a =\n  b\n")
    assert drawn(Label(source.span(4, 11), "here", primary=True)) == dedent("""
          |
        1 | let a =
          |     ^^^ here
    """)


def test_an_empty_span_is_one_mark_wide() -> None:
    source = Source("f.tnn", "let a =")
    assert drawn(Label(source.span(7, 7), "here", primary=True)) == dedent("""
          |
        1 | let a =
          |        ^ here
    """)


@pytest.mark.parametrize(
    ("line", "shown", "before"),
    [
        ("\tlet X", "    let X", 8),  # a tab is four blanks
        ("数据 X", "数据 X", 5),  # wide letters take two cells
        ("e\u0301 X", "e\u0301 X", 2),  # an accent takes none
        ("a\x1b[31m X", "a�[31m X", 7),  # nothing that moves the cursor
        ("a X\r", "a X", 2),
    ],
)
def test_marks_stand_below_what_they_mark(line: str, shown: str, before: int) -> None:
    source = Source("f.tnn", f"{line}\n")
    rows = human([error(label(source, "X", primary=True))]).splitlines()
    assert rows[3:] == [f"1 | {shown}", f"  | {' ' * before}^"]


def test_a_very_long_line_is_cropped_around_the_mark() -> None:
    source = Source("f.tnn", "a" * 5000 + "X" + "b" * 5000 + "Y\n")
    labels = label(source, "X", "here", primary=True), label(source, "Y", "and far away")
    _, _, _, line, marks, *_ = human([error(*labels)]).splitlines()
    assert line.startswith("1 | …aaa")
    assert line.endswith("bbb…")
    assert len(line) == len("1 | ") + WIDEST + 2
    assert line.index("X") == marks.index("^")
    assert marks.endswith("- and far away")


def test_several_files() -> None:
    one, other = Source("a.tnn", "import .b\n"), Source("b.tnn", "\n\nimport .a\n")
    labels = label(one, ".b", "imported here", primary=True), label(other, ".a", "and there")
    assert human([error(*labels)]) == dedent("""\
        error[E0999]: wrong
         --> a.tnn:1:8
          |
        1 | import .b
          |        ^^ imported here
         ::: b.tnn:3:8
          |
        3 | import .a
          |        -- and there""")


def test_notes_and_help_follow() -> None:
    source = Source("f.tnn", "x\n")
    notes, help = ("one\ntwo",), (Help("three"),)
    lines = human([error(label(source, "x", primary=True), notes=notes, help=help)]).splitlines()
    assert lines[5:] == ["  |", "  = note: one", "          two", "  = help: three"]


def test_what_no_text_stands_for_is_told_in_notes() -> None:
    assert human([error(Label(NOWHERE, "built in Python", primary=True))]) == dedent("""\
        error[E0999]: wrong
         --> <built>:1:1
          |
          = note: built in Python""")


def test_at_most_twenty() -> None:
    source = Source("f.tnn", "x\n")
    diagnostics = [error(label(source, "x", primary=True))] * 23
    shown = human(diagnostics)
    assert shown.count("error[E0999]") == 20
    assert shown.endswith("\n\n… and 3 more")
    assert "more" not in human(diagnostics[:20])


def test_colours_change_nothing_but_the_colours() -> None:
    source = Source("f.tnn", "a * b\n")
    labels = label(source, "b", "here", primary=True), label(source, "a", "there")
    diagnostic = error(*labels, notes=("note",))
    coloured = human([diagnostic], colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == human([diagnostic])
    assert "\x1b[1;31m^" in coloured
    assert "\x1b[1;34m-" in coloured
    assert "\x1b" not in human([diagnostic])
