"""`tnc test`, and what `tnc check` says of tests."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Answer
from tnc.diagnostics.catalogue import CATALOGUE

Run = Callable[..., Answer]

LAYERS = """\
tnn 1
from std.nn import Linear, BatchNorm, dropout
layer Low(S: int, T: int, R: int = 2) {
  mode n, s: S, t: T, r: R
  input x[n, s]
  weight A[s, r], B[r, t]
  output y[n, t] = x * A * B
}
layer Two(S: int) {
  mode n, s: S
  input x[n, s], z[n, s]
  output y[n, s] = x * z
  output w[n] = x * z
}
layer Lead(S: int, T: int) {
  mode s: S, t: T
  input x[..., s]
  weight A[s, t]
  output y[..., t] = x * A
}
layer Net {
  mode n, s: 4
  input x[n, s]
  let shared = Low(8, 8)
  let f = x |> Linear(4, 8) |> BatchNorm(8) |> dropout(0.5) |> relu
  output y = f |> shared |> shared
}
extern(kind: pointwise) strange = no.such.function
layer Strange {
  mode n
  input x[n]
  output y[n] = strange(x)
}
let Small = Low(R: 3)
"""
LINES = LAYERS.count("\n")


def asserting(*asserts: str) -> str:
    return LAYERS + 'test "t" {\n' + "\n".join(asserts) + "\n}\n"


@pytest.mark.parametrize(
    "holds",
    [
        "params(Low(8, 4)) == 8 * 2 + 2 * 4",
        "params(Low(8, 4, R: 1 + 2)) == 36",
        "params(Small(8, 4)) == 36",
        "params(Net) == (4 * 8 + 8) + 2 * 8 + 32",
        "params(Two(3)) == 0 and params(Net) > 0",
        "macs(Low(8, 4), [10, 8]) == 10 * (8 * 2 + 2 * 4)",
        "macs(Lead(3, 2), [5, 7, 3]) == 35 * 6",
        "macs(Net, [10, 4]) == 10 * (32 + 2 * 32)",
        "shape(Low(8, 4), [2, 8]) == [2, 4]",
        "shape(Two(3), [2, 3], [2, 3]) == [[2, 3], [2]]",
        "shape(Lead(3, 2), [5, 7, 3]) == [5, 7, 2]",
        "shape(Net, [6, 4]) == [6, 8]",
        "shape(BatchNorm(3), [2, 3, 4, 4]) == [2, 3, 4, 4]",
        "shape(Low(8, 4), [2, 8])[1] == 2",
        "close(1.0, 1.0 + 1e-9)",
        "not close(1.0, 1.0 + 1e-5)",
        "close([1, [2, 3]], [1, [2, 3.1]], tol: 0.1)",
        "not close([1, 2], [1, 2, 3])",
        "not close(0, 1e-300)",
        "gradcheck(Low(5, 4), [3, 5])",
        "gradcheck(Two(3), [2, 3], [2, 3])",
        "gradcheck(Net, [3, 4]) and gradcheck(Lead(3, 2), [2, 2, 3])",
    ],
)
def test_what_holds(tnc: Run, holds: str) -> None:
    Path("a.tnn").write_text(asserting(f"assert {holds}"))
    assert tnc("test", "a.tnn") == Answer(0, "a.tnn:\n  ok      t\n1 passed\n", "")
    Path("b.tnn").write_text(asserting(f'assert not ({holds}), "of course"'))
    answer = tnc("test", "b.tnn")
    assert (answer.code, answer.out) == (1, "b.tnn:\n  failed  t\n0 passed, 1 failed\n")
    assert answer.err.startswith("error[E0310]: `assert` failed: of course\n")
    for file in ("a.tnn", "b.tnn"):
        assert tnc("check", file).err.count("error") == 0


def test_a_failure_shows_both_sides_and_the_place(tnc: Run) -> None:
    Path("a.tnn").write_text(asserting("let p = params(Low(8, 4))", 'assert p < 24, "fewer"'))
    answer = tnc("test", "a.tnn")
    assert answer.err == (
        "error[E0310]: `assert` failed: fewer\n"
        f'  --> a.tnn:{LINES + 3}:8\n   |\n{LINES + 3} | assert p < 24, "fewer"\n'
        "   |        ^^^^^^ 24 < 24 does not hold\n"
    )


def test_every_failure_is_shown(tnc: Run) -> None:
    text = asserting("assert 1 == 2", "assert 2 == 2", "assert close([1, 5], [1, 6])")
    Path("a.tnn").write_text(text + 'test "u" { assert false }\ntest "good" { assert true }\n')
    answer = tnc("test", "a.tnn")
    assert answer.out.splitlines() == [
        "a.tnn:", "  failed  t", "  failed  u", "  ok      good", "1 passed, 2 failed"
    ]  # fmt: skip
    assert re.findall(r"a.tnn:(\d+):", answer.err) == [str(LINES + k) for k in (2, 4, 6)]
    assert "note: 5 and 6 differ by more than 1e-06" in answer.err


def test_a_wrong_gradient_is_seen(tnc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`gradcheck` is PyTorch's own: what it says of a module whose code was changed."""
    from tnc.driver import testing

    Path("a.tnn").write_text(asserting("assert gradcheck(Low(5, 4), [3, 5])"))
    printed = testing.print_module

    def halved(*given: object) -> str:
        text = printed(*given)  # type: ignore[arg-type]
        changed = text.replace("grad_A = torch.", "grad_A = 0.5 * torch.")
        assert changed != text
        return changed

    monkeypatch.setattr(testing, "print_module", halved)
    answer = tnc("test", "a.tnn")
    assert answer.code == 1
    assert "note: gradcheck: Jacobian mismatch for output 0 with respect to input 1" in answer.err


