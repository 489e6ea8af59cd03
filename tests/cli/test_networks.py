"""Networks on the command line: layers as values, parameters of layers inside, `std`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Answer

Run = Callable[..., Answer]

NET = """\
tnn 1
from std.nn import Linear
layer Low(S: int, T: int, R: int = 2) {
  mode n, s: S, t: T, r: R
  input x[n, s]
  weight A[s, r], B[r, t]
  output y[n, t] = x * A * B
}
layer Chain(S: [int]) {
  mode n, s: S[1], t: S[2]
  input x[n, s]
  weight A[s, t]
  output y[n, t] = x * A
}
layer Block(S: int, Dense: layer = Low) {
  mode n, s: S
  input x[n, s]
  output y = x |> Dense(S, S) |> relu
}
layer Net(Dense: layer = Low(R: 3), more: [layer] = [Low(8, 5)]) {
  let last = more[1]
  mode n, s: 8
  input x[n, s]
  output y = x |> Block(8, Dense) |> Block(8) |> last
}
let Small = Net(Dense: Low(R: 4))
"""


@pytest.fixture(autouse=True)
def _net() -> None:
    Path("net.tnn").write_text(NET)


def parameters(tnc: Run, *words: str) -> int:
    answer = tnc("plan", "--json", *words)
    assert (answer.code, answer.err) == (0, "")
    return int(json.loads(answer.out)["parameters"])


@pytest.mark.parametrize(
    ("setting", "ranks"),
    [
        ("", (3, 2, 2)),
        ("Dense=Low(R: 5)", (5, 2, 2)),
        ("Dense=Low", (2, 2, 2)),
        ("Block.Dense=Low(R: 5)", (5, 5, 2)),
        ("Block_2.Dense=Low(R: 5)", (3, 5, 2)),
        ("Low.R=5", (5, 5, 5)),
        ("Block.Low.R=7", (7, 7, 2)),
        ("Block.R=7,Low.R=4", None),
        ("Low.R=4,Block_1.Dense.R=7", (7, 4, 4)),
        ("more=[Low(8, 5, R: 4)]", (3, 2, 4)),
        ("Dense=Low(R: 4), last.R=5", (4, 2, 5)),
    ],
)
def test_layers_and_layers_inside(tnc: Run, setting: str, ranks: tuple[int, ...] | None) -> None:
    words = ["net.tnn:Net", *(["--set", setting] if setting else [])]
    if ranks is None:
        assert tnc("plan", *words).code == 1
        return
    first, second, last = ranks
    assert parameters(tnc, *words) == 16 * first + 16 * second + 13 * last


def test_layers_of_the_standard_library_are_known_by_name(tnc: Run) -> None:
    expected = 8 * 8 + 8 + 16 * 2 + 13 * 2
    for name in ("Linear", "std.nn.Linear", "Linear(bias: true)"):
        assert parameters(tnc, "net.tnn:Net", "--set", f"Dense={name}") == expected


def test_a_let_is_a_layer(tnc: Run) -> None:
    assert parameters(tnc, "net.tnn:Small") == 16 * 4 + 16 * 2 + 13 * 2
    assert parameters(tnc, "net.tnn:Small", "--set", "Dense=Low(R: 5)") == 16 * 5 + 29 * 2
    answer = tnc("compile", "net.tnn:Small", "-o", "-")
    assert "\nclass Small(" in answer.out
    assert "\nclass Net(" not in answer.out


def test_without_a_layer_those_are_compiled_that_are_complete(tnc: Run) -> None:
    answer = tnc("compile", "net.tnn", "--set", "Low.R=4,Dense=Low")
    assert answer.code == 0
    assert [each.split(" ")[0] for each in answer.err.split(": ", 1)[1].split("; ")] == [
        "Net",
        "Small",
    ]


@pytest.mark.parametrize(
    ("setting", "code", "told"),
    [
        ("Dense=Lwo(R: 3)", "E0103", ["--> <Dense>:1:1", "undefined layer `Lwo`", "`Low`?"]),
        ("Dense=Lwo", "E0103", ["did you mean `Low`?"]),
        ("Dense=std.nn.Lniear", "E0103", ["did you mean `Linear`?"]),
        ("Dense=Low(Q: 3)", "E0105", ["--> <Dense>:1:5", "`Low` has no parameter `Q`"]),
        ("Dense=Low(R: true)", "E0401", ["expected `int`, found `bool`"]),
        ("Dense=Low(R: 3 4)", "E0002", ["--> <Dense>:1:10"]),
        ("Dense=8", "E0401", ["expected `layer`, found `int`"]),
        ("Dense=[1]", "E0401", ["expected `layer`, found `[int]`"]),
        ("Dense=len([1])", "E0103", ["undefined layer `len`"]),
        ("more=[Low(8, 5), Lwo]", "E0103", ["did you mean `Low`?"]),
        ("Block.Dense=Lwo(R: 3)", "E0103", ["--> <Block.Dense>:1:1"]),
        ("Block.Dense=8", "E0401", ["expected `layer`, found `int`", "in this `Block`"]),
        ("Blok.S=3", "E0105", ["did you mean `Block.S`?"]),
        ("Block.Q=3", "E0105", ["no layer inside of `Net` has a parameter `Block.Q`"]),
        ("Low.Block.R=3", "E0105", ["no layer inside"]),
        ("Low.R=4,Blok.S=3", "E0105", ["has a parameter `Blok.S`"]),
        ("Dense=Conv2d", "E0309", ["`Dense(S, S)` takes `x["]),
    ],
)
@pytest.mark.parametrize("command", ["compile", "plan"])
def test_refused(tnc: Run, command: str, setting: str, code: str, told: list[str]) -> None:
    answer = tnc(command, "net.tnn:Net", "--set", setting)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.count("error[") == 1
    assert f"error[{code}]" in answer.err
    assert all(each in answer.err for each in told)
    assert not Path("net.py").exists()


# ---------------------------------------------------------------- the standard library


def test_the_standard_library_is_compiled_by_name(tnc: Run) -> None:
    answer = tnc("compile", "std.nets:LeNet5", "--set", "Conv=CP(R: 4)")
    assert answer.code == 0
    assert answer.err.startswith("wrote nets.py: LeNet5 (")
    text = Path("nets.py").read_text()
    assert "nets.tnn" in text
    assert tnc("compile", "std.nets:LeNet5", "--set", "Conv=CP(R: 4)", "--check").code == 0
    assert tnc("compile", "std.nets:LeNet5", "-o", "-").out != text


def test_the_standard_library_is_planned_and_checked(tnc: Run) -> None:
    assert parameters(tnc, "std.nets:LeNet5") == 61_706
    assert tnc("check", "std.nets") == Answer(0, "", "")
    assert tnc("check", "std", "--deny", "warnings") == Answer(0, "", "")
    answer = tnc("check", "--fix", "std.nets")
    assert (answer.code, answer.err) == (
        2,
        "error: `--fix` does not change the standard library\n",
    )


def test_a_file_of_that_name_comes_first(tnc: Run) -> None:
    Path("std.nets").write_text("tnn 1\nlayer L {\n  mode n\n  input x[n]\n  output y[m] = x\n}\n")
    answer = tnc("check", "std.nets")
    assert answer.code == 1
    assert "--> std.nets:5:12" in answer.err


def test_a_module_that_is_not_there(tnc: Run) -> None:
    answer = tnc("plan", "std.ntes:LeNet5")
    assert (answer.code, answer.out) == (3, "")
    assert answer.err.endswith("did you mean `std.nets`?\n")
    assert "there are std.convolution, " in tnc("check", "std.something").err
    answer = tnc("plan", "std.nets:LeNet")
    assert (answer.code, answer.out) == (1, "")
    assert "did you mean `LeNet5`?" in answer.err
