"""`tnc.einsum`: its own behaviour (its values are compared in `tests/external`)."""

import numpy as np
import pytest
import torch

import tnc


def test_convolution_equals_torch() -> None:
    x, w = torch.randn(2, 3, 9, 8), torch.randn(5, 3, 3, 2)
    found = tnc.einsum("n s h w, t s i j -> n t h' w' | h' = h*i, w' = w*j; stride=2, pad=1", x, w)
    torch.testing.assert_close(found, torch.conv2d(x, w, stride=2, padding=1))


def test_letters_without_spaces_are_modes() -> None:
    a, b = torch.randn(3, 4), torch.randn(4, 5)
    torch.testing.assert_close(tnc.einsum("ij,jk->ik", a, b), a @ b)
    torch.testing.assert_close(tnc.einsum("ij,jk", a, b), a @ b)


def test_differentiable() -> None:
    a = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    b = torch.randn(4, 5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda *ab: tnc.einsum("i j, j k -> k i", *ab), (a, b))


def test_equation_and_tensors_that_do_not_fit() -> None:
    with pytest.raises(tnc.CompileError) as caught:
        tnc.einsum("i j, j k -> i k", torch.randn(3, 4), torch.randn(5, 6))
    assert [each.code for each in caught.value.diagnostics] == ["E0301"]
    with pytest.raises(tnc.CompileError):
        tnc.einsum("i j, j k -> i k", torch.randn(3, 4))
    with pytest.raises(tnc.CompileError):
        tnc.einsum("i j -> i k", torch.randn(3, 4))
    with pytest.raises(TypeError, match="not a tensor"):
        tnc.einsum("i -> i", [1, 2])


@pytest.mark.parametrize("equation", ["ii->i", "iii->i", "iij->ij", "iij->ji", "ijij->ji"])
def test_diagonals_are_kept(equation: str) -> None:
    sizes = {"i": 3, "j": 4}
    shape = [sizes[mode] for mode in equation.partition("->")[0]]
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    expected = torch.from_numpy(np.einsum(equation, x.detach().numpy()))
    torch.testing.assert_close(tnc.einsum(equation, x), expected)
    assert torch.autograd.gradcheck(lambda x: tnc.einsum(equation, x), (x,))


def test_a_mode_stands_once_in_the_result() -> None:
    with pytest.raises(tnc.CompileError) as caught:
        tnc.einsum("a b -> a a", torch.randn(2, 3))
    assert [each.code for each in caught.value.diagnostics] == ["E0207"]
