"""Programs that several tests compile."""

CP_CONV = """tnn 1
## 2-D convolution, kernel in CP form: one factor per mode of the kernel.
layer CPConv(S: int, T: int, R: int = 16, k: int = 3, stride: int = 1) {
  mode n, h, w
  mode s: S, t: T, r: R, i: k, j: k
  conv(stride: stride, pad: same) h' = h * i, w' = w * j
  input x[n, s, h, w]
  weight A[r, s], B[r, t], C[r, i], D[r, j]
  output y[n, t, h', w'] = x * A * B * C * D
}
"""
