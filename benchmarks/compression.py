"""A ResNet-50 with random weights, compressed: how long that takes, what memory it needs, and
whether what comes out is what PyTorch and ONNX take it for.

    python -m benchmarks.compression --family rCP --ratio 0.1
"""

from __future__ import annotations

import argparse
import io
import resource
import tempfile
import time
from pathlib import Path

import onnxruntime
import torch
from torch import Tensor, nn

import tnc
from benchmarks.resnet import resnet50
from tnc.compression.loader import load_, read_safetensors

SECONDS, GIBIBYTES = 600, 6
"""What it may take."""


def image(batch: int) -> Tensor:
    return torch.randn(batch, 3, 224, 224, generator=torch.Generator().manual_seed(batch))


def shapes(network: nn.Module) -> dict[str, torch.Size]:
    """The shape that every layer gives, by its name."""
    found: dict[str, torch.Size] = {}
    handles = [
        each.register_forward_hook(lambda _, __, y, name=name: found.update({name: y.shape}))
        for name, each in network.named_modules()
    ]
    with torch.no_grad():
        network.eval()(image(1))
    for handle in handles:
        handle.remove()
    return found


def gap(found: Tensor, wanted: Tensor) -> float:
    """The largest difference, in terms of the largest element."""
    return float((found - wanted).abs().max() / wanted.abs().max())


def by_export(network: nn.Module, batches: dict[str, object]) -> float:
    program = torch.export.export(network, (image(2),), dynamic_shapes=batches)
    with torch.no_grad():
        return gap(program.module()(image(3)), network(image(3)))


def by_onnx(network: nn.Module, batches: dict[str, object]) -> float:
    program = torch.onnx.export(
        network, (image(2),), dynamo=True, dynamic_shapes=batches, verbose=False
    )
    assert program is not None
    file = io.BytesIO()
    program.save(file)
    session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: image(3).numpy()})
    with torch.no_grad():
        return gap(torch.from_numpy(found), network(image(3)))


def round_trip(done: tnc.Compressed, network: nn.Module) -> bool:
    """Whether the checkpoint holds the very state."""
    with tempfile.TemporaryDirectory() as folder:
        state, _ = read_safetensors(done.write(folder) / "checkpoint.safetensors")
        size = (Path(folder) / "checkpoint.safetensors").stat().st_size
    print(f"checkpoint: {size / 2**20:.1f} MiB")
    load_(network, state)
    wanted = network.state_dict()
    return state.keys() == wanted.keys() and all(
        torch.equal(value, wanted[name]) for name, value in state.items()
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--family", default="rCP")
    parser.add_argument("--ratio", type=float, default=0.1)
    parser.add_argument("--iterations", type=int, default=20)
    arguments = parser.parse_args()
    torch.manual_seed(0)
    dense = resnet50()
    wanted = shapes(dense)
    start = time.perf_counter()
    done = tnc.compress(
        dense,
        family=arguments.family,
        ratio=arguments.ratio,
        iterations=arguments.iterations,
        example=image(1),
    )
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    network = done.model
    assert network is not None
    print(done)
    print(f"\n{seconds:.0f} s of {SECONDS}, {memory:.2f} GiB of {GIBIBYTES}")
    print(f"shapes kept: {shapes(network) == wanted}")
    print(f"state round-trips: {round_trip(done, network)}")
    batches: dict[str, object] = {"x": {0: torch.export.Dim("n", min=2, max=64)}}
    print(f"torch.export differs by {by_export(network, batches):.1e}")
    print(f"ONNX differs by {by_onnx(network, batches):.1e}")


if __name__ == "__main__":
    main()
