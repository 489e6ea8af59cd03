"""Each mistake: its code, its place, and what is made of the text all the same."""

from __future__ import annotations

import pytest

from tests.syntax.reading import expression, places, read
from tnc.diagnostics import Diagnostic, Report, Source
from tnc.syntax import tree
from tnc.syntax.parse import parse_expression
from tnc.syntax.unparse import statement_text

HEAD = "tnn 1\nlayer L(S: int) {\n"  # what follows begins on line 3


def only(text: str) -> Diagnostic:
    (diagnostic,) = read(text)[1]
    return diagnostic


def statements(text: str) -> list[str]:
    """The statements of the first layer, as they were understood."""
    layer = next(each for each in read(text)[0].items if isinstance(each, tree.Layer))
    return [statement_text(each) for each in layer.body]


def applied(text: str) -> str:
    """The text after every edit that is suggested, from the last to the first."""
    edits = [edit for each in read(text)[1] for help in each.help for edit in help.edits]
    for edit in sorted(edits, key=lambda each: each.span.start, reverse=True):
        text = text[: edit.span.start] + edit.replacement + text[edit.span.end :]
    return text


@pytest.mark.parametrize(
    ("line", "place", "message"),
    [
        ("let a = b $ * c", "E0001 3:11", "unexpected character `$`"),
        ("let a = b × c", "E0001 3:11", "unexpected character `×` (U+00D7)"),
        ("let a = b\u00a0* c", "E0001 3:10", "unexpected character U+00A0 (no-break space)"),
        ("let a² = b", "E0001 3:6", "unexpected character `²` (U+00B2) in a name"),
        ("let a' = b", "E0001 3:6", "unexpected character `'`"),
        ("mode n; let a = b", "E0001 3:7", "unexpected character `;`"),
        ("let a = b * * c", "E0002 3:13", "unexpected `*`, expected an expression"),
        ("let a = b c d e", "E0004 3:10", "missing `*`"),
        ("let = b", "E0002 3:5", "unexpected `=`, expected a name"),
        ("mode n,, h", "E0002 3:8", "unexpected `,`, expected a name"),
        ("input x(n, (g, s))", "E0002 3:8", "unexpected `(`, expected `[`"),
        ("weight A(s), B[s]", "E0002 3:9", "unexpected `(`, expected `[`"),
        ("mode n\na[n] = b\nlet c = a", "E0002 4:1", "unexpected `a`, expected a statement"),
        ("mode n\na = b", "E0002 4:1", "unexpected `a`, expected a statement"),
        ("modes n", "E0002 3:1", "unexpected `modes`, expected `mode`"),
        ("let a = f(b, c=1)", "E0002 3:15", "unexpected `=`, expected `:`"),
        ("let a = b[c)", "E0002 3:12", "unexpected `)`, expected `]`"),
        ("let a = (b))", "E0002 3:12", "unexpected `)`, expected `}`, an operator or a statement"),
        ("let a = (b..)", "E0002 3:11", "unexpected `..`, expected `...`"),
        ("let a == b", "E0002 3:7", "unexpected `==`, expected `=`"),
        ("let a = b |> c |>", "E0002 4:1", "unexpected `}`, expected `repeat` or an expression"),
        ("let a = 12345678901234567890", "E0002 3:9", "unexpected number, expected a smaller one"),
        ("let a = 1e999", "E0002 3:9", "unexpected number, expected a smaller one"),
        (
            "let a = repeat (3) b",
            "E0002 3:9",
            "unexpected keyword `repeat`, expected an expression",
        ),
        ("let a = b[c", "E0003 3:10", "`[` is never closed"),
        ("let a = f(g(b", "E0004 3:14", "missing `)`"),
        ("let a = f(b", "E0004 3:12", "missing `)`"),
        ("conv(pad: same h' = h * i", "E0004 3:15", "missing `)`"),
        ("let a b * c", "E0004 3:6", "missing `=`"),
        ("conv h' = h i", "E0004 3:12", "missing `*`"),
        ("conv h' = h * i w' = w * j", "E0004 3:16", "missing `,`"),
        ("weight A[r, s] B[r]", "E0004 3:15", "missing `,`"),
        ("weight A[r s]", "E0004 3:11", "missing `,`"),
        ("mode n h", "E0004 3:7", "missing `,`"),
        ("input x[n, (g s)]", "E0004 3:14", "missing `,`"),
        ("input x[(g s), n]", "E0004 3:11", "missing `,`"),
        ("let a = b[n, (g s)] * c", "E0004 3:16", "missing `,`"),
        ("let a = b[f(g s)]", "E0004 3:14", "missing `*`"),
        ("let a = b[2 * (g s)]", "E0004 3:17", "missing `*`"),
        ("let a = (g s)", "E0004 3:11", "missing `*`"),
        ("conv() h' = h * i", "E0002 3:6", "unexpected `)`, expected an option"),
        ("weight() A[s]", "E0002 3:8", "unexpected `)`, expected an option"),
        (
            "let a = f()) * b",
            "E0002 3:12",
            "unexpected `)`, expected `}`, an operator or a statement",
        ),
        ("mode s: S t: S", "E0004 3:10", "missing `,`"),
        ("mode in: 3", "E0005 3:6", "keyword `in` used as a name"),
        ("let a = if", "E0002 4:1", "unexpected `}`, expected an expression"),
        ("let a = b * in", "E0005 3:13", "keyword `in` used as a name"),
        ("weight A[out, mod]", "E0005 3:15", "keyword `mod` used as a name"),
        ('require a, "b', "E0006 3:12", "string is never closed"),
        ("## stray\nmode n", "W0002 3:1", "doc comment documents nothing"),
        ("mode n  ## stray\nlet a = b", "W0002 3:9", "doc comment documents nothing"),
    ],
)
def test_in_a_statement(line: str, place: str, message: str) -> None:
    first, *others = read(f"{HEAD}{line}\n}}\n")[1]
    assert (f"{first.code} {first.span.line}:{first.span.column}", first.message) == (
        place,
        message,
    )
    assert {each.code for each in others} <= {first.code}


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("tnn 2\n", "E0007 1:5", "unknown edition `2`"),
        ("tnn\n", "E0002 1:4", "unexpected end of the text, expected a number"),
        ("tnn one\n", "E0002 1:5", "unexpected `one`, expected a number"),
        ("tnn 1\ntnn 1\n", "E0002 2:1", "unexpected keyword `tnn`, expected a declaration"),
        ("tnn 1\nmode n\n", "E0002 2:1", "unexpected keyword `mode`, expected a declaration"),
        ("tnn 1\n}\n", "E0002 2:1", "unexpected `}`, expected a declaration"),
        ("tnn 1\nlayer {}\n", "E0002 2:7", "unexpected `{`, expected a name"),
        ("tnn 1\nlayer L mode n }\n", "E0004 2:8", "missing `{`"),
        ("tnn 1\nlayer L(S int) { }\n", "E0004 2:10", "missing `:`"),
        ("tnn 1\nlayer L(S: ) { }\n", "E0002 2:12", "unexpected `)`, expected a type"),
        ("tnn 1\nlayer L(S: int { }\n", "E0004 2:15", "missing `)`"),
        ("tnn 1\nlayer L {\n", "E0003 2:9", "`{` is never closed"),
        ("tnn 1\nlayer L {\nlayer M { }\n", "E0003 2:9", "`{` is never closed"),
        ("tnn 1\nfrom std.nn relu\n", "E0002 2:13", "unexpected `relu`, expected `.` or `import`"),
        ("tnn 1\nlayr L { }\n", "E0002 2:1", "unexpected `layr`, expected `layer`"),
        ('tnn 1\ntest "a { }\n', "E0006 2:6", "string is never closed"),
        ("layer L { }\n", "W0001 1:1", "the text does not say its edition"),
        ("", "W0001 1:1", "the text does not say its edition"),
        ("\ufeff", "W0001 1:1", "the text does not say its edition"),
    ],
)
def test_in_a_file(text: str, place: str, message: str) -> None:
    first, *_ = read(text)[1]
    assert (f"{first.code} {first.span.line}:{first.span.column}", first.message) == (
        place,
        message,
    )


