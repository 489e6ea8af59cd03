"""`tnc compress` and `tnc expand`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from tests.cli.conftest import ROOT, Answer, process
from tests.compression.models import net
from tnc.compression.loader import read_safetensors
from tnc.compression.tensors import serialised

Tnc = Callable[..., Answer]

MODEL = """\
import sys

import torch
from torch import nn

from tests.compression.models import Net, net

print("imported")
count = 3
trained = net()


class Wrong(nn.Module):
    def __init__(self):
        raise RuntimeError("no such\\n   architecture")


def leaves():
    sys.exit("goodbye")


def number():
    return 3


def nan():
    model = net()
    model.hidden.weight.data[0, 0] = torch.nan
    return model


def wide():
    return nn.Sequential(nn.Linear(512, 512), nn.Linear(512, 512))


def random():
    return nn.Sequential(nn.Linear(64, 64), nn.Linear(64, 64))


def large():
    made = nn.Sequential(*[nn.Linear(512, 512) for _ in range(40)])
    open("made", "w").close()
    return made
"""


@pytest.fixture(autouse=True)
def _model(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    Path("mine.py").write_text(MODEL)
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    yield
    sys.modules.pop("mine", None)


def test_writes_a_folder_and_prints_the_table(tnc: Tnc) -> None:
    answer = tnc("compress", "mine:net", "--family", "CP", "--rank", "1", "-o", "small")
    assert answer.code == 0
    assert answer.out.startswith("layer")
    assert (
        "left alone:\n  stem (Conv2d 3→8 3×3, 224 parameters): the first convolution" in answer.out
    )
    assert "imported" in answer.err  # what the model prints is not data
    assert "imported" not in answer.out
    assert answer.err.endswith(
        "wrote small: checkpoint.safetensors, compressed.py, compressed_layers.py, "
        "compressed_layers.tnn\n"
    )
    state, metadata = read_safetensors("small/checkpoint.safetensors")
    assert metadata["format"] == "pt"
    assert state["conv.A"].shape == (8, 1)
    assert torch.equal(state["stem.weight"], net().stem.weight)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["mine:net", "mine:Net", "mine:trained", "mine.py:net", "./mine.py:Net"]
)
def test_models_are_functions_classes_and_modules(tnc: Tnc, name: str) -> None:
    answer = tnc("compress", name, "--family", "TK", "--rank", "2", "--dry-run")
    assert answer.code == 0, answer.err
    assert [*map(str, Path.cwd().glob("*compressed*"))] == []


def test_a_dry_run_with_sizes(tnc: Tnc) -> None:
    command = (
        "compress",
        "mine:net",
        "--ratio",
        "0.5",
        "--family",
        "Conv=CP",
        "--dry-run",
        "--json",
    )
    answer = tnc(*command, "--input", "2,3,9,9")
    assert answer.code == 0
    told = json.loads(answer.out)
    assert told["schema"] == "tnc.compress/1"
    assert told["sizes"] == "for the example"
    layers = {layer["names"][0]: layer for layer in told["layers"]}
    assert layers["conv"]["dense_cost"]["macs"] == 2 * 5 * 5 * 8 * 12 * 9
    assert layers["conv"]["ratio"] <= 0.5
    assert layers["hidden"]["reason"] == "no family for layers of this kind"


@pytest.mark.parametrize(
    ("text", "most"), [("0.5", 4160), ("50%", 4160), ("2.3k", 2300), ("2300", 2300)]
)
def test_budgets_are_parts_or_numbers(tnc: Tnc, text: str, most: int) -> None:
    words = ("--include", "*", "--family", "SVD", "--iterations", "2", "--dry-run", "--json")
    answer = tnc("compress", "mine:random", "--budget", text, *words)
    told = json.loads(answer.out)
    assert told["dense_parameters"] == 2 * (64 * 64 + 64)
    assert most - 2 * 64 < told["parameters"] <= most  # a rank more has 128


def test_weights_and_back(tnc: Tnc) -> None:
    torch.manual_seed(7)
    model = net()
    for each in (model.stem.bias, model.hidden.bias):
        torch.nn.init.normal_(each)  # type: ignore[arg-type]
    torch.save({"state_dict": model.state_dict()}, "dense.pt")
    words = ("--weights", "dense.pt", "--family", "CP", "--rank", "1")
    assert tnc("compress", "mine:net", *words).code == 0
    assert tnc("expand", "net_compressed").code == 0
    assert tnc("expand", "net_compressed/checkpoint.safetensors", "-o", "again.pt").code == 0
    state, _ = read_safetensors("net_compressed/dense.safetensors")
    again = torch.load("again.pt", weights_only=True)
    for name, value in model.state_dict().items():
        torch.testing.assert_close(state[name], value, rtol=1e-4, atol=1e-5)
        assert torch.equal(again[name], state[name])
    words = ("--weights", "net_compressed/dense.safetensors", *words[2:])
    assert tnc("compress", "mine:net", *words, "-o", "twice").code == 0
    twice, _ = read_safetensors("twice/checkpoint.safetensors")
    assert torch.equal(twice["hidden.b"], model.hidden.bias)  # type: ignore[arg-type]


def test_a_model_that_gets_no_quicker_is_warned_of(tnc: Tnc) -> None:
    answer = tnc("compress", "mine:wide", "--family", "rCP", "--ratio", "0.9", "--dry-run")
    assert answer.code == 0
    assert "warning[W0202]: training takes" in answer.err
    assert "--> compressed_layers.tnn:" in answer.err


def test_a_folder_that_is_there_is_kept(tnc: Tnc) -> None:
    Path("net_compressed").mkdir()
    Path("net_compressed/mine.txt").write_text("mine")
    answer = tnc("compress", "mine:net", "--rank", "1")
    assert answer.code == 3
    assert "it is there already; `-o net_compressed` writes into it" in answer.err


REFUSED = [
    (
        "mine:Wrong --rank 1",
        1,
        r"error: `mine:Wrong` raises RuntimeError: no such architecture (mine.py:15)",
    ),
    ("mine:leaves --rank 1", 1, "error: `mine:leaves` raises SystemExit: goodbye"),
    ("mine:number --rank 1", 2, "error: `mine:number` gives a int, not a torch.nn.Module"),
    ("mine:count --rank 1", 2, "error: `mine:count` is a int, neither a model nor a callable"),
    ("mine:nett --rank 1", 2, "error: `mine` has no `nett`; did you mean `net`?"),
    ("mine --rank 1", 2, "error: `mine` is no model; models are written `package.module:callable`"),
    ("nine:net --rank 1", 3, "error: cannot read `nine`: there is no module `nine`"),
    ("nine.py:net --rank 1", 3, "error: cannot read `nine.py`: there is no such file"),
    ("mi-ne:net --rank 1", 2, "error: `mi-ne` is no name of a module, nor of a .py file"),
    ("mine:net --ratio x", 2, "error: `--ratio x`: give a number like 0.1"),
    ("mine:net --ratio 2", 2, "error: ratio is 2.0; it must be above 0 and at most 1"),
    ("mine:net --budget 1%", 4, "error: the budget cannot be met: the least possible is"),
    ("mine:net --budget x", 2, "error: `--budget x`: give parameters like 2.5M"),
    ("mine:net --budget 1", 2, "`--budget 1`: say 1% or 100%, or give parameters like 2.5M"),
    ("mine:net --budget 0.001k", 2, "`--budget 0.001k`: say 1% or 100%"),
    ("mine:net --budget 120%", 2, "`--budget 120%`: a part of the model is at most 100%"),
    ("mine:net --budget 1.5", 2, "`--budget 1.5`: 1.5 is no number of parameters"),
    ("mine:net --budget 0.0001k", 2, "`--budget 0.0001k`: 0.1 is no number of parameters"),
    ("mine:net --budget 1.00005k", 2, "`--budget 1.00005k`: 1000.05 is no number of parameters"),
    ("mine:net --budget 2", 4, "error: the budget cannot be met: the least possible is"),
    ("mine:net --seed x", 2, "error: `--seed x`: give a whole number"),
    ("mine:net --rank 1 --family yCP", 2, "error: `yCP` is no family of the standard library"),
    ("mine:net --rank 1 --family CP --family TK", 2, "error: several families need the kinds"),
    ("mine:net --rank 1 --family Conv3=CP", 2, "error: `Conv3` is no kind of layer"),
    ("mine:net --rank 1 --family no.tnn:A", 3, "error: cannot read `no.tnn`: no such file"),
    ("mine:net --rank 1 --include bla", 2, "error: `bla` names no layer that could be replaced"),
    ("mine:net --rank 1 --exclude *", 1, "error: no layer is replaced; the table says why"),
    (
        "mine:net --rank 1 --input 2,2",
        1,
        "= help: `--input` has all sizes of what a call takes, the batch among them: 1,3,224,224",
    ),
    ("mine:net --rank 1 --input 2;3", 2, "error: `--input 2;3`: give sizes like 1,3,224,224"),
    ("mine:net --rank 1 --weights no.pt", 3, "error: cannot read `no.pt`: no such file"),
    ("mine:net --rank 1 --weights mine.py", 3, "error: cannot read `mine.py`: no state dictionary"),
    (
        "mine:net --rank 1 --weights other.safetensors",
        1,
        "the checkpoint is of another model: stem",
    ),
    ("mine:nan --rank 1", 2, "error: `hidden`: the target has elements that are not finite"),
    ("mine:net --rank 1 --family Bottleneck", 1, "[E0503]: `Bottleneck` cannot be fitted: `relu`"),
    ("mine:net --budget 90% --family Bottleneck", 1, "[E0503]: `Bottleneck` cannot be fitted"),
    ("mine:net --rank 1 --family Bottleneck --dry-run", 1, "= help: train it instead (`tnc.tune_"),
    ("mine:net --rank 1 --profile no", 2, "error: no profile `no`"),
    ("mine:net --rank 1 -o mine.py", 3, "error[E0502]: cannot write `mine.py`: it is no folder"),
    ("mine:net --rank 1 --input 99999999,99999999", 2, "error: `--input 99999999,99999999`: "),
    ("mine:net --rank 1 -o mine.py/x", 3, "error[E0502]: cannot write `mine.py/x`"),
]


@pytest.mark.parametrize(
    ("words", "code", "message"), REFUSED, ids=[words for words, _, _ in REFUSED]
)
def test_what_is_refused(tnc: Tnc, words: str, code: int, message: str) -> None:
    Path("other.safetensors").write_bytes(serialised({"a": torch.zeros(3)}, {}))
    before = sorted(Path.cwd().iterdir())
    answer = tnc("compress", *words.split(" "))
    assert message in answer.err
    assert answer.code == code
    assert "Traceback" not in answer.err
    assert [path for path in sorted(Path.cwd().iterdir()) if path.name != "__pycache__"] == [
        path for path in before if path.name != "__pycache__"
    ]


EXPAND_REFUSED = [
    ("no.safetensors", 3, "error: cannot read `no.safetensors`: no such file or directory"),
    ("mine.py", 3, "error: cannot read `mine.py`: it is no safetensors file"),
    ("other.safetensors", 3, "it is no checkpoint of `tnc compress`"),
    ("other.safetensors -o x.txt", 2, "`x.txt` ends neither in .safetensors nor in"),
    ("other.safetensors -o other.safetensors", 2, "is what is read"),
]


@pytest.mark.parametrize(("words", "code", "message"), EXPAND_REFUSED)
def test_what_is_not_expanded(tnc: Tnc, words: str, code: int, message: str) -> None:
    Path("other.safetensors").write_bytes(serialised({"a": torch.zeros(3)}, {}))
    answer = tnc("expand", *words.split(" "))
    assert message in answer.err
    assert answer.code == code


@pytest.mark.slow
def test_ctrl_c_leaves_nothing_behind() -> None:
    with process("compress", "mine:large", "--family", "SVD", "--ratio", "0.5") as running:
        while not Path("made").exists():  # its layers are fitted next, for seconds
            assert running.poll() is None
            time.sleep(0.02)
        time.sleep(1)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (130, "")
    assert err.endswith("interrupted\n")
    assert "Traceback" not in err
    assert not Path("large_compressed").exists()


def test_help_says_that_the_model_is_code_that_runs() -> None:
    command = [sys.executable, "-m", "tnc", "compress", "--help"]
    text = subprocess.run(
        command,
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ).stdout
    assert "MODEL is your own code, which is imported and called" in text


def test_what_is_read_is_not_written_over(tnc: Tnc) -> None:
    Path("run").mkdir()
    content = serialised(net().state_dict(), {})
    Path("run/checkpoint.safetensors").write_bytes(content)
    words = ("--weights", "run/checkpoint.safetensors", "--rank", "1", "-o", "run")
    answer = tnc("compress", "mine:net", *words)
    assert answer.code == 2
    assert "`run/checkpoint.safetensors` is what is read" in answer.err
    assert Path("run/checkpoint.safetensors").read_bytes() == content
    Path("compressed.py").write_text(Path("mine.py").read_text())
    for model in ("compressed.py:net", "compressed:net"):
        answer = tnc("compress", model, "--rank", "1", "-o", ".")
        assert answer.code == 2
        assert "`compressed.py` is what is read" in answer.err


def test_checkpoints_of_anything_are_told_in_a_line(tnc: Tnc) -> None:
    torch.save({0: torch.zeros(3)}, "numbers.pt")
    torch.save({**net().state_dict(), "stem.bias": 3}, "odd.pt")
    said = {
        "numbers.pt": "error: cannot read `numbers.pt`: no state dictionary: its names are no text",
        "odd.pt": "error: `odd.pt`: the checkpoint is of another model: stem.bias is a int",
    }
    for name, words in said.items():
        answer = tnc("compress", "mine:net", "--rank", "1", "--weights", name, "--dry-run")
        assert answer.code in {1, 3}
        assert words in answer.err
    Path("lazy.py").write_text(
        "from torch import nn\ndef net(): return nn.Sequential(nn.LazyLinear(4), nn.Linear(4, 4))"
    )
    torch.save(torch.nn.Sequential(torch.nn.Linear(9, 4), torch.nn.Linear(4, 4)).state_dict(), "l")
    given = ("--rank", "1", "--weights", "l", "--dry-run", "--family", "SVD", "--include", "*")
    answer = tnc("compress", "lazy:net", *given)
    assert answer.code == 0
    assert "LazyLinear may do more" in answer.out
