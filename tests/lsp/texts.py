"""Texts that the tests of the server open."""

LAYER = """\
tnn 1
from std.convolution import CP
from std.nn import Linear as Dense, relu

# 𝒜 𝒜: two units each in UTF-16

## Low rank.
layer Low(
  S: int, T: int = 8,
  ## The rank.
  R: int = 4,
  Conv: layer = CP(R: 16),
) {
  require S > 0, "𝒜"
  mode n, h, s: S, t: T, r: R, i: 3
  conv(stride: 2, pad: same) h' = h * i
  input x[n, s, h]
  weight A[s, r], B[r, t], C[r, i]
  output y[n, t, h'] = x * A * B * C
}

layer Net {
  mode n, s: 3, h
  input x[n, s, h]
  let low = Low(3, R: 2)
  let z = x |> low |> relu
  output y = z |> flat
}
extern flat: [n, t, h] -> [n, t * h] = torch.nn.Flatten()
"""

FAMILY = """\
tnn 1
layer Train(S: [int], R: int = 4) {
  let d = len(S)
  mode n, s[i in 1..d]: S[i], r[i in 0..d]: if i == 0 or i == d then 1 else R
  input x[n, (s...)]
  weight G[i in 1..d][r[i - 1], s[i], r[i]]
  output y[n] = x * G...
}
"""
