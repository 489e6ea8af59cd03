"""`tnc new`: what it writes is without mistakes, canonical, compiles, and passes its test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Answer
from tnc.cli.new import DEFAULT, FOLDER, families

Run = Callable[..., Answer]


@pytest.mark.parametrize("family", families())
def test_every_family(tnc: Run, family: str) -> None:
    answer = tnc("new", "my_layer.tnn", "--family", family)
    told = "wrote my_layer.tnn; `tnc compile my_layer.tnn` makes a PyTorch module of it\n"
    assert answer == Answer(0, "", told)
    text = Path("my_layer.tnn").read_text()
    assert "layer MyLayer(" in text
    assert "Starter" not in text
    assert text.count("  # ") >= 2
    assert tnc("check", "--deny", "warnings", "my_layer.tnn") == Answer(0, "", "")
    assert tnc("fmt", "--check", "my_layer.tnn").code == 0
    assert tnc("test", "my_layer.tnn").code == 0
    assert tnc("compile", "my_layer.tnn").code == 0
    assert "class MyLayer(" in Path("my_layer.py").read_text()


def test_the_default_family(tnc: Run) -> None:
    assert tnc("new", "a.tnn").code == 0
    assert tnc("new", "b.tnn", "--family", DEFAULT).code == 0
    text = Path("a.tnn").read_text()
    assert text.replace("a.tnn", "b.tnn").replace("A(", "B(") == Path("b.tnn").read_text()
    assert "layer MyA(" in text  # there is a tensor A


def test_the_list(tnc: Run) -> None:
    answer = tnc("new", "--list")
    assert (answer.code, answer.err) == (0, "")
    assert [line.split()[0] for line in answer.out.splitlines()] == [*families()]
    assert {*families()} == {path.stem for path in FOLDER.iterdir()}


def test_families_in_whatever_case(tnc: Run) -> None:
    assert tnc("new", "a.tnn", "--family", "RCP").code == 0
    assert "reshaped CP" in Path("a.tnn").read_text()


def test_standard_output(tnc: Run) -> None:
    answer = tnc("new", "-", "--family", "TT")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("tnn 1\n\n#   tnc check layer.tnn ")
    assert not [*Path.cwd().glob("*.tnn")]


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("conv-2d.tnn", "Conv2d"),
        ("2d.tnn", "Layer2d"),
        ("true.tnn", "LayerTrue"),
        ("größe.tnn", "Layer"),
        ("_.tnn", "Layer"),
        ("r.tnn", "MyR"),
        ("two words.tnn", "TwoWords"),
    ],
)
def test_the_layer_is_called_after_the_file(tnc: Run, file: str, name: str) -> None:
    assert tnc("new", file).code == 0
    text = Path(file).read_text()
    assert f"\nlayer {name}(" in text
    assert ("tnc check 'two words.tnn'  " in text) == (" " in file)
    assert tnc("check", "--deny", "warnings", file).code == 0


def test_a_file_is_never_replaced(tnc: Run) -> None:
    Path("a.tnn").write_text("mine")
    Path("b.tnn").symlink_to("nowhere")
    for name in ("a.tnn", "b.tnn"):
        told = f"error[E0502]: cannot write `{name}`: it is there already\n"
        assert tnc("new", name) == Answer(3, "", told)
    assert Path("a.tnn").read_text() == "mine"


def test_a_file_that_cannot_be_written(tnc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tnc("new", "no/a.tnn").err.endswith("there is no folder `no`\n")
    assert tnc("new", "a" * 300 + ".tnn").code == 3
    if Path("/dev/full").exists():
        opened = Path.open

        def openat(path: Path, mode: str = "r", **how: str) -> object:
            return opened(Path("/dev/full"), "wb") if mode == "xb" else opened(path, mode, **how)

        monkeypatch.setattr(Path, "open", openat)
        monkeypatch.setattr(Path, "unlink", lambda path, missing_ok: removed.append(path))
        removed: list[Path] = []
        assert tnc("new", "a.tnn").err.endswith("no space left on device\n")
        assert removed == [Path("a.tnn")]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "name a file, as in `tnc new conv.tnn --family CP`"),
        (["a.tnn", "--list"], "name a file"),
        (["--list", "--family", "CP"], "name a file"),
        (["a.tnn", "--family", "rCPP"], "there is no family `rCPP`; did you mean `rCP`?"),
        (["a.tnn", "--family", "zzzzz"], f"there are {', '.join(families())}"),
        (["conv"], "`conv` does not end in `.tnn`; did you mean `conv.tnn`?"),
        ([".tnn"], "`.tnn` is an ending without a name; such as `layer.tnn` is meant"),
        (["conv.py"], "`conv.py` does not end in `.tnn`; did you mean `conv.tnn`?"),
    ],
)
def test_wrong_usage(tnc: Run, words: list[str], told: str) -> None:
    answer = tnc("new", *words)
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err
    assert not [*Path.cwd().iterdir()]
