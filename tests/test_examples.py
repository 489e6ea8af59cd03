"""Every example: numbered, short, opens with its equation, computes and learns what it says."""

from __future__ import annotations

import importlib.util
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest
import torch

from tests.example_layers import EXAMPLES, LAYERS, Example
from tests.oracle import close
from tnc.cli.main import main as command

NUMBERED = sorted(path for path in EXAMPLES.iterdir() if path.name[0].isdigit())
TRAINING = "12_digits.py"


# ---------------------------------------------------------------------------- the house rule
def test_numbers_follow_one_another() -> None:
    numbers = sorted({int(path.name[:2]) for path in NUMBERED})
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("path", NUMBERED, ids=lambda path: path.name)
def test_short_and_opens_with_its_equation(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= (140 if path.name == TRAINING else 60)
    assert re.match(r'(# |""").*(=|Σ).*', lines[0])
    assert all(len(line) <= 110 for line in lines)


@pytest.mark.parametrize("path", NUMBERED, ids=lambda path: path.name)
def test_listed(path: Path) -> None:
    """The page of examples names every file."""
    assert f"`{path.name}`" in (EXAMPLES / "README.md").read_text(encoding="utf-8")


# ---------------------------------------------------------------------------- the layers
each_layer = pytest.mark.parametrize("example", LAYERS, ids=lambda example: example.file)


def test_every_single_layer_is_compared() -> None:
    networks = {"12_digits.tnn"}
    files = {path.name for path in NUMBERED if path.suffix == ".tnn"}
    assert {example.file for example in LAYERS} == files - networks


@each_layer
def test_computes_its_equation(example: Example) -> None:
    """Value and every gradient, against the equation in plain PyTorch under autograd."""
    layer = example.build()
    assert sum(each.numel() for each in layer.parameters()) == example.parameters
    x = torch.randn(example.shape, dtype=torch.float64, requires_grad=True)
    weights = dict(layer.named_parameters())
    ours, theirs = layer(x), example.equation(weights, x)
    close(ours, theirs, "the value")
    seed = torch.randn_like(ours)
    names = [name for name in weights if "BatchNorm" not in name]
    wanted = [x, *(weights[name] for name in names)]
    ours_grad = torch.autograd.grad((ours * seed).sum(), wanted)
    theirs_grad = torch.autograd.grad((theirs * seed).sum(), wanted)
    for name, a, b in zip(["x", *names], ours_grad, theirs_grad, strict=True):
        close(a, b, f"the gradient of {name}")


@each_layer
def test_learns(example: Example) -> None:
    """The loss falls to what another layer of the same kind gives."""
    layer, teacher = example.build(), example.build()
    x = torch.randn(8, *example.shape[1:], dtype=torch.float64)
    target = teacher(x).detach()
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.02)
    losses = []
    for _ in range(60):
        optimizer.zero_grad()
        loss = (layer(x) - target).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]


# ---------------------------------------------------------------------------- the scripts
def script(name: str) -> ModuleType:
    """A script as a module, found beside its siblings."""
    path = EXAMPLES / name
    spec = importlib.util.spec_from_file_location(f"example_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def _beside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))


def drawn(path: Path, tag: str) -> int:
    """How many marks a figure has."""
    root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    return sum(each.tag.endswith(f"}}{tag}") for each in root.iter())


@pytest.mark.slow
def test_digits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = script(TRAINING).main(["--quick", "--plot", str(tmp_path / "digits.svg")])
    names = [f"{network} {kind}" for network in ("LeNet", "ResNet") for kind in
             ("dense", "CP", "r-CP")]  # fmt: skip
    assert [row.name for row in rows] == names
    for row in rows:
        assert row.losses[-1] < row.losses[0]
        assert 0 < row.accuracy <= 1
    for dense, *factored in (rows[:3], rows[3:]):
        assert all(row.parameters < dense.parameters / 5 for row in factored)
    said = capsys.readouterr()
    assert all(f"{row.parameters:,}" in said.out for row in rows)
    assert said.err == ""  # no progress bar but on a terminal
    assert drawn(tmp_path / "digits.svg", "rect") == 1 + 3 * len(rows)


@pytest.mark.slow
def test_explore(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    explore = script("13_explore.py")
    explore.FAMILIES, explore.RATIOS = ["CP", "rTT"], [0.05, 0.2]
    points = explore.main(str(tmp_path / "explore.svg"))
    assert {name: len(series) for name, series in points.items()} == {"Mine": 3, "CP": 2, "rTT": 2}
    for series in points.values():
        assert series == sorted(series, key=lambda point: point[1])  # larger ranks, more parameters
    (path,) = tmp_path.iterdir()
    assert drawn(path, "circle") == 7
    said = capsys.readouterr().out
    macs, parameters = min(point for series in points.values() for point in series)
    assert f"{macs:,}" in said
    assert f"{parameters:,}" in said


def losses_of(words: list[str], pattern: str, folder: Path) -> list[float]:
    """What a script says in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    devices = (name for _, name in socket.if_nameindex())
    environment["GLOO_SOCKET_IFNAME"] = next(name for name in devices if name.startswith("lo"))
    ran = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    return [float(number) for number in re.findall(pattern, ran.stdout)]


@pytest.mark.slow
def test_plain_pytorch(tmp_path: Path) -> None:
    """The script refuses to go on if tnc was imported."""
    layer = f"{EXAMPLES / '02_rcp_dense.tnn'}"
    settings = ["--set", "S=[8,8],T=[8,8],R=4", "-o", str(tmp_path / "rcp_dense.py")]
    assert command(["compile", layer, *settings]) == 0
    words = ["-I", str(EXAMPLES / "14_plain_pytorch.py"), "rcp_dense.py"]
    losses = losses_of(words, r"loss ([\d.]+)", tmp_path)
    assert len(losses) == 5
    assert losses[-1] < 0.2 * losses[0]
    state = torch.load(tmp_path / "rcp_dense.pt", weights_only=True)
    assert {"2.K_1", "2.K_2", "2.b"} <= set(state)


@pytest.mark.slow
def test_distributed(tmp_path: Path) -> None:
    """Under torchrun, DDP and FSDP2 say the same losses, and they fall."""
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    words = [*launch, str(EXAMPLES / "15_distributed.py")]
    losses = losses_of(words, r"loss ([\d.]+)", tmp_path)
    averaged, shared = losses[: len(losses) // 2], losses[len(losses) // 2 :]
    assert averaged == pytest.approx(shared, abs=2e-3)
    assert averaged[-1] < 0.5 * averaged[0]


@pytest.mark.slow
def test_demo(capsys: pytest.CaptureFixture[str]) -> None:
    demo = script("demo.py")
    demo.EPOCHS = 1
    demo.main()
    table = capsys.readouterr().out.splitlines()[-4:]
    assert [line[:18].strip() for line in table] == [
        "dense", "r-CP dense", "convolution", "r-TK convolution",
    ]  # fmt: skip
