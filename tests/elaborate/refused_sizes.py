"""Programs with a size or a type that is wrong, and programs that raise a warning."""

from tests.elaborate.refusals import CONV, START, Case

SIZES_AND_TYPES: list[Case] = [
    (
        "a renaming to another size",
        START + "output y[n, t] = x[n, t]",
        [("E0301", 6, 18), ("W0101", 5, 8)],
        START.replace("t: 4", "t: 3") + "output y[n, t] = x[n, t] + x * A",
    ),
    (
        "a declared result that the pad table contradicts",
        (
            "mode n, h: 8, i: 3, u: 8\nconv u = h * i\ninput x[n, h]\nweight A[i]\n"
            "output y[n, u] = x * A"
        ),
        [("E0301", 3, 24)],
        (
            "mode n, h: 8, i: 3, u: 6\nconv u = h * i\ninput x[n, h]\nweight A[i]\n"
            "output y[n, u] = x * A"
        ),
    ),
    (
        "a declared signal that the pad table contradicts",
        (
            "mode n, u, h: 3 * size(u), i: 4\nconv(stride: 2, pad: 1) u = h * i\ninput x[n, u]\n"
            "weight A[i]\noutput y[n, h] = x * A"
        ),
        [("E0301", 3, 15)],
        (
            "mode n, u, h: 2 * size(u), i: 4\nconv(stride: 2, pad: 1) u = h * i\ninput x[n, u]\n"
            "weight A[i]\noutput y[n, h] = x * A"
        ),
    ),
    (
        "factors that do not multiply out",
        "mode n, c: 96, s[i in 1..3]: 4\ninput x[n, c]\noutput y[n, (s...)] = x[n, (s...)]",
        [("E0302", 5, 23)],
        "mode n, c: 96\ninput x[n, c]\noutput y[n, c] = x",
    ),
    (
        "a mode of size zero",
        "mode n, s: 2 - 2\ninput x[n, s]\noutput y[n, s] = x",
        [("E0303", 3, 12)],
        "mode n, s: 2 - 1\ninput x[n, s]\noutput y[n, s] = x",
    ),
    (
        "a stride of zero",
        CONV.replace("pad:", "stride: 0, pad:") + "output y[n, t, h', w'] = x * A * B",
        [("E0303", 4, 14)],
        CONV.replace("pad:", "stride: 2, pad:") + "output y[n, t, h', w'] = x * A * B",
    ),
    (
        "a transposed convolution without a size",
        (
            "mode n, h, i: 4\nconv(stride: 2) u = h * i\ninput x[n, u]\nweight A[i]\n"
            "output y[n, h] = x * A"
        ),
        [("E0304", 3, 9)],
        (
            "mode n, h, i: 4\nconv(stride: 1) u = h * i\ninput x[n, u]\nweight A[i]\n"
            "output y[n, h] = x * A"
        ),
    ),
    (
        "a run-time size that no input gives",
        "mode n, u\ninput x[n]\noutput y[u] = x[u]",
        [("E0304", 3, 9)],
        "mode n, u: size(n)\ninput x[n]\noutput y[u] = x[u]",
    ),
    (
        "a weight with a run-time size",
        START.replace("A[s, t]", "A[s, n]") + "output y[n] = x * A",
        [("E0304", 5, 13), ("W0102", 3, 15)],
        START + "output y[n, t] = x * A",
    ),
    (
        "a size that depends on itself",
        "mode n, s: size(t), t: size(s)\ninput x[n, s, t]\noutput y[n, s, t] = x",
        [("E0304", 3, 12)],
        "mode n, s: size(t), t: 3\ninput x[n, s, t]\noutput y[n, s, t] = x",
    ),
    (
        "a requirement that is not met",
        'require 3 mod 2 == 0, "must be even"\n' + START + "output y[n, t] = x * A",
        [("E0305", 3, 9)],
        'require 4 mod 2 == 0, "must be even"\n' + START + "output y[n, t] = x * A",
    ),
    (
        "addends with other modes",
        START + "weight b[s]\noutput y[n, t] = x * A + b",
        [("E0306", 7, 26)],
        START + "weight b[t]\noutput y[n, t] = x * A + b",
    ),
    (
        "a kernel larger than the signal",
        "mode n, h: 4, i: 5\nconv u = h * i\ninput x[n, h]\nweight A[i]\noutput y[n, u] = x * A",
        [("E0307", 4, 6)],
        "mode n, h: 5, i: 5\nconv u = h * i\ninput x[n, h]\nweight A[i]\noutput y[n, u] = x * A",
    ),
    (
        "a reflected border wider than the signal",
        (
            "mode n, h: 2, i: 5\nconv(pad: same, border: reflect) u = h * i\ninput x[n, h]\n"
            "weight A[i]\noutput y[n, u] = x * A"
        ),
        [("E0307", 4, 34)],
        (
            "mode n, h: 3, i: 5\nconv(pad: same, border: reflect) u = h * i\ninput x[n, h]\n"
            "weight A[i]\noutput y[n, u] = x * A"
        ),
    ),
    (
        "a stride that does not divide a circular mode",
        (
            "mode n, h: 9, i: 3\nconv(stride: 2, pad: circular) u = h * i\ninput x[n, h]\n"
            "weight A[i]\noutput y[n, u] = x * A"
        ),
        [("E0308", 4, 14)],
        (
            "mode n, h: 8, i: 3\nconv(stride: 2, pad: circular) u = h * i\ninput x[n, h]\n"
            "weight A[i]\noutput y[n, u] = x * A"
        ),
    ),
    (
        "a size that is no integer",
        "mode n, s: 3 / 2\ninput x[n, s]\noutput y[n, s] = x",
        [("E0401", 3, 12)],
        "mode n, s: 3 // 2\ninput x[n, s]\noutput y[n, s] = x",
    ),
    (
        "a list where a number is expected",
        "let S = [2, 3]\nmode n, s: S\ninput x[n, s]\noutput y[n, s] = x",
        [("E0401", 4, 12)],
        "let S = [2, 3]\nmode n, s: S[1]\ninput x[n, s]\noutput y[n, s] = x",
    ),
    (
        "an unknown pad",
        CONV.replace("same", '"samee"') + "output y[n, t, h', w'] = x * A * B",
        [("E0401", 4, 11)],
        CONV.replace("same", '"same"') + "output y[n, t, h', w'] = x * A * B",
    ),
    (
        "dilations for another number of taps",
        CONV.replace("pad: same", "dilation: (1, 2)") + "output y[n, t, h', w'] = x * A * B",
        [("E0401", 4, 16)],
        CONV.replace("pad: same", "dilation: 2") + "output y[n, t, h', w'] = x * A * B",
    ),
    (
        "a border with a pad of its own",
        CONV.replace("pad: same", "pad: full, border: reflect")
        + "output y[n, t, h', w'] = x * A * B",
        [("E0401", 4, 25)],
        CONV.replace("pad: same", "pad: 1, border: reflect") + "output y[n, t, h', w'] = x * A * B",
    ),
    (
        "a number where a tensor is expected",
        START + "output y[n, t] = 3",
        [("E0401", 6, 18), ("W0101", 5, 8)],
        START + "output y[n, t] = 3 * x * A",
    ),
    (
        "a weight that is never used",
        START + "weight b[t]\noutput y[n, t] = x * A",
        [("W0101", 6, 8)],
        START + "weight b[t]\noutput y[n, t] = x * A + b",
    ),
    (
        "a weight that no output reaches",
        START + "let z[n, t] = x * A\noutput y[n, s] = x",
        [("W0101", 5, 8)],
        START + "let z[n, t] = x * A\noutput y[n, t] = z",
    ),
    (
        "a mode that is never used",
        "mode n, s: 3, q: 4\ninput x[n, s]\noutput y[n, s] = x",
        [("W0102", 3, 15)],
        "mode n, s: size(q), q: 4\ninput x[n, s]\noutput y[n, s] = x",
    ),
    (
        "an outer product",
        START + "weight b[t]\noutput y[n, s, t] = x * b\noutput z[n, t] = x * A",
        [("W0201", 7, 21)],
        START + "weight b[s]\noutput y[n, s] = x * b\noutput z[n, t] = x * A",
    ),
    (
        "a rank that is too large",
        (
            "mode n, s: 3, r: 4, t: 4\ninput x[n, s]\nweight A[s, r], B[r, t]\n"
            "output y[n, t] = x * A * B"
        ),
        [("W0203", 3, 18)],
        (
            "mode n, s: 3, r: 3, t: 4\ninput x[n, s]\nweight A[s, r], B[r, t]\n"
            "output y[n, t] = x * A * B"
        ),
    ),
    (
        "asymmetric padding",
        CONV.replace("i: 3", "i: 4") + "output y[n, t, h', w'] = x * A * B",
        [("W0303", 4, 11)],
        CONV + "output y[n, t, h', w'] = x * A * B",
    ),
]
