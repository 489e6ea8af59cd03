"""What the tables of refused programs share."""

START = "mode n, s: 3, t: 4\ninput x[n, s]\nweight A[s, t]\n"  # lines 3 to 5
CONV = """mode n, h, w, s: 3, t: 4, i: 3, j: 3
conv(pad: same) h' = h * i, w' = w * j
input x[n, s, h, w]
weight A[s, i], B[t, j]
"""  # lines 3 to 6


Case = tuple[str, str, list[tuple[str, int, int]], str]
"""What is wrong, the body of a layer, every diagnostic with its place, the body mended."""
