"""What inference keeps of the weights is never another thing than what they multiply to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.oracle import close, randomised

LOW_RANK = """tnn 1
layer LowRank {
  mode n, s: 16, t: 16, r: 12
  input x[n, s]
  weight A[s, r], B[r, t]
  output y[n, t] = x * A * B
}
"""
GIVING = """tnn 1
layer Giving {
  mode n, s: 16, t: 16, r: 12
  input x[n, s]
  weight A[s, r], B[r, t]
  let k[s, t] = A * B
  output y[n, t] = x * k
  output z[t, s] = k
}
"""
ALONE = """tnn 1
layer Alone {
  mode s: 16, t: 16, r: 12
  weight A[s, r], B[r, t]
  output z[t, s] = A * B
}
"""


def made(build: Callable[..., Any], source: str, name: str, **options: Any) -> tuple[Any, Any]:
    """A module in whose inference something is kept, and its layer."""
    module = build(source=source, layer=name, **options).module
    layer = randomised(getattr(module, name)(dtype=torch.float64)).eval()
    assert hasattr(module, "_kept")
    return module, layer


@pytest.mark.parametrize("narrow", [torch.float32, torch.bfloat16, torch.float16])
def test_a_wider_type_with_the_same_values(build: Callable[..., Any], narrow: torch.dtype) -> None:
    """Wider weights are equal to the narrow ones, but what is kept has to be made anew."""
    module, layer = made(build, LOW_RANK, "LowRank", bind={"n": 64})
    x = torch.randn(64, 16, dtype=torch.float64)
    with torch.inference_mode():
        for dtype in (narrow, torch.float64, narrow):
            layer.to(dtype)
            assert layer(x.to(dtype)).dtype == dtype
            assert layer in module._KEPT
        layer.to(torch.float64)
        close(layer(x), x @ layer.A @ layer.B, "wide again")


def test_weights_that_change_while_they_are_multiplied(build: Callable[..., Any]) -> None:
    """As another thread may load weights: the next call multiplies what they are then."""
    module, layer = made(build, LOW_RANK, "LowRank", bind={"n": 64})

    def disturbed(*weights: Tensor) -> Any:
        product = module._product_kept(*weights)
        layer.A.data.mul_(2)
        return product

    with torch.inference_mode():
        module._kept(layer, disturbed, layer.A, layer.B)
        before = layer.A.clone()
        (found,) = module._kept(layer, disturbed, layer.A, layer.B)
        close(found.t(), before @ layer.B, "second call")


@pytest.mark.parametrize(("source", "name"), [(GIVING, "Giving"), (ALONE, "Alone")])
def test_results_belong_to_the_caller(build: Callable[..., Any], source: str, name: str) -> None:
    """A result that depends on weights alone may be written to."""
    bind = {"n": 4} if name == "Giving" else {}
    _, layer = made(build, source, name, bind=bind)
    given = [torch.randn(4, 16, dtype=torch.float64)] if bind else []

    def results() -> list[Tensor]:
        found: Tensor | tuple[Tensor, ...] = layer(*given)
        return [found] if isinstance(found, Tensor) else list(found)

    with torch.no_grad():
        kernel = layer.A @ layer.B
        expected = [*(x @ kernel for x in given), kernel.T]
        for _ in range(3):
            for found, value in zip(results(), expected, strict=True):
                close(found, value, "result")
                found.add_(1)


SEVERAL = """tnn 1
layer Several {
  mode n, s: 16, t: 16, r: 12
  input x[n, s]
  weight A[s, r], B[r, t]
  output y[n, t] = x * A * B
  output k[s, t] = A * B
}
"""


def test_a_layer_that_another_thread_trains_meanwhile(
    build: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where several things are kept, it is decided once whether they are."""
    module, layer = made(build, SEVERAL, "Several", bind={"n": 64})
    x = torch.randn(64, 16, dtype=torch.float64)
    infers = module._infers

    def trained_then(*given: Any) -> Any:
        found = infers(*given)
        layer.train()
        return found

    monkeypatch.setattr(module, "_infers", trained_then)
    with torch.no_grad():
        y, k = layer(x)
        close(y, x @ layer.A @ layer.B, "y")
        close(k, layer.A @ layer.B, "k")
