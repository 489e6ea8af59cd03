"""Σ_{s,i,j} x[n,s,h,w] W[s,t,i,j] with W dense, CP or r-CP, in LeNet-5 and in a residual network.

    python examples/12_digits.py [--quick] [--plot digits.svg]        (two minutes on one core)

Both networks of 12_digits.tnn are generic in their layers; each variant sees the same batches of
scikit-learn's handwritten digits in the same order.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import figure
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate

import tnc

NETWORKS = Path(__file__).with_suffix(".tnn")
BATCH = 64
LAYERS = {  # each factored layer has a tenth of the parameters; a matrix in CP form is an SVD
    "dense": {"LeNet": {}, "ResNet": {}},
    "CP": {
        "LeNet": {"Conv": "CP(ratio: 0.1)", "Dense": "std.dense.SVD(ratio: 0.1)"},
        "ResNet": {"Conv": "CP(ratio: 0.1)"},
    },
    "r-CP": {
        "LeNet": {"Conv": "rCP(ratio: 0.1)", "Dense": "std.dense.rCP(ratio: 0.1)"},
        "ResNet": {"Conv": "rCP(ratio: 0.1)"},
    },
}


@dataclass(frozen=True)
class Row:
    """A trained network: `losses` has the mean of each epoch, `seconds` are those of training."""

    name: str
    accuracy: float
    parameters: int
    seconds: float
    losses: list[float]


def digits(quick: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images x[n, 1, 8, 8] and classes, to train with and to test with."""
    pixels, classes = load_digits(return_X_y=True)
    images = torch.tensor(pixels / 16, dtype=torch.float32).view(-1, 1, 8, 8)
    split = train_test_split(
        images, torch.tensor(classes), test_size=0.2, random_state=0, stratify=classes
    )
    return tuple(part[:256] for part in split) if quick else tuple(split)


def bar(name: str, done: int, steps: int) -> None:
    """A progress bar, on a terminal."""
    if sys.stderr.isatty():
        filled = 30 * done // steps
        text = f"\r{name:14} {'█' * filled}{'░' * (30 - filled)} {done} of {steps} steps"
        print(text if done < steps else "\r\033[K", end="", file=sys.stderr, flush=True)


def train(name: str, network: nn.Module, x: Tensor, classes: Tensor, epochs: int) -> list[float]:
    """Train with Adam and a falling rate; the mean loss of every epoch."""
    torch.manual_seed(1)
    batches = [part for _ in range(epochs) for part in torch.randperm(len(x)).split(BATCH)]
    optimizer = torch.optim.Adam(network.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, len(batches))
    losses = []
    for chosen in batches:
        optimizer.zero_grad()
        loss = cross_entropy(network(x[chosen]), classes[chosen])
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
        bar(name, len(losses), len(batches))
    return torch.tensor(losses).view(epochs, -1).mean(1).tolist()


def row(network: str, layers: str, data: tuple[Tensor, ...], epochs: int) -> Row:
    """Compile, train and test one network."""
    sizes = {"n": BATCH} | ({} if network == "LeNet" else {"h": 8, "w": 8})
    made = tnc.compile(NETWORKS, network, set=LAYERS[layers][network], bind=sizes)
    torch.manual_seed(0)
    module = getattr(made.module, network)()
    x, x_test, classes, classes_test = data
    if network == "LeNet":
        x, x_test = interpolate(x, scale_factor=2), interpolate(x_test, scale_factor=2)
    start = time.perf_counter()
    losses = train(f"{network} {layers}", module, x, classes, epochs)
    seconds = time.perf_counter() - start
    with torch.no_grad():
        accuracy = (module.eval()(x_test).argmax(1) == classes_test).float().mean().item()
    parameters = sum(each.numel() for each in module.parameters())
    return Row(f"{network} {layers}", accuracy, parameters, seconds, losses)


def main(words: list[str] | None = None) -> list[Row]:
    parser = argparse.ArgumentParser(description="dense, CP and r-CP layers side by side")
    parser.add_argument("--quick", action="store_true", help="two epochs of 256 images")
    parser.add_argument("--plot", type=Path, default="digits.svg", help="where the figure goes")
    asked = parser.parse_args(words)
    torch.set_num_threads(1)
    data = digits(asked.quick)
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # the first one imports for seconds
    print(f"{'network':14}{'accuracy':>10}{'parameters':>12}{'training':>10}")
    rows = []
    for network in ("LeNet", "ResNet"):
        for layers in LAYERS:
            rows.append(made := row(network, layers, data, 2 if asked.quick else 12))
            accuracy, seconds = f"{made.accuracy:.1%}", f"{made.seconds:.1f} s"
            print(f"{made.name:14}{accuracy:>10}{made.parameters:>12,}{seconds:>10}", flush=True)
    panels = {
        "accuracy": [(each.accuracy, f"{each.accuracy:.1%}") for each in rows],
        "parameters": [(each.parameters, f"{each.parameters:,}") for each in rows],
        "seconds of training": [(each.seconds, f"{each.seconds:.1f}") for each in rows],
    }
    asked.plot.write_text(figure.bars([each.name for each in rows], panels), encoding="utf-8")
    print(f"plotted in {asked.plot}")
    return rows


if __name__ == "__main__":
    main()
