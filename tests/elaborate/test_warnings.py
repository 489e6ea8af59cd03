"""Each warning where it should be, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.elaborate.reading import elaborated, places, program
from tnc.diagnostics import Source
from tnc.driver.fix import fix
from tnc.driver.front import check, read

HEAD = "mode n, s: 3, t: 4\ninput x[n, s]\n"  # lines 3 and 4


ROOT = Path(__file__).parent.parent.parent
FILES = [
    path for room in ("examples", "tnc/std", "benchmarks") for path in (ROOT / room).glob("*.tnn")
]


@pytest.mark.parametrize("path", sorted(FILES), ids=lambda path: path.name)
def test_nothing_is_said_of_our_own_programs(path: Path) -> None:
    assert check(read(path)) == ()


def said(body: str, params: str = "", before: str = "") -> list[tuple[str, int, int]]:
    """What `check` says; lines counted as in the layer alone."""
    text = program(body, params).replace("tnn 1\n", f"tnn 1\n{before}")
    found = places(check(Source("t.tnn", text)))
    return [(code, line - before.count("\n"), column) for code, line, column in found]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("weight A[s, t], B[t]\noutput y[n, t] = x * A", [("W0101", 5, 17)]),
        ("weight A[s, t]\nbuffer B[t]\noutput y[n, t] = x * A", [("W0101", 6, 8)]),
        ("weight A[s, t], B[t]\nlet z[t] = B * B\noutput y[n, t] = x * A", [("W0101", 5, 17)]),
        ("weight A[i in 1..2][s, t]\noutput y[n, t] = x * A[1]", []),
        ("weight A[s, t], b[t]\noutput y[n, t] = if d then x * A + b else x * A", []),
        ("weight A[s, t], b[t]\nlet z[n, t] = x * A + b\noutput y[n, t] = z", []),
        ("weight A[s, t], b[t]\noutput y[n, t] = x * A + relu(b)", []),
        ("weight A[s, t]\nlet z[n, t] = x * A\noutput y[n, s] = x\noutput u[n, t] = z", []),
    ],
)
def test_a_weight_that_no_output_reaches(body: str, expected: list[tuple[str, int, int]]) -> None:
    assert said(HEAD + body, "d: bool = true" if "if d" in body else "") == expected


@pytest.mark.parametrize(
    ("body", "params", "expected"),
    [
        ("mode n, s: 3\ninput x[n]\noutput y[n] = x", "", [("W0102", 3, 9)]),
        ("mode n\ninput x[n]\noutput y[n] = x", "S: int = 3", [("W0102", 2, 9)]),
        ("mode n, s: S\ninput x[n, s]\noutput y[n, s] = x", "S: int = 3", []),
        ("mode n, s: T\ninput x[n, s]\noutput y[n, s] = x", "S: int, T: int = S", []),
        ("mode n, s: 3\ninput x[n]\noutput y[n] = size(s) * x", "", []),
        ("mode n, s: 3, t: size(s)\ninput x[n, t]\noutput y[n, t] = x", "", []),
        ("mode n, s: 2, t: 2, c = (s, t)\ninput x[n, c]\noutput y[n, c] = x", "", []),
        ("mode n, h, i: 3\nconv g = h * i\ninput x[n, h]\noutput y[n, h] = x", "", []),
        ("mode n, s[i in 1..d]: 2\ninput x[n, (s...)]\noutput y[n, (s...)] = x", "d: int", []),
        ("require S > 0\nmode n\ninput x[n]\noutput y[n] = x", "S: int = 3", []),
        ("mode n, u, s: 3\ninput x[n, u, s]\noutput y[n, s] = amax(x, over: u)", "", []),
        ("mode n, u: size(n)\ninput x[n, u]\noutput y[n, u] = mask(x, n >= u)", "", []),
        ("mode n, s: 3\ninput x[n, s]\noutput y[n, s] = f(x)", "f: layer = relu", []),
    ],
)
def test_a_name_that_is_not_mentioned(
    body: str, params: str, expected: list[tuple[str, int, int]]
) -> None:
    assert said(body, params) == expected


NET = "layer N {{\n  mode n, c: 4\n  input x[n, c]\n  output y{modes} = {value}\n}}\n"


@pytest.mark.parametrize(
    ("imports", "value", "unused"),
    [
        ("from std.nn import relu, tanh", "relu(x)", ["tanh"]),
        ("from std.nn import relu, tanh, Linear", "tanh(x)", ["relu", "Linear"]),
        ("from std.nn import relu as r, tanh", "r(x)", ["tanh"]),
        ("from std.nn import relu as r", "relu(x)", ["r"]),
        ("from std.nn import relu, tanh", "x |> tanh |> relu", []),
        ("from std.nn import Linear", "x |> Linear(4, 4)", []),
    ],
)
def test_imports(imports: str, value: str, unused: list[str]) -> None:
    modes = "" if "|>" in value else "[n, c]"
    source = Source("t.tnn", f"tnn 1\n{imports}\n{NET.format(value=value, modes=modes)}")
    found = check(source)
    assert [(each.code, each.span.text) for each in found] == [("W0102", name) for name in unused]
    fixed = fix(source, check)
    assert fixed.remaining == ()
    assert fixed.source.text.count("import") == (len(unused) < imports.count(",") + 1)


def test_the_last_unused_import_takes_its_line_along() -> None:
    text = "tnn 1\nfrom std.nn import tanh\nfrom std.nn import relu\n"
    text += NET.format(value="relu(x)", modes="[n, c]")
    assert fix(Source("t.tnn", text), check).source.text == text.replace(
        "from std.nn import tanh\n", ""
    )


@pytest.mark.parametrize(
    ("before", "body", "params", "expected"),
    [
        ("let A = 3\n", "weight A[s, t]\noutput y[n, t] = x * A", "", [("W0103", 5, 8)]),
        ("let t = 3\n", "weight A[s, t]\noutput y[n, t] = x * A", "", []),  # modes have their own
        ("let S = 3\n", "weight A[s, t]\noutput y[n, t] = S * x * A", "S: int = 4",
         [("W0103", 2, 9)]),
        ("let S = 3\n", "weight A[s, t]\noutput y[n, t] = S * x * A", "", []),
    ],
)  # fmt: skip
def test_hiding(before: str, body: str, params: str, expected: list[tuple[str, int, int]]) -> None:
    assert said(HEAD + body, params, before) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("mode s: 4096, t: 4096\ninput x[s], z[t]\noutput y[s, t] = x * z", True),
        ("mode s: 64, t: 1\ninput x[s], z[t]\noutput y[s, t] = x * z", False),
        ("mode s: 4096, t: 4096\ninput x[s, t], z[t]\noutput y[s, t] = x * z", False),
        ("mode s: 4096, t: 4096, r: 2\ninput x[s, r], z[t, r]\noutput y[s, t] = x * z", False),
        ("mode s, t\ninput x[s], z[t]\noutput y[s, t] = x * z", True),
    ],
)
def test_outer_products(body: str, expected: bool) -> None:
    assert [code for code, _, _ in said(body)] == ["W0201"] * expected


@pytest.mark.parametrize(
    ("rank", "expected"), [("4", []), ("16", []), ("17", ["W0203"]), ("64", ["W0203"])]
)
def test_ranks(rank: str, expected: list[str]) -> None:
    body = f"mode n, s: 16, t: 20, r: {rank}\ninput x[n, s]\nweight A[s, r], B[r, t]\n"
    _, found = elaborated(program(body + "output y[n, t] = x * A * B"))
    assert [each.code for each in found] == expected
    assert [code for code, _, _ in said(body + "output y[n, t] = x * A * B")] == expected


@pytest.mark.parametrize("sizes", ["s: S, t: 20, r: 64", "s: 16, t: 20, r: 8 * S"])
def test_ranks_that_depend_on_parameters_are_no_matter_of_checks(sizes: str) -> None:
    body = f"mode n, {sizes}\ninput x[n, s]\nweight A[s, r], B[r, t]\noutput y[n, t] = x * A * B"
    assert said(body, "S: int = 16") == []


@pytest.mark.parametrize(
    ("taps", "options", "expected"),
    [
        ("3", "pad: same", []),
        ("4", "pad: same", ["W0303"]),
        ("4", "pad: same, dilation: 2", []),
        ("3", "pad: same, dilation: 2", []),
        ("4", "pad: (1, 2)", []),
        ("4", "pad: valid", []),
        ("4", "pad: causal", []),
        ("4", "pad: full", []),
        ("k", "pad: same", []),
    ],
)
def test_asymmetric_padding(taps: str, options: str, expected: list[str]) -> None:
    body = f"mode n, h, i: {taps}\nconv({options}) h' = h * i\ninput x[n, h]\nweight K[i]\n"
    found = said(body + "output y[n, h'] = x * K", "k: int" if taps == "k" else "")
    assert [code for code, _, _ in found] == expected


def test_one_statement_is_warned_of_once() -> None:
    body = "mode n, h, w, i: 4, j: 4\nconv(pad: same) h' = h * i, w' = w * j\n"
    body += "input x[n, h, w]\nweight K[i, j]\noutput y[n, h', w'] = x * K"
    assert said(body) == [("W0303", 4, 11)]
    assert said(body.replace("j: 4", "j: 2")) == [("W0303", 4, 11)] * 2
    assert said(body.replace("j: 4", "j: 3")) == [("W0303", 4, 11)]


@pytest.mark.parametrize("names", ["x * B", "sofmax(x, over: s) * A", "x[n, q] * A", "x * A[s, q]"])
def test_after_an_undefined_name_nothing_is_called_unused(names: str) -> None:
    found = said(HEAD + f"weight A[s, t]\noutput y[n, t] = {names}", "S: int = 3")
    assert [code[0] for code, _, _ in found] == ["E"]