# ---------------------------------------------------------------- what is read all the same


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("let a = b × c · d ⊗ e", "let a = b * c * d * e"),
        ("let a = b − c", "let a = b - c"),
        ("let a = b ≤ c", "let a = b <= c"),
        ("let a = b % c", "let a = b mod c"),
        ("let a = (b…)", "let a = (b...)"),
        ("mode h′", "mode h'"),
        ("let a = b[c", "let a = b[c]"),
        ("let a = f(g(b", "let a = f(g(b))"),
        ("let a b * c", "let a = b * c"),
        ("weight A[r s]", "weight A[r, s]"),
        ("let a = f(b, c=1)", "let a = f(b, c: 1)"),
        ("let a = (b))", "let a = (b)"),
        ("mode n,, h", "mode n, h"),
        ("modes n", "mode n"),
        ("input x(n, (g, s))", "input x[n, (g, s)]"),
        ("a[n, (g, s)] = b", "output a[n, (g, s)] = b"),
        ("inptu x[n]", "input x[n]"),
    ],
)
def test_what_was_meant(line: str, meant: str) -> None:
    text = f"{HEAD}{line}\nmode z\n}}\n"
    assert statements(text) == [meant, "mode z"]
    assert places(applied(text)) == []


def test_a_keyword_is_read_as_the_name_it_was_meant_to_be() -> None:
    text = HEAD + "mode in: 3\nweight A[in, out]\n}"
    assert statements(text) == ["mode in: 3", "weight A[in, out]"]
    assert places(text) == ["E0005 3:6", "E0005 4:10"]


