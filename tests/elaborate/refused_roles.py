"""Programs with a name or a role that is wrong."""

from tests.elaborate.refusals import CONV, START, Case

NAMES_AND_ROLES: list[Case] = [
    (
        "a sum over modes that are wanted",
        "mode n, s: 3, t: 4\ninput x[n, s, t]\noutput y[n, t] = sum(x, over: [n, t])",
        [("E0205", 5, 18)],
        "mode n, s: 3, t: 4\ninput x[n, s, t]\noutput y[n, t] = sum(x, over: s)",
    ),
    (
        "a sum over a mode that is wanted inside of a function",
        "mode n, s: 3, t: 4\ninput x[n, s, t]\noutput y[n, t] = relu(sum(x, over: [s, t]))",
        [("E0205", 5, 23)],
        "mode n, s: 3, t: 4\ninput x[n, s, t], b[t]\noutput y[n, t] = sum(x, over: [s, t]) + b",
    ),
    (
        "undefined mode in a tensor",
        START + "output y[n, q] = x * A",
        [("E0101", 6, 13)],
        START + "output y[n, t] = x * A",
    ),
    (
        "undefined mode in a relation",
        "mode n, h\nconv v = h * k\ninput x[n, h]\noutput y[n, h] = x",
        [("E0101", 4, 14)],
        "mode n, h, k: 3\nconv v = h * k\ninput x[n, h]\noutput y[n, h] = x",
    ),
    (
        "undefined mode after over:",
        "mode n, s: 3\ninput x[n, s]\noutput y[n] = sum(x, over: q)",
        [("E0101", 5, 28)],
        "mode n, s: 3\ninput x[n, s]\noutput y[n] = sum(x, over: s)",
    ),
    (
        "a mode that is merged from itself",
        "mode n, s: 3, c = (c, s)\ninput x[n, c]\noutput y[n] = sum(x, over: c)",
        [("E0101", 3, 15)],
        "mode n, s: 3, t: 2, c = (t, s)\ninput x[n, c]\noutput y[n] = sum(x, over: c)",
    ),
    (
        "undefined tensor",
        START + "output y[n, t] = x * Aa",
        [("E0102", 6, 22)],
        START + "output y[n, t] = x * A",
    ),
    (
        "tensor used before it is bound",
        START + "output y[n, t] = z\nlet z[n, t] = x * A",
        [("E0102", 6, 18)],
        START + "let z[n, t] = x * A\noutput y[n, t] = z",
    ),
    (
        "undefined value",
        "mode n, s: S\ninput x[n, s]\noutput y[n, s] = x",
        [("E0102", 3, 12)],
        "let S = 3\nmode n, s: S\ninput x[n, s]\noutput y[n, s] = x",
    ),
    (
        "undefined function",
        START + "output y[n, t] = reluu(x * A)",
        [("E0103", 6, 18)],
        START + "output y[n, t] = relu(x * A)",
    ),
    (
        "undefined function of values",
        "let d = lenn([1, 2])\nmode n, s: d\ninput x[n, s]\noutput y[n, s] = x",
        [("E0103", 3, 9)],
        "let d = len([1, 2])\nmode n, s: d\ninput x[n, s]\noutput y[n, s] = x",
    ),
    (
        "mode declared twice",
        "mode n, s: 3, n\ninput x[n, s]\noutput y[n, s] = x",
        [("E0104", 3, 15)],
        "mode n, s: 3\ninput x[n, s]\noutput y[n, s] = x",
    ),
    (
        "tensor declared twice",
        START + "let x[n, t] = x * A\noutput y[n, t] = x",
        [("E0104", 6, 5)],
        START + "let z[n, t] = x * A\noutput y[n, t] = z",
    ),
    (
        "a member of a family has the name of a tensor",
        (
            "mode n, s: 3\ninput x[n, s]\nweight A_1[s], A[i in 1..2][s]\n"
            "output y[n, s] = x * A_1 * A..."
        ),
        [("E0104", 5, 16)],
        (
            "mode n, s: 3\ninput x[n, s]\nweight A_3[s], A[i in 1..2][s]\n"
            "output y[n, s] = x * A_3 * A..."
        ),
    ),
    (
        "a weight with the name of an attribute of modules",
        START.replace("A[", "type[") + "output y[n, t] = x * type",
        [("E0104", 5, 8)],
        START.replace("A[", "kind[") + "output y[n, t] = x * kind",
    ),
    (
        "unknown option of conv",
        CONV.replace("pad:", "padd:") + "output y[n, t, h', w'] = x * A * B",
        [("E0105", 4, 6)],
        CONV + "output y[n, t, h', w'] = x * A * B",
    ),
    (
        "unknown option of a weight",
        START.replace("weight", "weight(inti: zeros)") + "output y[n, t] = x * A",
        [("E0105", 5, 8)],
        START.replace("weight", "weight(init: zeros)") + "output y[n, t] = x * A",
    ),
    (
        "softmax without over:",
        START + "let z[n, t] = x * A\noutput y[n, t] = softmax(z)",
        [("E0106", 7, 18)],
        START + "let z[n, t] = x * A\noutput y[n, t] = softmax(z, over: t)",
    ),
    (
        "family of modes without an index",
        "mode n, s[i in 1..2]: 3\ninput x[n, s]\noutput y[n, s...] = x",
        [("E0109", 4, 12)],
        "mode n, s[i in 1..2]: 3\ninput x[n, s...]\noutput y[n, s...] = x",
    ),
    (
        "family of tensors without an index",
        "mode n, s: 3\ninput x[n, s]\nweight A[i in 1..2][s]\noutput y[n, s] = x * A",
        [("E0109", 6, 22)],
        "mode n, s: 3\ninput x[n, s]\nweight A[i in 1..2][s]\noutput y[n, s] = x * A...",
    ),
    (
        "index of a mode outside its family",
        "mode n, s[i in 1..2]: 3\ninput x[n, s[3]]\noutput y[n, s[2]] = x",
        [("E0110", 4, 14)],
        "mode n, s[i in 1..2]: 3\ninput x[n, s[2]]\noutput y[n, s[2]] = x",
    ),
    (
        "index of a tensor outside its family",
        "mode n, s: 3\ninput x[n, s]\nweight A[i in 1..2][s]\noutput y[n, s] = x * A[0]",
        [("E0110", 6, 24)],
        "mode n, s: 3\ninput x[n, s]\nweight A[i in 1..2][s]\noutput y[n, s] = x * A[1]",
    ),
    (
        "index outside a list",
        "let S = [2, 3]\nmode n, s: S[3]\ninput x[n, s]\noutput y[n, s] = x",
        [("E0110", 4, 14)],
        "let S = [2, 3]\nmode n, s: S[2]\ninput x[n, s]\noutput y[n, s] = x",
    ),
    (
        "a family that is too large",
        "mode n, s[i in 1..10001]: 1\ninput x[n]\noutput y[n] = x",
        [("E0110", 3, 11), ("W0102", 3, 9)],
        "mode n, s[i in 1..9]: 1\ninput x[n, s...]\noutput y[n, s...] = x",
    ),
    (
        "too few modes in a renaming",
        START + "output y[n, t] = x[n] * A",
        [("E0201", 6, 18)],
        START + "output y[n, t] = x[n, s] * A",
    ),
    (
        "a mode dangles",
        START + "output y[t] = x * A",
        [("E0202", 6, 15)],
        START + "output y[n, t] = x * A",
    ),
    (
        "two modes of one factor dangle",
        START + "output y[] = A",
        [("E0202", 6, 14)],
        START + "output y[s, t] = A",
    ),
    (
        "a mode dangles in every term of a sum",
        (
            "mode n, s: 3, r[i in 1..3]: 2\ninput x[n, s]\nweight A[i in 1..3][s, r[i]]\n"
            "output y[n] = sum(x * A[i] for i in 1..3)"
        ),
        [("E0202", 6, 23)],
        (
            "mode n, s: 3, r[i in 1..3]: 1\ninput x[n, s]\nweight A[i in 1..3][s, r[i]]\n"
            "output y[n] = sum(x * A[i] for i in 1..3)"
        ),
    ),
    (
        "division by a tensor with other modes",
        START + "output y[n] = sum(x, over: s) / A",
        [("E0202", 6, 33)],
        START + "output y[n, t] = x * A / sum(x, over: s)",
    ),
    (
        "a convolution result is not kept",
        CONV + "output y[n, t, h', w] = x * A * B",
        [("E0203", 7, 33)],
        CONV + "output y[n, t, h', w'] = x * A * B",
    ),
    (
        "a tap without its convolution",
        CONV + "output y[n, t, h', w'] = x * A * B\noutput z[t] = B",
        [("E0203", 8, 15)],
        CONV + "output y[n, t, h', w'] = x * A * B\noutput z[t, j] = B",
    ),
    (
        "a factor of a convolution is missing",
        CONV + "output y[n, t, h', w'] = x * B",
        [("E0202", 7, 26), ("E0204", 7, 16), ("W0101", 6, 8)],
        CONV + "output y[n, t, h', w'] = x * A * B",
    ),
    (
        "no factor carries a result mode",
        START + "output y[n, s, t] = x",
        [("E0205", 6, 16), ("W0101", 5, 8)],
        START + "output y[n, s, t] = x * A",
    ),
    (
        "no addend carries a result mode",
        START + "output y[n, s, t] = x + x",
        [("E0205", 6, 16), ("W0101", 5, 8)],
        START + "output y[n, s, t] = x * A + x",
    ),
    (
        "a product inside softmax",
        START + "output y[n, t] = softmax(x * A, over: t)",
        [("E0206", 6, 26)],
        START + "output y[n, t] = softmax((x * A)[n, t], over: t)",
    ),
    (
        "a sum inside a product",
        START + "output y[n, t] = (x + x) * A",
        [("E0206", 6, 19)],
        START + "output y[n, t] = (x + x)[n, s] * A",
    ),
    (
        "a product under a pointwise function inside a product",
        START + "output y[n, t] = relu(x * A) * A",
        [("E0206", 6, 23)],
        START + "output y[n, t] = relu(x * A)",
    ),
    (
        "a let without modes",
        START + "let z = x * A\noutput y[n, t] = z",
        [("E0206", 6, 5)],
        START + "let z[n, t] = x * A\noutput y[n, t] = z",
    ),
    (
        "a mode twice in one factor",
        "mode n, s: 3\ninput x[n, s, s]\noutput y[n, s] = x",
        [("E0207", 4, 15)],
        "mode n, s: 3, u: 3\ninput x[n, s, u]\noutput y[n, s, u] = x",
    ),
    (
        "convolved as well as kept",
        CONV + "output y[n, t, h, h', w'] = x * A * B",
        [("E0208", 7, 16)],
        CONV + "output y[n, t, h', w'] = x * A * B",
    ),
    (
        "two relations fit",
        (
            "mode n, h, i: 3, j: 3\nconv u = h * i\nconv u = h * j\ninput x[n, h]\n"
            "weight A[i], B[j]\noutput y[n, u] = x * A * B"
        ),
        [("E0209", 8, 9)],
        (
            "mode n, h, i: 3, j: 3\nconv u = h * i\nconv u = h * j\ninput x[n, h]\n"
            "weight A[i], B[j]\noutput y[n, u] = x * A + x * B"
        ),
    ),
    (
        "an output written twice",
        START + "output y[n, t] = x * A\noutput y[n, s] = x",
        [("E0210", 7, 8)],
        START + "output y[n, t] = x * A\noutput z[n, s] = x",
    ),
    (
        "no output",
        START + "let y[n, t] = x * A",
        [("E0210", 2, 1)],
        START + "output y[n, t] = x * A",
    ),
]
