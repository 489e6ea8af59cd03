"""What a GPU reaches on the steps of a plan, and on factorised layers beside the dense one."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator

import torch
from torch import nn

import tnc

SHAPES = ((64, 64, 32, 128), (256, 256, 14, 128), (512, 512, 7, 128))
FAMILIES = ("CP", "TK", "rCP")
RATIO = 0.1


def seconds(run: Callable[[], object], rounds: int = 30) -> float:
    """Median time of a call, by events of the device."""
    for _ in range(5):
        run()
    torch.cuda.synchronize()
    samples = []
    for _ in range(rounds):
        start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        start.record()
        run()
        end.record()
        torch.cuda.synchronize()
        samples.append(start.elapsed_time(end) / 1000)
    return statistics.median(samples)


def rates() -> Iterator[str]:
    """The figures of a device profile: float32 without tf32."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    a, b = (torch.randn(8192, 8192, device="cuda") for _ in range(2))
    yield f"matrix product {2 * 8192**3 / seconds(lambda: a @ b) / 1e12:.1f} Tflop/s"
    c, d = (torch.randn(512, 256, 256, device="cuda") for _ in range(2))
    batched = seconds(lambda: torch.bmm(c, d))
    yield f"batched product {2 * 512 * 256**3 / batched / 1e12:.1f} Tflop/s"
    x, w = torch.randn(128, 256, 14, 14, device="cuda"), torch.randn(256, 256, 3, 3, device="cuda")
    macs = 128 * 256 * 256 * 14 * 14 * 9
    dense = seconds(lambda: torch.conv2d(x, w, padding=1))
    yield f"convolution {2 * macs / dense / 1e12:.1f} Tflop/s"
    g = torch.randn(256, 1, 3, 3, device="cuda")
    grouped = seconds(lambda: torch.conv2d(x, g, padding=1, groups=256))
    rate, moved = 2 * 128 * 256 * 196 * 9 / grouped / 1e12, 2 * x.numel() * 4 / grouped / 1e12
    yield f"grouped convolution {rate:.2f} Tflop/s, {moved:.2f} TB/s"
    big = torch.empty(2**28, device="cuda")
    other = torch.empty_like(big)
    yield f"copy {2 * big.numel() * 4 / seconds(lambda: other.copy_(big)) / 1e12:.2f} TB/s"
    small = torch.zeros(8, device="cuda")
    many = seconds(lambda: [small.add_(1) for _ in range(100)])
    yield f"launch {many * 1e4:.1f} us"


def layers() -> Iterator[str]:
    """Forward and backward beside the dense layer, contiguous and channels last."""
    for S, T, size, batch in SHAPES:
        for last in (False, True):
            format_ = torch.channels_last if last else torch.contiguous_format
            x = torch.randn(batch, S, size, size, device="cuda").to(memory_format=format_)
            dense = nn.Conv2d(S, T, 3, padding=1, bias=False, device="cuda")
            dense = dense.to(memory_format=format_)
            base = seconds(_step(dense, x))
            found = []
            for family in FAMILIES:
                made = tnc.compile(
                    "tnc/std/convolution.tnn",
                    family,
                    set={"S": S, "T": T, "ratio": RATIO},
                    bind={"n": batch, "h_1": size, "h_2": size},
                    profile="cuda",
                )
                layer = getattr(made.module, family)(device="cuda")
                found.append(f"{family} {seconds(_step(layer, x)) / base:.2f}")
            name = "channels last" if last else "contiguous"
            yield f"{S}-{T} {size}x{size} batch {batch} {name}: dense {base * 1e3:.3f} ms; " + (
                "  ".join(found)
            )


def _step(layer: nn.Module, x: torch.Tensor) -> Callable[[], object]:
    x = x.detach().requires_grad_()
    with torch.no_grad():
        seed = torch.randn_like(layer(x))
    tensors = [x, *layer.parameters()]
    return lambda: torch.autograd.grad(layer(x), tensors, seed)


def main() -> None:
    """Print a line per figure."""
    print(torch.cuda.get_device_name(), torch.__version__, flush=True)
    for line in (*rates(), *layers()):
        print(line, flush=True)


if __name__ == "__main__":
    main()