@pytest.mark.parametrize(
    ("said", "code", "told"),
    [
        ("assert params(Low(8)) == 3", "E0106", "`Low` needs `T`"),
        ("assert params(3) == 3", "E0401", "`params` takes a layer, not `int`"),
        ("assert params(Low(8, 4), 3) == 3", "E0401", "is asked as `params(L(R: 4))`"),
        ("assert macs() == 3", "E0401", "is asked as `macs(L(R: 4), [2, 3])`"),
        ("assert params(L: Low(8, 4)) == 3", "E0401", "is asked as"),
        ("assert parms(Low(8, 4)) == 3", "E0103", "did you mean `params`?"),
        ("assert params(Lwo(8, 4)) == 3", "E0103", "`Lwo`"),
        ("assert params(Low(8, 4, Q: 3)) == 3", "E0105", "no parameter `Q`"),
        ("assert params(Low(8, 4.5)) == 3", "E0401", "expected `int`, found `float`"),
        ("assert params(BatchNorm(3)) == 3", "E0401", "`BatchNorm` is an extern"),
        ("assert macs(BatchNorm(3), [2, 3]) == 3", "E0401", "`BatchNorm` is an extern"),
        ("assert shape(Low(8, 4), [2, 9]) == [2, 4]", "E0309", "takes size 8 in `s` (axis 1)"),
        ("assert shape(Low(8, 4), [8]) == [2, 4]", "E0309", "it takes `x[n, s]`"),
        ("assert shape(Low(8, 4)) == [2, 4]", "E0309", "takes 1 input (`x`), shapes of 0"),
        ("assert shape(Two(8), [2, 8]) == [2, 4]", "E0309", "takes 2 inputs (`x`, `z`)"),
        ("assert gradcheck(Low(8, 4), [2, 9])", "E0309", "takes size 8"),
        ("assert shape(Low(8, 4), 3) == [2, 4]", "E0401", "a list such as `[2, 3]`, not `3`"),
        ("assert shape(Low(8, 4), [2, 0]) == [2, 4]", "E0401", "not `[2, 0]`"),
        ("assert shape(Low(8, 4), [2, 8]) == 8", "E0401", "does not compare `[int]` and `int`"),
        ("assert close(1, 2, tl: 3)", "E0105", "did you mean `tol`?"),
        ('assert close(1, "x")', "E0401", "does not compare `int` and `str`"),
        ("assert close(1, 2, tol: [1])", "E0401", "`tol` is a number"),
        ("assert 3", "E0401", "expected `bool`, found `int`"),
        ("let u, v = 3", "E0401", "a `let` in a test names one value"),
        ("let u = 3\nlet u = 4", "E0104", "declared twice"),
        ("assert undefined == 3", "E0102", "undefined name `undefined`"),
    ],
)
def test_what_makes_no_sense_is_found_by_check_and_fails(
    tnc: Run, said: str, code: str, told: str
) -> None:
    Path("a.tnn").write_text(asserting(said))
    for command in ("check", "test"):
        answer = tnc(command, "a.tnn")
        assert answer.code == 1
        assert re.findall(r"error\[(\w+)\]", answer.err) == [code]
        assert told in answer.err


