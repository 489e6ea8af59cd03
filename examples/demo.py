"""Compile two factorised layers, read the code, and train with them beside the dense layers.

    python examples/demo.py         (or: make demo; about a minute on one core)

1. `tnc plan` and `tnc compile` on a dense layer whose kernel is a reshaped CP decomposition;
2. a convolution with a reshaped Tucker kernel, loaded from Python;
3. scikit-learn's handwritten digits: each network sees the same batches in the same order.
"""

import importlib
import io
import os
import shlex
import sys
import tempfile
import time
from pathlib import Path

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.nn.functional import cross_entropy

import tnc
from tnc.cli.main import main as command

HERE = Path(os.path.relpath(Path(__file__).parent))
BATCH, EPOCHS, SHOWN = 128, 15, 60
DENSE = {"S": [32, 32], "T": [32, 32], "R": 8}  # 1024 -> 1024
CONV = {"S": [8, 8], "T": [8, 16], "RS": [4, 4], "RT": [4, 8]}  # 64 -> 128 channels, stride 2


def settings(parameters: dict) -> str:
    return ",".join(f"{name}={value}" for name, value in parameters.items()).replace(" ", "")


def run(*words: str) -> None:
    """Run a command as the shell would, showing it first."""
    print("\n$ tnc", shlex.join(words), flush=True)
    if code := command(list(words)):
        raise SystemExit(code)


def compiled_dense() -> nn.Module:
    """The layer of the generated file, which is shown and then imported as it stands."""
    layer = f"{HERE / '02_rcp_dense.tnn'}:RCPDense"
    options = ("--set", settings(DENSE), "--bind", f"n={BATCH}")
    run("plan", layer, *options)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rcp_dense.py"
        run("compile", layer, *options, "-o", str(path))
        lines = path.read_text(encoding="utf-8").splitlines()
        sys.path.insert(0, folder)
        module = importlib.import_module("rcp_dense")
        sys.path.remove(folder)
    print("\n".join(lines[:SHOWN]), f"… and {max(0, len(lines) - SHOWN)} more lines", sep="\n")
    return module.RCPDense()


def compiled_conv() -> nn.Module:
    path = HERE / "05_rtk_conv.tnn"
    run("plan", f"{path}:RTKConv", "--set", settings(CONV), "--bind", f"n={BATCH},h=8,w=8")
    return tnc.load(path).RTKConv(**CONV)


def perceptron(hidden: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Linear(64, 1024), nn.ReLU(), hidden, nn.ReLU(), nn.Linear(1024, 10))


def convolutional(hidden: nn.Module) -> nn.Module:
    stem = (nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, 64, 3, padding=1), nn.ReLU())
    return nn.Sequential(*stem, hidden, nn.ReLU(), nn.Flatten(), nn.Linear(128 * 4 * 4, 10))


def train(name: str, network: nn.Module, x: torch.Tensor, target: torch.Tensor) -> float:
    """Train with Adam; return the seconds that it took."""
    torch.manual_seed(1)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    start = time.perf_counter()
    for epoch in range(1, EPOCHS + 1):
        for chosen in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            cross_entropy(network(x[chosen]), target[chosen]).backward()
            optimizer.step()
        if sys.stderr.isatty():
            print(f"\r{name}: epoch {epoch} of {EPOCHS} ", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    return time.perf_counter() - start


def main() -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    pixels, digits = load_digits(return_X_y=True)
    pixels = torch.tensor(pixels / 16, dtype=torch.float32)
    x, x_test, target, target_test = train_test_split(
        pixels, torch.tensor(digits), test_size=0.2, random_state=0, stratify=digits
    )
    rows = [
        ("dense", perceptron, lambda: nn.Linear(1024, 1024)),
        ("r-CP dense", perceptron, compiled_dense),
        ("convolution", convolutional, lambda: nn.Conv2d(64, 128, 3, 2, 1, bias=False)),
        ("r-TK convolution", convolutional, compiled_conv),
    ]
    networks = [(name, build(make())) for name, build, make in rows]
    print(f"\n{'hidden layer':18}{'accuracy':>9}{'training':>11}{'parameters':>13}{'on disk':>13}")
    for name, network in networks:
        seconds = train(name, network, x, target)
        with torch.no_grad():
            accuracy = (network(x_test).argmax(1) == target_test).float().mean()
        parameters = sum(p.numel() for p in network.parameters())
        torch.save(network.state_dict(), file := io.BytesIO())
        size = f"{file.tell():,} B"
        print(f"{name:18}{accuracy:9.1%}{seconds:9.1f} s{parameters:13,}{size:>13}", flush=True)


if __name__ == "__main__":
    main()
