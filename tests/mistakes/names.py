"""Programs with a wrong name."""

from tests.mistakes.case import (
    ATTENTION,
    CP,
    DIGITS,
    LOW_RANK,
    RCP,
    RCP_CONV,
    RTK,
    SEPARABLE,
    TT,
    Case,
    case,
)

CASES: list[Case] = [
    case("a size with an equals sign", CP, "E0101 7:30", ("i: k, j", "i = k, j")),
    case("no comma", TT, "E0101 12:11", ("input x[n, ", "input x[n ")),
    case("an undefined mode in a weight", CP, "E0101 11:15", ("weight A[r, s]", "weight A[r, u]")),
    case("an undefined mode in a convolution", CP, "E0101 8:40", ("h' = h * i", "h' = hh * i")),
    case("an undefined mode that is reduced", ATTENTION, "E0101 17:40", ("over: u)", "over: v)")),
    case("an undefined tensor", CP, "E0102 13:44", ("C * D\n", "C * E\n")),
    case("an undefined value", RCP_CONV, "E0102 11:22", ("Ss[a], t", "Sss[a], t")),
    case(
        "a tensor before it is bound",
        ATTENTION,
        "E0102 14:23",
        ("let q[n, m, t, c] = x * Q\n", "let q[n, m, t, c] = z * Q\n"),
    ),
    case("an undefined function", ATTENTION, "E0103 17:23", ("= softmax(z, ", "= sofmax(z, ")),
    case("an undefined layer", DIGITS, "E0103 22:54", ("|> Linear(4", "|> Liner(4")),
    case(
        "a name that a module does not have",
        SEPARABLE,
        "E0103 5:20",
        ("import BatchNorm, relu", "import BatchNorms, relu"),
    ),
    case("a mode declared twice", CP, "E0104 6:17", ("mode n, h, w\n", "mode n, h, w, n\n")),
    case(
        "a tensor declared twice", LOW_RANK, "E0104 8:28", ("B[r, t], b[t]", "B[r, t], x[t], b[t]")
    ),
    case(
        "a layer declared twice",
        SEPARABLE,
        "E0104 17:7, E0103 29:19",
        ("layer Pointwise(", "layer Depthwise("),
    ),
    case("an unknown option of a convolution", RTK, "E0105 11:8", ("stride: 2,", "strides: 2,")),
    case(
        "an unknown parameter of a layer",
        SEPARABLE,
        "E0105 28:32",
        ("Depthwise(S, k, stride)", "Depthwise(S, k, strides: stride)"),
    ),
    case(
        "an unknown option of a weight",
        RCP,
        "E0105 13:10",
        ("weight(init: zeros)", "weight(int: zeros)"),
    ),
    case(
        "an unknown way to start",
        RCP,
        "E0103 13:16",
        ("weight(init: zeros)", "weight(init: zeroes)"),
    ),
    case(
        "a layer without its parameter",
        SEPARABLE,
        "E0106 29:19",
        ("|> Pointwise(S, T)", "|> Pointwise(S)"),
    ),
    case("a softmax over nothing", ATTENTION, "E0106 17:23", ("softmax(z, over: u)", "softmax(z)")),
    case(
        "a module that the library does not have",
        SEPARABLE,
        "E0107 5:6",
        ("from std.nn import", "from std.nm import"),
    ),
    case("a module that is not there", DIGITS, "E0107 6:6", ("from std.nets", "from .blocks")),
    case(
        "a file that imports itself",
        LOW_RANK,
        "E0108 3:8",
        ("tnn 1\n", "tnn 1\nimport .mistake as m\n"),
    ),
    case("a family of weights without an index", RCP, "E0109 15:29", ("x * K... + b", "x * K + b")),
    case(
        "a family of modes without an index",
        TT,
        "E0109 15:15",
        ("output y[n, (t...)]", "output y[n, t]"),
    ),
    case(
        "an index of a single mode", LOW_RANK, "E0109 8:14", ("weight A[s, r]", "weight A[s[1], r]")
    ),
    case(
        "an index outside of its family",
        RCP_CONV,
        "E0110 15:34",
        ("[r, s[a], t[a]], C", "[r, s[a], t[3]], C"),
    ),
    case(
        "a family that is too large",
        RCP_CONV,
        "E0110 11:10",
        ("mode s[a in 1..m]", "mode s[a in 1..20000]"),
    ),
]
