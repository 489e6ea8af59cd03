"""`tnc completion`: what may come next, and that shells take it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import DENSE, ROOT, Answer
from tnc.cli.candidates import split
from tnc.cli.main import COMMANDS
from tnc.diagnostics.catalogue import CATALOGUE

Run = Callable[..., Answer]


@pytest.fixture(autouse=True)
def _files() -> None:
    Path("folder").mkdir()
    Path("folder/inner.tnn").write_text(DENSE)
    Path("dense.tnn").write_text(DENSE + "\nlet Small = Dense(S: 2)\n")
    Path("two words.tnn").write_text(DENSE)
    Path(".hidden.tnn").write_text(DENSE)
    Path("notes.txt").touch()


def after(tnc: Run, line: str) -> list[str]:
    """The words that may stand at the end of the line."""
    answer = tnc("completion", "fish", "--line", line)
    assert (answer.code, answer.err) == (0, "")
    return [each.split("\t")[0] for each in answer.out.splitlines()]


def test_commands(tnc: Run) -> None:
    assert after(tnc, "tnc ") == [*COMMANDS]
    assert after(tnc, "tnc ch") == ["check"]
    assert after(tnc, "tnc -") == ["-h", "--help", "--version"]
    assert after(tnc, "FOO=1 tnc ch") == []
    assert "check\treport every mistake" in tnc("completion", "zsh", "--line", "tnc ch").out


def test_options_and_their_values(tnc: Run) -> None:
    assert after(tnc, "tnc fmt --") == ["--help", "--check", "--diff"]
    assert after(tnc, "tnc test -") == []
    assert after(tnc, "tnc check a.tnn --format s") == ["short", "sarif"]
    assert after(tnc, "tnc check --format=s") == ["--format=short", "--format=sarif"]
    assert after(tnc, "tnc compile --set ") == []
    assert after(tnc, "tnc plan --profile c") == ["cpu", "cuda"]
    assert after(tnc, "tnc plan --profile n") == ["notes.txt"]
    assert after(tnc, "tnc new a.tnn --family r") == ["rCP"]
    assert after(tnc, "tnc new --list ") == ["dense.tnn", "folder/", "two words.tnn"]


def test_files(tnc: Run) -> None:
    assert after(tnc, "tnc check ")[:3] == ["dense.tnn", "folder/", "two words.tnn"]
    assert after(tnc, "tnc check folder/") == ["folder/inner.tnn"]
    assert after(tnc, "tnc check .h") == [".hidden.tnn"]
    assert after(tnc, "tnc check missing/") == []
    assert after(tnc, "tnc check st")[:2] == ["std", "std.convolution"]
    assert after(tnc, "tnc compile -o no") == ["notes.txt"]
    assert after(tnc, "tnc check 'two w") == ["two words.tnn"]
    assert after(tnc, "tnc check two\\ w") == ["two words.tnn"]


def test_layers(tnc: Run) -> None:
    layers = ["dense.tnn:Dense", "dense.tnn:Small"]
    assert after(tnc, "tnc plan dense.tnn") == ["dense.tnn", *layers]
    assert after(tnc, "tnc plan dense.tnn:") == layers
    assert after(tnc, "tnc plan dense.tnn:S") == layers[1:]
    assert after(tnc, "tnc check dense.tnn:") == []
    assert "std.nets:ResNet20" in after(tnc, "tnc compile std.nets:")
    assert after(tnc, "tnc plan missing.tnn:") == []


def test_layers_are_those_that_can_be_compiled(tnc: Run) -> None:
    """However they are written, also where the file has errors."""
    odd = DENSE.replace("layer Dense", "  ## Dense.\n  layer\n Dense")
    odd += "\nlet q = 3\n# layer No {}\nlet D2 = Dense(S: 2)\nextern E(x[n]) -> [n]\n"
    Path("odd.tnn").write_text(odd)
    assert after(tnc, "tnc plan odd.tnn:") == ["odd.tnn:Dense", "odd.tnn:D2"]
    assert "odd.tnn:Dense\tDense." in tnc("completion", "zsh", "--line", "tnc plan odd.tnn:").out
    Path("odd.tnn").write_text(odd + "layer Other {\n  output y[n] = \nlayer Last {}")
    assert after(tnc, "tnc plan odd.tnn:O") == ["odd.tnn:Other"]


def test_codes(tnc: Run) -> None:
    assert after(tnc, "tnc explain ") == [*CATALOGUE]
    assert after(tnc, "tnc explain E030") == [each for each in CATALOGUE if "E030" in each]


@pytest.mark.parametrize(
    "line", ["", "tnc", "tnc nope ", "tnc nope a", "tnc check -- ", "tnc check '", "tnc check \0"]
)
def test_nothing_fails(tnc: Run, line: str) -> None:
    assert tnc("completion", "bash", "--line", line).code in {0, 2}


def test_lines_are_split_as_shells_do() -> None:
    assert split("tnc check ") == ["tnc", "check", ""]
    assert split("tnc check 'a b") == ["tnc", "check", "a b"]
    assert split('tnc "a b" c') == ["tnc", "a b", "c"]
    assert split("tnc a\\ ") == ["tnc", "a "]


# ---------------------------------------------------------------- shells

BASH = """
compopt() { echo compopt; }
COMP_LINE=$1 COMP_POINT=${#1}
_tnc
printf '%s\\n' "${COMPREPLY[@]}"
"""
ZSH = """
_describe() { print -rl -- ${(P)2}; }
words=("${(@Q)${(z)1}}")
[[ $1 = *' ' ]] && words+=('')
CURRENT=$#words
_tnc
"""
FISH = "complete -C $argv[1]\n"


def asked(shell: str, rest: str, line: str) -> list[str]:
    """What a shell that has read our script offers."""
    if shell != "bash" and shutil.which(shell) is None:  # bash is everywhere
        pytest.skip(f"{shell} is not installed")
    Path("tnc").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tnc "$@"\n')
    Path("tnc").chmod(0o755)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": os.getcwd()}  # noqa: PTH109
    environment["PATH"] = f"{Path.cwd()}{os.pathsep}{os.environ['PATH']}"
    script = subprocess.run(
        ["tnc", "completion", shell], env=environment, check=True, capture_output=True, text=True
    ).stdout
    Path("script").write_text(script + rest)
    words = {"bash": ["bash", "--norc"], "zsh": ["zsh", "-f"], "fish": ["fish", "--no-config"]}
    answer = subprocess.run(
        [*words[shell], "script", line], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stderr == ""
    return answer.stdout.splitlines()


def test_bash() -> None:
    assert asked("bash", BASH, "tnc check --format s") == ["short", "sarif"]
    assert asked("bash", BASH, "tnc plan dense.tnn:") == ["Dense", "Small"]
    assert asked("bash", BASH, "tnc check --format=s") == ["short", "sarif"]
    assert asked("bash", BASH, "tnc check fol") == ["compopt", "folder/"]
    assert asked("bash", BASH, "tnc check two") == ["two words.tnn"]


def test_zsh() -> None:
    assert asked("zsh", ZSH, "tnc check --format s") == ["short:", "sarif:"]
    assert asked("zsh", ZSH, "tnc plan dense.tnn:") == ["dense.tnn\\:Dense:", "dense.tnn\\:Small:"]
    assert asked("zsh", ZSH, "tnc check fol") == ["folder/:"]
    assert asked("zsh", ZSH, "tnc ch")[0].startswith("check:report every mistake")


def test_fish() -> None:
    assert asked("fish", FISH, "tnc check --format s") == ["sarif", "short"]
    assert asked("fish", FISH, "tnc plan dense.tnn:") == ["dense.tnn:Dense", "dense.tnn:Small"]
    assert asked("fish", FISH, "tnc check fol") == ["folder/"]
    assert asked("fish", FISH, "tnc ch")[0].startswith("check\treport every mistake")
