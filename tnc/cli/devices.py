"""The devices on which something can be measured."""

from __future__ import annotations

from tnc.cli.exits import usage

DEVICES = ("cpu", "cuda")


def check(name: str, flag: str = "--device") -> None:
    """Stop where PyTorch does not find the device that a flag asks for."""
    import torch

    if name == "cuda" and not torch.cuda.is_available():
        raise usage(f"`{flag} cuda`: PyTorch finds no such device here")
