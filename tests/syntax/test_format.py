"""The canonical form, rule by rule. That nothing is lost: tests/property/test_formatting.py."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from tnc.diagnostics import CompileError, Source
from tnc.syntax.format import WIDTH, formatted


def form(text: str) -> str:
    once = formatted(Source("a.tnn", text))
    assert formatted(Source("a.tnn", once)) == once
    return once


def body(text: str) -> str:
    """The canonical form of statements of a layer."""
    whole = form(f"layer L {{\n{indent(dedent(text), '  ')}}}\n")
    inner = whole.removeprefix("layer L {\n").removesuffix("}\n")
    assert whole == f"layer L {{\n{inner}}}\n"
    return dedent(inner)


def check(before: str, after: str) -> None:
    assert body(before) == dedent(after)
    assert body(after) == dedent(after)


A, B, C = (letter * 35 for letter in "abc")

# ---------------------------------------------------------------- white space


def test_blanks() -> None:
    check(
        """\
          mode n,h[ i  in 1 ..d ] :S [i],c=( s ... )
        conv( stride :2 )h'=h*i
        weight ( init:zeros )A[r,s]
        let z [n]=-( a+b )* c//2 mod 3 |>f( 1,x :2 )|>repeat( 3 )g  require not a==b,"why"
        """,
        """\
        mode n, h[i in 1..d]: S[i], c = (s...)
        conv(stride: 2) h' = h * i
        weight(init: zeros) A[r, s]
        let z[n] = -(a + b) * c // 2 mod 3 |> f(1, x: 2) |> repeat (3) g
        require not a == b, "why"
        """,
    )


def test_literals_stay_as_they_are_written() -> None:
    text = 'let a = [007, 1e-3, 1.50, "\\d \\t \\"", 1E5, (a), ((b))]\n'
    assert body(text) == text


def test_needless_commas_and_parentheses_go() -> None:
    check("let a = f(1, (2,), [3,],)\n", "let a = f(1, (2), [3])\n")
    assert form("layer L() {}\nextern f() = g\n") == "layer L {}\n\nextern f() = g\n"


def test_empty_lines() -> None:
    """Statements may stand apart; layers and tests do."""
    text = "tnn 1\nimport a\n\n\n\nimport b\nlayer L {\n\n  mode n\n\n\n  mode m\n  mode k\n\n}\n"
    text += 'layer M {}\n# about T\ntest "t" { }\n\nlet a = 1\nlet b = 2\n\n\n'
    assert form(text) == (
        "tnn 1\nimport a\n\nimport b\n\nlayer L {\n  mode n\n\n  mode m\n  mode k\n}\n\n"
        'layer M {}\n\n# about T\ntest "t" {}\n\nlet a = 1\nlet b = 2\n'
    )


def test_line_ends_are_those_of_the_text() -> None:
    assert form("mode".replace("mode", "let a=1\r\nlet b=2\n")) == "let a = 1\r\nlet b = 2\r\n"
    assert form("let a=1\nlet b=2\r\n") == "let a = 1\nlet b = 2\n"
    assert form("\ufeff\r\n\r\nlet a=1") == "\ufefflet a = 1\r\n"


@pytest.mark.parametrize("text", ["", "\n \n", "\ufeff"])
def test_nothing(text: str) -> None:
    assert form(text) == text.strip()


# ---------------------------------------------------------------- long lines


def test_parameters_that_are_too_many_stand_one_a_line() -> None:
    check_item = f"layer L({A}: int, {B}: int, {C}: int) {{\n}}\n"
    assert form(check_item) == f"layer L(\n  {A}: int,\n  {B}: int,\n  {C}: int,\n) {{}}\n"


def test_a_line_may_be_full() -> None:
    full = "let a = f(" + "x" * (WIDTH - 13) + ")\n"
    assert len(f"  {full}".rstrip()) == WIDTH
    assert body(full) == full
    assert body(full.replace("x)", "xx)")).count("\n") == 3


def test_the_last_comma_needs_room() -> None:
    """In a list that is broken, a comma follows the last item."""
    item = "x" * (WIDTH - 9)
    row = f"    1, {item}"
    assert len(row) == WIDTH - 2
    kept = f"let a = [\n  1, {item},\n]\n"
    check(kept.replace(",\n]", "\n]"), kept)
    check(kept.replace("x,", "xx,"), kept.replace("x,", "xx,"))
    check(kept.replace("x,", "xxx"), f"let a = [\n  1,\n  {item}xx,\n]\n")
    call = f"f({'x' * (WIDTH - 7)})"
    assert len(f"    {call}") == WIDTH
    inner = call[2:-1]
    check(f"let a = [1, {call[:-1]}]\n".replace("x]", "x)]"),
          f"let a = [\n  1,\n  f(\n    {inner},\n  ),\n]\n")  # fmt: skip


def test_operators_begin_lines() -> None:
    check(
        f"let z[n] = {A} * {B} * f(x) * {C} + d * e - 1\n",
        f"let z[n] = {A}\n    * {B}\n    * f(x)\n    * {C}\n  + d * e\n  - 1\n",
    )
    check(f"let z = {A} |> {B} |> {C}\n", f"let z = {A}\n  |> {B}\n  |> {C}\n")
    check(f'require {A} and {B}, "{C}"\n', f'require {A} and {B},\n  "{C}"\n')


def test_cases_begin_lines() -> None:
    check(
        f"let z = if a then {A} else if b then {B} else {C}\n",
        f"let z = if a then {A}\n  else if b then {B}\n  else {C}\n",
    )


def test_operators_in_parentheses_are_not_indented() -> None:
    check(
        f"let z = ({A} + {B} + {C}) * d\n",
        f"let z = (\n  {A}\n  + {B}\n  + {C}\n)\n  * d\n",
    )


def test_declarations_fill_lines() -> None:
    check(
        f"weight {A}[n], b[n], {B}[n], {C}[n], d[n]\n",
        f"weight {A}[n], b[n], {B}[n],\n  {C}[n], d[n]\n",
    )


def test_targets_of_externs_have_their_own_lines() -> None:
    assert form(f"extern N({A}: int): [n] -> [{B}] = f(1, 2, {C})\n") == (
        f"extern N({A}: int): [n] -> [{B}]\n  = f(1, 2, {C})\n"
    )
    assert form(f"extern N({A}: int): [n] -> [{B}] = (if a then {B} else {C})\n") == (
        f"extern N({A}: int): [n] -> [{B}] = (\n  if a then {B} else {C}\n)\n"
    )


# ---------------------------------------------------------------- lines of the writer


def test_lists_that_are_broken_after_the_bracket_stay_broken() -> None:
    check("let a = [\n1, 2,\n  3, 4]\n", "let a = [\n  1, 2,\n  3, 4,\n]\n")
    check("let a = f(x,\n  y,\n)\n", "let a = f(x, y)\n")
    assert form("layer L(\n S, T,\n R) {\n}") == "layer L(\n  S, T,\n  R,\n) {}\n"


def test_rows_that_are_too_long_are_given_up() -> None:
    check(f"let a = [\n  1, 2,\n  {A}, {B}, {C},\n]\n",
          f"let a = [\n  1,\n  2,\n  {A},\n  {B},\n  {C},\n]\n")  # fmt: skip


def test_rows_of_one_item_may_be_too_long() -> None:
    text = f"let a = x\n  |> f |> g\n  |> f(\n    {A},\n    {B},\n    {C},\n  )\n"
    check(f"let a = x\n  |> f |> g\n  |> f({A}, {B}, {C})\n", text)


def test_operands_that_are_broken_before_the_first_operator_stay_broken() -> None:
    check("let a = x\n|> f |> g\n  |> h\n", "let a = x\n  |> f |> g\n  |> h\n")
    check("let a = x *\n  y * z\n", "let a = x\n  * y * z\n")
    check("let a = x * y\n * z\n", "let a = x * y * z\n")


# ---------------------------------------------------------------- comments


def test_comments_at_line_ends() -> None:
    """Two blanks, or below each other where they were."""
    check("mode n# a\nmode mm        # b\n", "mode n  # a\nmode mm  # b\n")
    check(
        "mode n             # a\nmode m, k,    l# b\nmode m      # c\nmode kkk    # d\n",
        "mode n  # a\nmode m, k, l  # b\nmode m    # c\nmode kkk  # d\n",
    )
    check(
        "mode n      # a\n            # goes on\n# own\n", "mode n  # a\n        # goes on\n# own\n"
    )


def test_a_comment_below_another_belongs_to_what_it_is_above() -> None:
    text = "let a = 1 # x\n          # y\n          let b = 2\n"
    assert form(text) == "let a = 1  # x\n# y\nlet b = 2\n"


def test_comments_on_their_own() -> None:
    text = "# first\nmode n\n# second\n\n# third\nmode m\n\n# last\n"
    check(text, text)
    assert form("# a\n\n\n# b\ntnn 1\nlayer L {\n# in\n}# beside\n\n# end") == (
        "# a\n\n# b\ntnn 1\n\nlayer L {\n  # in\n}  # beside\n\n# end\n"
    )


def test_comments_in_lists() -> None:
    check(
        "let a = f( # why\nx # x\n , y # y\n # own\n)\n",
        "let a = f(  # why\n  x,  # x\n  y,  # y\n  # own\n)\n",
    )


def test_comments_among_operands() -> None:
    check(
        "let a = x * # x\n # own\n y\n# next\nmode n\n",
        "let a = x  # x\n  # own\n  * y\n# next\nmode n\n",
    )


def test_comments_where_no_line_would_end() -> None:
    check("let # odd\n  a = 1\n", "let  # odd\n  a = 1\n")


def test_documentation() -> None:
    text = "##a\n##\n##   b\nlayer L(\n## the size\nS: int) {\n  ## w\n  weight W[n]\n}\n"
    assert form(text) == (
        "## a\n##\n##   b\nlayer L(\n  ## the size\n  S: int,\n) {\n  ## w\n  weight W[n]\n}\n"
    )


def test_documentation_of_nothing_stays_where_it_documents_nothing() -> None:
    assert form("layer L(S: int ## s\n, T: int\n## t\n, R: int) {}") == (
        "layer L(\n  S: int  ## s\n    ,\n  T: int\n    ## t\n    ,\n  R: int,\n) {}\n"
    )


# ---------------------------------------------------------------- what cannot be formatted


def test_a_text_with_errors() -> None:
    with pytest.raises(CompileError) as refused:
        formatted(Source("a.tnn", "layer L {"))
    assert [each.code for each in refused.value.diagnostics if each.severity == "error"] == [
        "E0003"
    ]


def test_chains_and_nesting_may_be_long() -> None:
    chain = " * ".join(["a"] * 5000)
    assert body(f"let z = {chain}\n").count("\n") == 5000
    nested = "let z = " + "f(" * 95 + "x" + ")" * 95 + "\n"
    assert body(nested).count("f(") == 95
    groups = "let z = " + "(" * 190 + "x" + ")" * 190 + "\n"
    assert body(groups).count("(") == 190
    mixed = "let z = " + "a + b - " * 90 + "c\n"
    assert body(mixed).count("- ") == 90