def test_an_unknown_character_is_one_mistake() -> None:
    assert places(f"{HEAD}let a = b $ c\n}}") == ["E0001 3:11"]
    assert places(f"{HEAD}let a = b && c\n}}") == ["E0001 3:11"]
    assert places(f"{HEAD}let a = $\n}}") == ["E0001 3:9"]
    assert places(f"{HEAD}let a = $$$ ? b\n}}") == ["E0001 3:9", "E0001 3:13"]


@pytest.mark.parametrize(
    ("line", "help", "mended"),
    [
        ("let a =\u00a0b", "write a blank instead", "let a = b"),
        ("let a =\u2003\u2003b", "write a blank instead", "let a = b"),
        ("let a = b $ * c", "leave it out", "let a = b $ * c"),
        ("let a = b\u200b", "leave it out", "let a = b\u200b"),
    ],
)
def test_an_unknown_character_has_a_next_step(line: str, help: str, mended: str) -> None:
    text = f"{HEAD}{line}\n}}"
    assert [each.message for each in only(text).help] == [help]
    assert applied(text) == f"{HEAD}{mended}\n}}"


def test_a_string_keeps_what_is_in_it() -> None:
    report = Report()
    found = parse_expression(Source("e", '"a $ × #"'), report)
    assert isinstance(found, tree.String)
    assert (found.value, report.diagnostics) == ("a $ × #", ())
    assert expression('"##"').span.text == '"##"'


# ---------------------------------------------------------------- several mistakes


SEVERAL = """\
tnn 1
layer One(S int) {
  mode n, s: S
  input x[n, s
  weight A[s, t]] B[s]
  let a = x * * A
  output y[n] = relu(x A
}
layer Two {
  mode n
  input x[n]
  output y[n] = x × x
  outputs z[n] = x
layer Three {
  mode n
}
}
test "four {
  assert 1 == == 2
}
layer Five { mode n }
"""


def test_independent_mistakes_in_one_run() -> None:
    assert places(SEVERAL) == [
        "E0004 2:12",  # S: int
        "E0003 4:10",  # x[n, s
        "E0004 5:17",  # , B[s]
        "E0002 5:17",  # ]]
        "E0002 6:15",  # * *
        "E0004 7:23",  # x * A
        "E0004 7:25",  # relu(
        "E0003 9:11",  # layer Two
        "E0001 12:19",  # ×
        "E0002 13:3",  # outputs
        "E0002 17:1",  # }
        "E0006 18:6",  # "four
        "E0004 18:13",  # {
        "E0002 19:15",  # == ==
    ]
    items = read(SEVERAL)[0].items
    assert [each.name.text for each in items if isinstance(each, tree.Layer)] == [
        "One", "Two", "Three", "Five",
    ]  # fmt: skip


def test_a_statement_that_cannot_be_read_is_left_out() -> None:
    text = HEAD + "mode n, h\nlet a = * ) b\nlet c = n\n}\nlayer M { mode k }\n"
    file, (diagnostic,) = read(text)
    assert diagnostic.span.line == 4
    assert statements(text) == ["mode n, h", "let c = n"]
    broken, whole = file.items
    assert isinstance(broken, tree.Layer)
    assert isinstance(whole, tree.Layer)
    assert (broken.poisoned, whole.poisoned, file.poisoned) == ({"a", "b"}, set(), set())
    assert (broken.incomplete, whole.incomplete) == (True, False)


def test_a_header_that_cannot_be_read_leaves_its_body() -> None:
    file, (diagnostic,) = read("tnn 1\nlayer L(S: = 3, T: layer, U: [layer]) {\n  mode n\n}\n")
    assert diagnostic.span.column == 12
    (layer,) = file.items
    assert isinstance(layer, tree.Layer)
    assert (layer.params, len(layer.body), layer.incomplete) == ((), 1, True)
    assert {"S", "T", "U"} <= layer.poisoned


def test_a_layer_without_a_name_is_skipped_as_a_whole() -> None:
    file, said = read("tnn 1\nlayer {\n  let a = 1\n  mode n\n}\nlayer M { mode k }\n")
    assert len(said) == 1
    assert [each.name.text for each in file.items if isinstance(each, tree.Layer)] == ["M"]
    assert "a" in file.poisoned


def test_a_statement_is_not_blamed_for_what_follows_it() -> None:
    text = HEAD + "mode n\nin nonsense\nmode k\n}\n"
    assert statements(text) == ["mode n", "mode k"]
    assert places(text) == ["E0002 4:1"]


