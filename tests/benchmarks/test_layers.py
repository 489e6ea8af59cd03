"""What is measured computes what it says: cases, their einsums, layers of other libraries."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from benchmarks.cases import (
    CONVOLUTIONS,
    DENSE,
    Case,
    Image,
    attention,
    convolution,
    dense,
    everything,
    regression,
    tiny,
)
from benchmarks.einsums import CONTRACTORS, Einsum
from benchmarks.peers import peers
from tnc.driver.options import Output

IMAGES = (Image(16, 16, 6), Image(16, 32, 8, 2))
PRODUCTS = [
    *(convolution(family, image, 0.2, 2) for family in CONVOLUTIONS for image in IMAGES),
    *(dense(family, 0.2, 3, 64, 64) for family in DENSE),
    dense("rTT", 0.2, 3, 64, 64, 3),
    regression(2, 16, 5, 7),
    tiny(3),
]
CASES = [*PRODUCTS, attention(2, 5, 16, 4)]


def elements(layer: nn.Module) -> int:
    return sum(weight.numel() for weight in layer.parameters())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_dense_layer_has_the_same_shapes_and_its_share_of_parameters(case: Case) -> None:
    layer, replaced = case.module(case.output()), case.dense()
    assert layer(case.input()).shape == replaced(case.input()).shape
    if case.share:
        assert 0.6 * case.share < elements(layer) / elements(replaced) <= case.share


def with_weights_of(layer: nn.Module, output: Output, form: Einsum) -> Einsum:
    built = output.built[0].layer
    names = {weight.value: weight.name for weight in built.weights}
    operands = [names[each] for each in built.outputs[0].value.operands if each in names]
    for weight, name in zip(form.weights, operands, strict=True):
        weight.data = layer.get_parameter(name).detach().reshape(weight.shape)
    return form


@pytest.mark.parametrize("contractor", CONTRACTORS)
@pytest.mark.parametrize("case", PRODUCTS, ids=str)
def test_the_einsum_of_a_layer_is_the_layer(case: Case, contractor: str) -> None:
    output = case.output()
    layer, x = case.module(output), case.input()
    built = output.built[0]
    form = Einsum(built.layer, dict(built.plan.binding), CONTRACTORS[contractor])
    torch.testing.assert_close(with_weights_of(layer, output, form)(x), layer(x))


def test_what_is_not_one_product_has_no_einsum() -> None:
    built = attention(2, 5, 16, 4).output().built[0]
    with pytest.raises(ValueError, match="Attention is not one product"):
        Einsum(built.layer, dict(built.plan.binding), torch.einsum)


OTHERS = {
    "CP": {"tltorch factorized", "tltorch reconstructed"},
    "CP4": {"tltorch factorized", "tltorch reconstructed", "tednet"},
    "TK": {"tltorch factorized", "tltorch reconstructed", "tednet"},
    "TT": {"tltorch factorized", "tltorch reconstructed"},
    "rTT": {"tednet"},
}


@pytest.mark.parametrize("family", CONVOLUTIONS)
@pytest.mark.parametrize("image", IMAGES, ids=str)
def test_convolutions_of_other_libraries(family: str, image: Image) -> None:
    case = convolution(family, image, 0.2, 2)
    assert compared(case) == OTHERS.get(family, set())


@pytest.mark.parametrize("family", DENSE)
def test_dense_layers_of_other_libraries(family: str) -> None:
    both = {"tltorch factorized", "tltorch reconstructed"}
    case = dense(family, 0.2, 3, 256, 256)
    assert compared(case) == both | ({"tednet"} if family == "rTT" else set())


def compared(case: Case) -> set[str]:
    """The names of the peers, each of which trains and has as many parameters as our layer."""
    ours = case.module(case.output())
    found = peers(case, ours)
    for make in found.values():
        layer = make()
        result = layer(case.input())
        assert result.shape == ours(case.input()).shape
        assert elements(layer) == pytest.approx(elements(ours), rel=0.2)
        torch.autograd.grad(result.sum(), list(layer.parameters()))
    return set(found)


def test_the_grid_has_every_family_at_every_size() -> None:
    cases = list(everything((32, 8)))
    assert len({str(case) for case in cases}) == len(cases) == 7 * 5 * 4 * 2 + 5 * (4 * 2 + 2) + 3
    assert {case.kind for case in cases} == {"convolution", "dense", "regression", "attention"}
