"""What the sizes of inputs must satisfy beyond those of their own axes."""

import pytest
import torch

import tnc


def layer(body: str) -> torch.nn.Module:
    return tnc.load(source=f"tnn 1\nlayer L {{\n{body}\n}}\n").L()


def test_a_stride_divides_a_circular_signal() -> None:
    made = layer("""  mode n, h, i: 3
  conv(pad: circular, stride: 2) h' = h * i
  input x[n, h]
  weight A[i]
  output y[n, h'] = x * A""")
    assert made(torch.randn(1, 6)).shape == (1, 3)
    with pytest.raises(tnc.ShapeError, match=r"x gives mode h size 5, .* stride 2, .*divide it"):
        made(torch.randn(1, 5))


def test_taps_of_run_time_size_fit_into_the_signal() -> None:
    made = layer("""  mode n, h, i
  conv h' = h * i
  input x[n, h], k[n, i]
  output y[n, h'] = x * k""")
    assert made(torch.randn(2, 5), torch.randn(2, 3)).shape == (2, 3)
    with pytest.raises(
        tnc.ShapeError, match="x and k have size 3 in mode h, size 5 in mode i, which leaves -1"
    ):
        made(torch.randn(2, 3), torch.randn(2, 5))


def test_sizes_that_follow_from_another_input_name_both() -> None:
    made = layer("""  mode n, h, i: 3
  conv h' = h * i
  input x[n, h], g[n, h']
  weight A[i]
  output y[n, h'] = x * A * g""")
    with pytest.raises(
        tnc.ShapeError, match=r"g has size 4 in mode h' .* h' is 5 where h is 7 in x"
    ):
        made(torch.randn(2, 7), torch.randn(2, 4))
