"""The text of generated modules: what it may hold, its form, the same bytes everywhere."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.families.compiled import compiled
from tests.families.kernels import CONVOLUTIONS, DENSE, Family
from tests.modules.layers import PATHS, SUBJECTS, Subject

FAMILIES = [*DENSE, *CONVOLUTIONS]
each_family = pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
each_layer = pytest.mark.parametrize("subject", SUBJECTS, ids=lambda subject: subject.name)
FORBIDDEN = r"\b(einsum|tensordot|opt_einsum|autograd\.grad|vjp|enable_grad)\b"
ROOT = Path(__file__).parent.parent.parent


def source(family: Family) -> str:
    return compiled(family.file, family.layer, **family.settings).source


def ruff(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ruff", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def write_all(folder: Path) -> None:
    for family in FAMILIES:
        path = folder / f"{family.name.replace('-', '_')}.py"
        path.write_text(source(family), encoding="utf-8")
    for subject in SUBJECTS:
        (folder / f"{subject.name}.py").write_text(subject.made().source, encoding="utf-8")


def test_the_linter_changes_and_finds_nothing(tmp_path: Path) -> None:
    """All modules at once: `ruff format` leaves them as they are, and pyflakes is content."""
    write_all(tmp_path)
    assert len(list(tmp_path.glob("*.py"))) == len(FAMILIES) + len(SUBJECTS)
    alone = ("--isolated", "--line-length", "100")
    formatted = ruff("format", *alone, "--diff", tmp_path)
    assert formatted.returncode == 0, formatted.stdout
    checked = ruff("check", *alone, "--select", "F", tmp_path)
    assert checked.returncode == 0, checked.stdout


@each_family
def test_the_derivative_is_the_code(family: Family) -> None:
    """No general contraction, no autograd inside; only torch and the standard library."""
    text = source(family)
    code = ast.unparse(ast.parse(text))
    assert not re.search(FORBIDDEN, code)
    for node in ast.walk(ast.parse(text)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            package = name.partition(".")[0]
            assert package == "torch" or package in sys.stdlib_module_names, name


@each_layer
def test_forbidden_words_in_other_layers(subject: Subject) -> None:
    assert not re.search(FORBIDDEN, ast.unparse(ast.parse(subject.made().source)))


@each_family
def test_the_header_names_the_source(family: Family) -> None:
    text = source(family)
    header = text[: text.index("\nclass ")]
    assert f"{family.file}.tnn" in header
    assert str(ROOT) not in text
    assert "edit the .tnn" in header


@each_layer
def test_the_classes_are_documented(subject: Subject) -> None:
    tree = ast.parse(subject.made().source)
    (found,) = [n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == subject.layer]
    text = ast.get_docstring(found)
    assert text
    assert "y[" in text or "z[" in text, text


ALONE = """
import importlib.util, sys
sys.modules["tnc"] = None  # an import of it would fail
import torch
for path in sys.argv[1:]:
    spec = importlib.util.spec_from_file_location("alone", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["alone"] = module
    spec.loader.exec_module(module)
x = torch.randn(3, 6, requires_grad=True)
module.rTT()(x).sum().backward()
print("ran", x.grad.shape == x.shape)
"""


def test_modules_stand_alone(tmp_path: Path) -> None:
    """Imported and run where tnc is not."""
    names = ["conv2d-CP", "conv2d-BT", "dense-HT"]
    chosen = [family for family in FAMILIES if family.name in names]
    paths = [tmp_path / f"m{number}.py" for number in range(len(chosen) + 1)]
    made = [*(source(f) for f in chosen), next(s for s in SUBJECTS if s.name == "tt").made().source]
    for path, text in zip(paths, made, strict=True):
        path.write_text(text, encoding="utf-8")
    command = [sys.executable, "-I", "-c", ALONE, *map(str, paths)]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert answer.stdout == "ran True\n", answer.stderr


WRITER = """
import sys
from tnc.cli.main import main
for number, (place, settings) in enumerate(eval(sys.argv[2])):
    assert main(["compile", place, "--set", settings, "-o", f"{sys.argv[1]}/{number}.py"]) == 0
assert "torch" not in sys.modules  # which takes longer to import than all this takes
"""


def written(settings: dict[str, object]) -> str:
    return ",".join(f"{name}={value}" for name, value in settings.items())


@pytest.mark.slow
def test_same_bytes_in_every_process(tmp_path: Path) -> None:
    """Whatever the hash seed, with the plan cache cold, warm, or full of rubbish."""
    wanted = [
        (str(PATHS["cp"]), "CP4", {"S": 6, "T": 9, "R": 4, "stride": 2}),
        (str(PATHS["cp"]), "HT", {"S": 6, "T": 9, "R": 3, "E": 2}),
        (str(PATHS["tt"]), "rTT", {"S": [2, 3, 2], "T": [3, 2, 3], "R": [3, 2]}),
        (str(PATHS["tt"]), "HT", {"S": [2, 3, 2, 2], "T": [3, 2, 2, 2], "R": 3}),
    ]
    runs = []
    for run, (seed, cache) in enumerate([("0", "a"), ("1", "b"), ("2", "a"), ("3", "b")]):
        folder = tmp_path / f"run{run}"
        folder.mkdir()
        home = tmp_path / cache
        home.mkdir(exist_ok=True)
        if run == 3:
            stored = [path for path in home.rglob("*") if path.is_file()]
            for path in stored:
                path.write_text("rubbish")
        environment = os.environ | {"PYTHONHASHSEED": seed, "XDG_CACHE_HOME": str(home)}
        places = [(f"{path}:{layer}", written(settings)) for path, layer, settings in wanted]
        command = [sys.executable, "-c", WRITER, str(folder), repr(places)]
        subprocess.run(command, env=environment, cwd=ROOT, check=True)
        runs.append([path.read_bytes() for path in sorted(folder.iterdir())])
    assert len(runs[0]) == len(wanted)
    assert runs[1:] == runs[:1] * 3
    assert runs[0] == [
        compiled(Path(path).stem, layer, **settings).source.encode()
        for path, layer, settings in wanted
    ]
