"""What is printed is what `ruff format` at 100 columns leaves alone, and free of unused names."""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import fields, is_dataclass
from inspect import cleandoc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.emit.handmade import CASES, Case, matmul, text_of
from tnc.emit.expression import flat, names, parse, quote, replace
from tnc.emit.prose import comment, docstring
from tnc.emit.statement import (
    assign,
    bracketed,
    call,
    define,
    delete,
    give,
    nothing,
    unpack,
    when,
)

RUFF = Path(sys.executable).parent / "ruff"
OPTIONS = ("--isolated", "--target-version", "py311", "--line-length", "100")


def ruff(*arguments: str, text: str) -> str:
    command = [RUFF, *arguments, "--stdin-filename", "generated.py", "-"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def unchanged(text: str) -> None:
    assert ruff("format", *OPTIONS, text=text) == text


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("backward", ["derived", "autograd", "auto"])
def test_modules(name: str, backward: str) -> None:
    text = text_of(CASES[name](), backward)
    unchanged(text)
    ruff("check", "--isolated", "--select", "E4,E7,E9,F,I,W", text=text)
    assert max(map(len, text.splitlines())) <= 100


# ------------------------------------------------------------------ random statements
NAMES = (
    st.text("abcdefgxyz_", min_size=1, max_size=14)
    .filter(lambda name: name.strip("_") != "" and not name.startswith("__"))
    .map(lambda name: f"{name}0")
)
NUMBERS = st.one_of(
    st.integers(-9, 4096), st.floats(allow_nan=False, allow_infinity=False), st.booleans()
).map(repr)
TEXTS = st.text(st.characters(codec="latin-1"), max_size=12).map(repr)
MANY = {"min_size": 1, "max_size": 7}


OPERATORS = st.sampled_from(["+", "-", "*", "/", "//", "%", "@"])


def _nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    listed = st.lists(inner, **MANY).map(", ".join)
    short = st.one_of(NAMES, NUMBERS)
    bound = st.one_of(NAMES, st.integers(-9, 4096).map(repr))
    called = st.one_of(
        st.builds("torch.{}({})".format, NAMES, listed),
        st.builds("torch.{}({}, {}={})".format, NAMES, listed, NAMES, inner),
        st.builds("{}.{}({})".format, NAMES, NAMES, listed),
    )
    return st.one_of(
        called,
        st.builds("{}.{}({})".format, called, NAMES, listed),
        st.builds("{}.{}({})[{}]".format, called, NAMES, listed, short),
        st.builds("({}) {} ({})".format, inner, OPERATORS, inner),
        st.builds("-({})".format, inner),
        st.builds("[{}]".format, listed),
        st.builds("({},)".format, listed),
        st.builds("{}[{}:({}) + {}]".format, NAMES, bound, bound, bound),
        st.builds("{}[:, None, ..., ({}) :, {}]".format, NAMES, bound, short),
    )


EXPRESSIONS = st.recursive(st.one_of(NAMES, NUMBERS, TEXTS), _nested, max_leaves=14)


def inside(lines: list[str]) -> str:
    return "\n".join(["def function():", *lines]) + "\n"


@settings(max_examples=300)
@given(EXPRESSIONS)
def test_expressions_keep_their_meaning(text: str) -> None:
    tree = parse(text)
    assert ast.dump(parse(flat(tree))) == ast.dump(tree)


@settings(max_examples=60)
@given(st.lists(st.tuples(NAMES, EXPRESSIONS), min_size=1, max_size=8))
def test_assignments(pairs: list[tuple[str, str]]) -> None:
    unchanged(inside([text for pair in pairs for text in assign("    ", [pair[0]], pair[1])]))


@settings(max_examples=50)
@given(st.lists(NAMES, min_size=1, max_size=12), st.sampled_from(["    ", " " * 8, " " * 12]))
def test_statements(words: list[str], margin: str) -> None:
    head = {4: [], 8: ["    if True:"], 12: ["    if True:", "        if True:"]}[len(margin)]
    lines = [
        *unpack(margin, words, "ctx.saved_tensors"),
        *nothing(margin, words),
        *call(margin, "ctx.save_for_backward", words),
        *bracketed(margin, "y = f.apply(", words, ")"),
        *delete(margin, words),
        *when(margin, [f"needs[{word}]" for word in words]),
        *give(margin + "    ", words),
    ]
    unchanged(inside([*head, *lines]))


@settings(max_examples=40)
@given(st.lists(NAMES, min_size=1, max_size=12), st.booleans())
def test_heads_of_functions(words: list[str], typed: bool) -> None:
    words = list(dict.fromkeys(words))
    parameters = [f"{word}: Tensor" for word in words] if typed else words
    lines = define("", "forward", parameters, "tuple[Tensor, Tensor]" if typed else "")
    unchanged("\n".join([*lines, "    return 1"]) + "\n")


@settings(max_examples=60)
@given(st.text(max_size=300), st.text(max_size=300))
def test_comments_and_docstrings(said: str, doc: str) -> None:
    lines = [*docstring("    ", doc), *comment("    ", said), "    return 1"]
    text = inside(lines)
    unchanged(text)
    assert len(ast.parse(text).body[0].body) == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize("end", ["", ".", '"', "\\", '\\"'])
@pytest.mark.parametrize("start", ["", '"', "\\n"])
def test_docstrings_say_what_they_were_given(start: str, end: str) -> None:
    for doc in (f"{start}One \\line{end}", f"{start}Two\n\n    lines\\{end}"):
        text = inside([*docstring("    ", doc), "    return 1"])
        unchanged(text)
        function = ast.parse(text).body[0]
        assert ast.get_docstring(function).strip() == cleandoc(doc)  # type: ignore[arg-type, union-attr]


@pytest.mark.parametrize(
    "text",
    [
        "a - (b - c) - d",
        "a / (b * c) * d",
        "(a + b) * -c",
        "-(a + b)",
        "-(a**2)",
        "(a + b).c[0].d(e, f=g)",
        "x[:, None, ..., 1:, n - 1 :, (0,)]",
        "torch.mm(a, b)[0]",
        "(a,)",
        "1e-05 * 3e16",
    ],
)
def test_expressions_have_the_fewest_parentheses(text: str) -> None:
    assert flat(parse(text)) == text


@given(st.one_of(st.text(), st.text("'\"\\ab\n", max_size=6)))
def test_literals(text: str) -> None:
    assert ast.literal_eval(quote(text)) == text


def test_a_long_chain_takes_several_statements() -> None:
    long = "torch.matmul(first, second).view(n, 16, 32).permute(0, 2, 1).reshape(n, 512)"
    assert assign("        ", ["y"], f"{long}.unsqueeze(1)") == [
        "        y = torch.matmul(first, second).view(n, 16, 32).permute(0, 2, 1).reshape(n, 512)",
        "        y = y.unsqueeze(1)",
    ]


def test_variables_are_replaced() -> None:
    assert replace("torch.mm(A, B.A) + f(A=A)", {"A": "self.A"}) == (
        "torch.mm(self.A, B.A) + f(A=self.A)"
    )
    assert names(parse("a.b + c(d=e)[f]")) == {"a", "c", "e", "f"}


def _renamed(case: Case, by: dict[str, str]) -> str:
    """The module of a program with other names of variables."""

    def walk(value: object) -> object:
        if isinstance(value, str):
            try:
                return replace(value, by) if value.isprintable() and value else value
            except SyntaxError:
                return value
        if isinstance(value, tuple):
            return tuple(walk(part) for part in value)
        if is_dataclass(value) and type(value).__name__ in {"Program", "Routine", "Line", "Invoke"}:
            kept = {"layer", "name", "comment", "origin", "needs", "symbols"}
            given = {
                field.name: getattr(value, field.name)
                if field.name in kept
                else walk(getattr(value, field.name))
                for field in fields(value)
            }
            return type(value)(**given)  # type: ignore[operator]
        return value

    program = walk(case.program)
    return text_of(Case(program, case.equation, case.shapes))  # type: ignore[arg-type]


@settings(max_examples=25)
@given(st.lists(NAMES, min_size=11, max_size=11, unique=True))
def test_modules_with_names_of_any_length(words: list[str]) -> None:
    given = ["y", "u", "y_bar", "B_bar", "u_bar", "x_bar", "A_bar", "x_dot", "A_dot", "B_dot"]
    text = _renamed(matmul(), dict(zip([*given, "u_dot"], words, strict=True)))
    unchanged(text)
    ruff("check", "--isolated", "--select", "F", text=text)


def test_a_sum_of_many_terms_is_no_deeper_than_one_of_two() -> None:
    text = "a * b" + " - a * b + c" * 450
    assert flat(parse(text)) == text


def test_a_sum_that_takes_several_statements_is_the_sum() -> None:
    """Addends too long for a line, each of which takes a variable on the way; and very many."""
    long = [" * ".join([letter * 45, letter * 46, letter * 47]) for letter in "abc"]
    known = {letter * count: ord(letter) + count for letter in "abc" for count in (45, 46, 47)}
    known |= {f"z{k}": k * k for k in range(300)}
    for sum_ in (" + ".join(long), " - ".join(long), " + ".join(f"z{k}" for k in range(300)),
                 " - ".join([*long, *(f"z{k}" for k in range(150)), *long])):  # fmt: skip
        lines = assign("", ["y"], sum_)
        made: dict[str, int] = dict(known)
        exec("\n".join(lines), made)
        assert made["y"] == eval(sum_, dict(known))
        assert max(map(len, lines)) <= 100
