"""`tnc bench`: what it prints, and how it ends. No time is compared with another."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import DENSE, LOW, Answer, interrupted

Run = Callable[..., Answer]
QUICK = ("--seconds", "0.01")

TIMES = ["forward", "×", "dense", "training", "×", "dense", "predicted"]
BYTES = ["forward", "training", "predicted", "saved", "predicted"]


@pytest.fixture(autouse=True)
def _files() -> None:
    Path("low.tnn").write_text(LOW)
    Path("dense.tnn").write_text(DENSE)


def figures(answer: Answer) -> dict[str, Any]:
    assert answer.code == 0
    assert "error" not in answer.err  # that factors do not pay here may be said
    found: dict[str, Any] = json.loads(answer.out)
    return found


def test_json(tnc: Run) -> None:
    found = figures(tnc("bench", "low.tnn", "--bind", "n=64", "--json", *QUICK))
    assert found["schema"] == "tnc.bench/1"
    assert (found["layer"], found["binding"], found["threads"]) == ("Low", {"n": 64}, 1)
    assert list(found["layers"]) == ["this_plan", "dense", "plain_autograd"]
    for each in found["layers"].values():
        assert each["training"]["seconds"] > 0
        assert each["forward"]["seconds"] > 0
        assert each["forward"]["spread"] >= 0
    assert found["layers"]["plain_autograd"]["predicted"] is None


def test_memory_is_what_can_be_counted_by_hand(tnc: Run) -> None:
    found = figures(tnc("bench", "low.tnn", "--bind", "n=64", "--json", *QUICK))["layers"]
    ours = found["this_plan"]
    x, u, y, a, b, kernel = (4 * each for each in (64 * 48, 64 * 8, 64 * 40, 48 * 8, 320, 48 * 40))
    assert (ours["forward_peak"], ours["saved"], ours["predicted"]["saved"]) == (u + y, u, u)
    assert ours["training_peak"] == ours["predicted"]["training_peak"] >= y + x + a + b
    assert found["plain_autograd"]["saved"] == u
    assert found["dense"]["saved"] == 0
    assert (found["dense"]["forward_peak"], found["dense"]["training_peak"]) == (y, y + x + kernel)


def test_the_table(tnc: Run) -> None:
    answer = tnc("bench", "low.tnn:Low", "--set", "R=4", *QUICK)
    assert answer.code == 0
    assert "error" not in answer.err  # that factors do not pay here may be said
    head, _, *lines = answer.out.splitlines()
    assert head == "Low: n = 32; profile cpu; measured on 1 thread, float32"
    number = r"\d+(\.\d+)?"
    time, ratio, memory = rf"{number} (s|ms|µs|ns)", number, rf"{number} k?B"
    assert lines[0].split() == ["time", *TIMES]
    for line, name in zip(lines[1:4], ("this plan", "dense", "plain autograd"), strict=True):
        said = f" +{time}" if name != "plain autograd" else ""
        assert re.fullmatch(rf"{name} +{time} +{ratio} +{time} +{ratio}{said}", line)
    assert re.fullmatch(rf"dense +{time} +1.00 +{time} +1.00 +{time}", lines[2])
    assert lines[5].split() == ["memory", *BYTES]
    assert re.fullmatch(rf"this plan( +{memory}){{5}}", lines[6])
    assert re.fullmatch(rf"plain autograd( +{memory}){{2}} {{6,}}{memory}", lines[8])


def test_without_a_dense_layer_to_compare_with(tnc: Run) -> None:
    answer = tnc("bench", "dense.tnn", "--set", "T=2", *QUICK)
    assert answer.code == 0
    assert [line.split()[0] for line in answer.out.splitlines()[3:5]] == ["this", "plain"]
    assert answer.out.splitlines()[3].split()[4] == "-"


def test_a_dense_layer_that_no_memory_holds(tnc: Run) -> None:
    """The layer is measured all the same, and it is said what is missing."""
    Path("wide.tnn").write_text(LOW)
    sizes = ("--set", "S=1000000,T=1000000,R=1", "--bind", "n=1")
    answer = tnc("bench", "wide.tnn", *sizes, *QUICK)
    assert answer.code == 0
    assert "the dense layer is left out: " in answer.err
    assert [line.split()[0] for line in answer.out.splitlines()[3:5]] == ["this", "plain"]


def test_a_layer_without_gradients(tnc: Run) -> None:
    Path("sign.tnn").write_text(
        "tnn 1\nextern(kind: pointwise) sign = torch.signbit\n"
        "layer L {\n mode n\n input x[n]\n output y[n] = sign(x)\n}\n"
    )
    found = figures(tnc("bench", "sign.tnn", "--json", *QUICK))["layers"]["this_plan"]
    assert (found["training"], found["training_peak"]) == (None, None)
    assert "-" in tnc("bench", "sign.tnn", *QUICK).out.splitlines()[3].split()


def test_images_channels_last(tnc: Run) -> None:
    words = ("std.convolution:CP", "--set", "S=4,T=4,R=2", "--bind", "n=2,h_1=5,h_2=5")
    found = figures(tnc("bench", *words, "--channels-last", "--json", *QUICK))
    assert found["channels_last"] is True
    assert "dense" in found["layers"]
    assert ", channels last" in tnc("bench", *words, "--channels-last", *QUICK).out


@pytest.mark.parametrize("given", ["0", "-1", "x", "nan", "1e9", ""])
@pytest.mark.parametrize("flag", ["--seconds", "--threads"])
def test_numbers(tnc: Run, flag: str, given: str) -> None:
    answer = tnc("bench", "low.tnn", f"{flag}={given}")
    assert (answer.code, answer.out) == (2, "")
    assert f"`{flag} {given}`: give a " in answer.err


@pytest.mark.usefixtures("_no_gpu")
def test_no_such_device(tnc: Run) -> None:
    answer = tnc("bench", "low.tnn", "--device", "cuda")
    assert answer == Answer(2, "", "error: `--device cuda`: PyTorch finds no such device here\n")


@pytest.mark.gpu
def test_on_a_gpu(tnc: Run) -> None:
    found = figures(tnc("bench", "low.tnn", "--device", "cuda", "--json", *QUICK))
    assert found["device"] == "cuda"
    assert all(each["training_peak"] > 0 for each in found["layers"].values())


def test_what_takes_no_random_numbers(tnc: Run) -> None:
    Path("words.tnn").write_text(
        "tnn 1\nfrom std.nn import Embedding\n"
        "layer Words {\n mode n\n input x[n]\n output y = x |> Embedding(5, 3)\n}\n"
    )
    answer = tnc("bench", "words.tnn", *QUICK)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("error: `Words` does not take random inputs of shape [32]: ")
    assert answer.err.count("\n") == 1


def test_wrong_words_are_refused_as_elsewhere(tnc: Run) -> None:
    assert "no layer has such a run-time mode" in tnc("bench", "low.tnn", "--bind", "m=2").err
    assert tnc("bench", "none.tnn").code == 3
    Path("two.tnn").write_text(LOW + LOW.removeprefix("tnn 1\n").replace("Low", "High"))
    answer = tnc("bench", "two.tnn")
    assert answer == Answer(2, "", "error: which layer? there are `two.tnn:Low`, `two.tnn:High`\n")


def test_a_limit_that_cannot_be_met(tnc: Run) -> None:
    assert tnc("bench", "low.tnn", "--memory-limit", "1B").code == 4


def test_interrupted() -> None:
    """While it starts or measures."""
    found = interrupted("bench", "low.tnn", "--seconds", "600", after=1)
    assert found == (130, "", "interrupted\n")


def test_interrupted_where_a_library_makes_an_error_of_it() -> None:
    """As NumPy does while it is imported."""
    Path("torch.py").write_text(
        "import time\ntry:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    raise ImportError\n"
    )
    assert interrupted("bench", "low.tnn", after=1.5) == (130, "", "interrupted\n")