def test_what_only_a_build_finds(tnc: Run) -> None:
    Path("a.tnn").write_text(asserting("assert gradcheck(Strange, [3])"))
    assert tnc("check", "a.tnn").code == 0
    answer = tnc("test", "a.tnn")
    assert answer.code == 1
    assert "error[E0403]" in answer.err
    Path("a.tnn").write_text(asserting("assert shape(Strange, [3]) == [3]"))
    assert tnc("test", "a.tnn").code == 0


def test_check_does_not_mind_a_test_that_fails(tnc: Run) -> None:
    Path("a.tnn").write_text(asserting("assert shape(Low(8, 4), [2, 8]) == [9, 9]"))
    assert tnc("check", "a.tnn").code == 0
    assert tnc("test", "a.tnn").code == 1


# ---------------------------------------------------------------- which tests


TESTS = 'tnn 1\ntest "Shape of x" { assert true }\ntest "count" { assert true }\n'


def test_some_of_the_tests(tnc: Run) -> None:
    Path("a.tnn").write_text(TESTS)
    Path("b.tnn").write_text(TESTS.replace("x", "y"))
    out = "a.tnn:\n  ok      Shape of x\nb.tnn:\n  ok      Shape of y\n2 passed\n"
    assert tnc("test", "a.tnn", "b.tnn", "-k", "shape") == Answer(0, out, "")
    out = "b.tnn:\n  ok      Shape of y\n1 passed\n"
    assert tnc("test", "a.tnn", "b.tnn", "-k", "of Y") == Answer(0, out, "")
    answer = tnc("test", "a.tnn", "-k", "of y")
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == "error: no test has `of y` in its title\n"


def test_files_without_tests(tnc: Run) -> None:
    Path("a.tnn").write_text(LAYERS)
    assert tnc("test", ".") == Answer(0, "0 passed\n", "")


def test_the_other_files_are_tested_all_the_same(tnc: Run) -> None:
    Path("a.tnn").write_text(TESTS)
    Path("b.tnn").write_text('tnn 1\ntest "x" {\n  assert (\n}\n')
    answer = tnc("test", "b.tnn", "a.tnn")
    assert (answer.code, answer.out) == (
        1,
        "a.tnn:\n  ok      Shape of x\n  ok      count\n2 passed\n",
    )
    assert "error[E0002]" in answer.err
    answer = tnc("test", "c.tnn", "b.tnn", "a.tnn")
    assert (answer.code, answer.out.splitlines()[-1]) == (3, "2 passed")
    assert "cannot read `c.tnn`" in answer.err


def test_the_page_of_e0310_is_true(tnc: Run) -> None:
    entry = CATALOGUE["E0310"]
    _, command, file = entry.command.split()
    for text, code in ((entry.refused, 1), (entry.accepted, 0)):
        Path(file).write_text(text)
        answer = tnc(command, file)
        assert answer.code == code
        assert answer.err.count("error[E0310]") == code


def test_only_gradcheck_imports_torch() -> None:
    Path("a.tnn").write_text(
        asserting("assert macs(Net, [2, 4]) > params(Net)", "assert shape(Net, [2, 4]) == [2, 8]")
    )
    program = (
        "import sys; from tnc.cli.main import main; code = main(['test', 'a.tnn']);"
        "print(code, 'torch' in sys.modules)"
    )
    command = [sys.executable, "-c", program]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(Path.cwd())}
    answer = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert answer.stdout.endswith("1 passed\n0 False\n")


def test_of_the_standard_library_and_of_the_examples(tnc: Run) -> None:
    answer = tnc("test", "std", str(ROOT / "tests/programs/network/resnet32.tnn"))
    assert (answer.code, answer.err) == (0, "")
    assert re.search(r"^[1-9]\d* passed$", answer.out, re.MULTILINE)
    assert "resnet32.tnn:\n  ok      parameter count and shape\n" in answer.out
