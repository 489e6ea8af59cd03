"""An update of a factor is least squares on the Jacobian of the kernel, which comes from running
the layer on unit inputs."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import tnc
from tests.fitting.families import CASES, Case
from tests.fitting.unit import weights_of


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_the_kernel_is_what_the_layer_does_to_unit_inputs(case: Case) -> None:
    layer = case.layer()
    torch.testing.assert_close(tnc.expand(layer).detach(), case.kernel(layer, weights_of(layer)))


@pytest.mark.parametrize("case", CASES, ids=repr)
def test_one_sweep_is_least_squares_in_one_factor_after_the_other(case: Case) -> None:
    layer = case.layer()
    weights = weights_of(layer)
    target = torch.randn_like(case.kernel(layer, weights))
    for name in weights:
        weights[name] = least_squares(case, weights, name, target)
    report = tnc.fit(layer, target, start="current", iterations=1, tolerance=0)
    found, wanted = (case.kernel(layer, some) for some in (weights_of(layer), weights))
    torch.testing.assert_close(found, wanted, rtol=1e-10, atol=1e-10 * float(target.norm()))
    error = float((wanted - target).norm() / target.norm())
    assert report.error == pytest.approx(error, rel=1e-10)


def least_squares(case: Case, weights: dict[str, Tensor], name: str, target: Tensor) -> Tensor:
    """The best value of one weight, by LAPACK on the Jacobian."""
    layer, weight = case.layer(), weights[name]

    def kernel(value: Tensor) -> Tensor:
        return case.kernel(layer, {**weights, name: value})

    jacobian = torch.func.jacfwd(kernel)(weight).reshape(target.numel(), weight.numel())
    rest = target - kernel(torch.zeros_like(weight))
    found = torch.linalg.lstsq(jacobian, rest.reshape(-1, 1), driver="gelsd").solution
    return found.reshape(weight.shape)
