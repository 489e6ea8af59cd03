"""Programs with a mode in a wrong role."""

from tests.mistakes.case import ATTENTION, CP, LOW_RANK, RTK, SEPARABLE, TUCKER, Case, case

CASES: list[Case] = [
    case("a mode too few", ATTENTION, "E0201 15:23", ("x[n, u, e] * K", "x[n, u] * K")),
    case(
        "a mode that dangles for want of a factor",
        CP,
        "W0101 11:10, E0202 13:28",
        ("x * A * B * C * D\n", "x * B * C * D\n"),
    ),
    case("a mode that a factor lacks", TUCKER, "E0202 13:28", ("weight A[s, p]", "weight A[p]")),
    case(
        "a convolution of which one result is not kept",
        CP,
        "E0203 13:43",
        ("output y[n, t, h', w']", "output y[n, t, h', w]"),
    ),
    case(
        "a convolution with a stride of which a result is not kept",
        RTK,
        "E0203 17:43",
        ("output y[n, (t...), h', w']", "output y[n, (t...), h, w']"),
    ),
    case("a kernel that lacks a tap", TUCKER, "E0204 13:22", ("C[p, q, i, j]", "C[p, q, i]")),
    case(
        "a filter that lacks a tap",
        SEPARABLE,
        "E0204 13:22",
        ("weight C[s, i, j]", "weight C[s, i]"),
    ),
    case(
        "a result that nothing carries",
        SEPARABLE,
        "W0101 20:10, E0205 21:15, E0202 21:26",
        ("= x * B\n", "= x\n"),
    ),
    case(
        "a sum over what is wanted",
        LOW_RANK,
        "E0206 9:24",
        ("= x * A * B + b", "= sum(x * A * B, over: t) + b"),
    ),
    case(
        "a product without modes",
        ATTENTION,
        "E0206 14:7",
        ("let q[n, m, t, c] = x * Q", "let q = x * Q"),
    ),
    case(
        "a product inside of a function",
        ATTENTION,
        "E0206 17:31",
        ("softmax(z, over: u)", "softmax(q * k, over: u)"),
    ),
    case(
        "a mode twice in one factor",
        TUCKER,
        "E0207 11:24",
        ("weight A[s, p], C[p, q", "weight A[s, p], C[p, p"),
    ),
    case(
        "convolved as well as kept",
        CP,
        "E0208 13:26",
        ("output y[n, t, h', w']", "output y[n, t, h', w', h]"),
    ),
    case(
        "two relations that fit",
        TUCKER,
        "E0209 14:11",
        ("w' = w * j\n", "w' = w * j\n  conv(pad: same, dilation: 2) g = h * i\n"),
        ("output y[n, t, h', w']", "output y[n, t, h', w', g]"),
    ),
    case("no output", LOW_RANK, "E0210 5:1", ("  output y[n, t] = x * A * B + b\n", "")),
    case(
        "an output written twice",
        LOW_RANK,
        "E0210 10:10",
        ("* B + b\n", "* B + b\n  output y[n, t] = x * A * B\n"),
    ),
]
