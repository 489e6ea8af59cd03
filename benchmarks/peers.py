"""The same layers of other libraries, with ranks that give as many parameters."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable

from tednet.tnn.cp import CPConv2D
from tednet.tnn.tensor_train import TTConv2D, TTLinear
from tednet.tnn.tucker2 import TK2Conv2D
from tltorch import FactorizedConv, FactorizedLinear
from torch import Tensor, nn

from benchmarks.cases import Case

TLTORCH = {
    "convolution": {"CP": "cp", "CP4": "cp", "TK": "tucker", "TT": "tt"},
    "dense": {"CP": "cp", "TK": "tucker", "rCP": "cp", "rTT": "blocktt"},
}
"""What tltorch calls each family. It has no reshaped convolutions, and its CP and Tucker forms
have factors for the taps."""


def peers(case: Case, ours: nn.Module) -> dict[str, Callable[[], nn.Module]]:
    """The layers that other libraries have for a case; `ours` tells the ranks."""
    found: dict[str, Callable[[], nn.Module]] = {}
    factorization = TLTORCH.get(case.kind, {}).get(case.family.split()[0])
    if factorization:
        for way in ("factorized", "reconstructed"):
            found[f"tltorch {way}"] = lambda way=way: _tltorch(case, ours, factorization, way)
    other = TEDNET.get((case.kind, case.family))
    if other:
        found["tednet"] = lambda: _silently(lambda: other(case, ours))
    return found


def _tltorch(case: Case, ours: nn.Module, factorization: str, way: str) -> nn.Module:
    same = factorization == "blocktt" or (factorization == "cp" and not case.family.startswith("r"))
    rank = _ranks(ours) if same else case.share
    options = {"rank": rank, "factorization": factorization, "implementation": way}
    if case.kind == "dense":
        return FactorizedLinear(*_factors(case, ours), bias=False, **options)
    dense = case.dense()
    made = FactorizedConv(
        dense.in_channels, dense.out_channels, 3, order=2, stride=dense.stride[0], padding=1,
        **options,
    )  # fmt: skip
    made.reset_parameters()
    return made


def _cores(ours: nn.Module) -> list[nn.Parameter]:
    return [weight for name, weight in ours.named_parameters() if name.startswith("K_")]


def _factors(case: Case, ours: nn.Module) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The factors of the sizes before and after a dense layer."""
    shapes = [core.shape for core in _cores(ours)]
    if not shapes:
        return (case.settings["S"],), (case.settings["T"],)
    return tuple(shape[1] for shape in shapes), tuple(shape[2] for shape in shapes)


def _ranks(ours: nn.Module) -> int | list[int]:
    """The rank of a CP; the ranks of a train, the outer ones too."""
    cores = _cores(ours)
    return [1, *(core.shape[3] for core in cores)] if cores else int(ours.B.shape[0])


def _cp(case: Case, ours: nn.Module) -> nn.Module:
    dense = case.dense()
    return CPConv2D(
        dense.in_channels, dense.out_channels, ours.B.shape[0], 3, dense.stride[0], 1, bias=False
    )


def _tucker(case: Case, ours: nn.Module) -> nn.Module:
    dense = case.dense()
    ranks = [ours.A.shape[1], ours.B.shape[0]]
    return TK2Conv2D(
        dense.in_channels, dense.out_channels, ranks, 3, dense.stride[0], 1, bias=False
    )


def _train(case: Case, ours: nn.Module) -> nn.Module:
    """The chain the other way round: tednet's begins with the taps."""
    first, second = ours.K_1.shape, ours.K_2.shape
    ranks = [second[3], first[3]]
    inward, outward = [second[1], first[1]], [second[2], first[2]]
    stride = case.dense().stride[0]
    return TTConv2D(inward, outward, ranks, 3, stride, 1, bias=False)


class _Flat(nn.Module):
    """A convolution of tednet's, which takes its input contiguous only."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x.contiguous())


def _dense_train(case: Case, ours: nn.Module) -> nn.Module:
    inward, outward = _factors(case, ours)
    inner = _ranks(ours)[1:-1]
    return TTLinear(list(inward), list(outward), inner, bias=False)


TEDNET: dict[tuple[str, str], Callable[[Case, nn.Module], nn.Module]] = {
    ("convolution", "CP4"): _cp,
    ("convolution", "TK"): _tucker,
    ("convolution", "rTT"): lambda case, ours: _Flat(_train(case, ours)),
    ("dense", "rTT"): _dense_train,
    ("dense", "rTT of 6 cores"): _dense_train,
}


def _silently(make: Callable[[], nn.Module]) -> nn.Module:
    """tednet prints how far each layer compresses."""
    with contextlib.redirect_stdout(io.StringIO()):
        return make()