def test_labels_tell_where_a_bracket_was_opened() -> None:
    diagnostic = only(HEAD + "let a = f(b\nlet c = d\n}")
    assert [(each.span.line, each.span.column, each.text) for each in diagnostic.labels] == [
        (3, 12, "`)` expected here"),
        (3, 10, "opened here"),
    ]
    diagnostic = only(HEAD + "let a = b[c\nlet c = d\n}")
    assert [(each.span.line, each.span.column, each.text) for each in diagnostic.labels] == [
        (3, 10, "opened here"),
        (4, 1, "`]` expected before this"),
    ]


def test_a_mistake_on_another_line_says_in_which_statement() -> None:
    diagnostic = only(HEAD + "let a =\n  |> f\n}")
    assert [(each.span.line, each.text) for each in diagnostic.labels[1:]] == [
        (3, "in this statement")
    ]


def test_help_for_what_has_no_meaning_here() -> None:
    assert only(HEAD + "mode n; mode k\n}").help[0].message.startswith("statements need no end")
    assert only("tnn 9\n").help[0].message == "this compiler knows edition 1"
    (help,) = only(HEAD + "mode in\n}").help
    assert help.message == "choose another name, such as `in_`"
    assert applied(HEAD + "mode in\n}") == HEAD + "mode in_\n}"


def test_comments_that_document_nothing_stay_comments() -> None:
    file, said = read("tnn 1\nlayer L {\n  ## a\n  ## b\n  mode n  ## c\n}\n## d\n")
    assert [each.code for each in said] == ["W0002"] * 4
    assert [each.text for each in file.comments] == ["## a", "## b", "## c", "## d"]


def test_a_comment_beside_a_statement_does_not_document_the_next() -> None:
    file, _ = read(HEAD + "mode n  ## beside\n## above\nweight A[n]\n}")
    (layer,) = file.items
    assert isinstance(layer, tree.Layer)
    weight = layer.body[1]
    assert isinstance(weight, tree.Tensors)
    assert weight.doc == "above"


def test_windows_line_ends_change_nothing() -> None:
    text = "## doc\nlayer L {\n  let a = b $ c\n  mode n\n}\n"
    unix, windows = read(text), read(text.replace("\n", "\r\n"))
    assert unix[0] == windows[0]
    assert [(each.message, each.span.line, each.span.column) for each in unix[1]] == [
        (each.message, each.span.line, each.span.column) for each in windows[1]
    ]


# ---------------------------------------------------------------- depth


@pytest.mark.parametrize(
    ("open_", "close"),
    [("(", ")"), ("[", "]"), ("f(", ")"), ("a * (", ")"), ("-", ""), ("not ", ""),
     ("if a then b else ", ""), ("a[", "]")],
)  # fmt: skip
@pytest.mark.parametrize("depth", [201, 2500])
def test_too_deep(open_: str, close: str, depth: int) -> None:
    text = f"{HEAD}let a = {open_ * depth}b{close * depth}\nlet c = d\n}}"
    diagnostic = only(text)
    assert (diagnostic.code, diagnostic.span.line) == ("E0002", 3)
    assert diagnostic.message == "unexpected nesting, expected at most 200 levels"
    assert statements(text) == ["let c = d"]
    (layer,) = read(text)[0].items
    assert isinstance(layer, tree.Layer)
    assert "a" in layer.poisoned


@pytest.mark.parametrize("after", ["[0]", "(1)", ".b", "...", " |> f"])
def test_too_deep_to_the_left(after: str) -> None:
    text = f"{HEAD}let a = b{after * 300}\nlet c = d\n}}"
    assert only(text).message.startswith("unexpected nesting")
    assert statements(text) == ["let c = d"]


def test_deep_enough() -> None:
    assert places(f"{HEAD}let a = {'(' * 150}b{')' * 150}\n}}") == []
    assert places(f"{HEAD}let a = {'- ' * 150}b\n}}") == []


@pytest.mark.parametrize("opened", ["(", "[", "f(", "(a, ", "- ", "{", "layer L(", "repeat("])
def test_never_closed_thousands_of_times(opened: str) -> None:
    file, said = read(f"{HEAD}let a = {opened * 5000}")
    assert said
    assert isinstance(file, tree.File)


def test_expressions_on_the_command_line() -> None:
    for text, message in [
        ("CP(R: 16", "unexpected end of the text, expected `)`, `,` or an operator"),
        ("3 4", "unexpected `4`, expected the end of the text or an operator"),
        ("", "unexpected end of the text, expected an expression"),
        ("(" * 5000, "unexpected nesting, expected at most 200 levels"),
        ("(" * 250 + "1" + ")" * 250, "unexpected nesting, expected at most 200 levels"),
    ]:
        report = Report()
        assert parse_expression(Source("--set", text), report) is None
        assert [each.message for each in report.diagnostics] == [message]
