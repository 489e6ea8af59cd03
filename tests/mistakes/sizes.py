"""Programs with a wrong size, or a value of a wrong type."""

from tests.mistakes.case import (
    ATTENTION,
    CP,
    DIGITS,
    LOW_RANK,
    RTK,
    SEPARABLE,
    TT,
    Case,
    case,
)

CASES: list[Case] = [
    case(
        "a declared size that the convolution does not give",
        CP,
        "E0301 6:25",
        ("mode n, h, w\n", "mode n, h: 32, w, h': 30\n"),
    ),
    case(
        "a mode of another size",
        LOW_RANK,
        "W0102 5:15, E0301 9:20",
        ("s: S, t: T, r: R", "s: 12, t: T, r: R, u: 8"),
        ("= x * A", "= x[n, u] * A"),
    ),
    case(
        "factors that do not multiply out",
        LOW_RANK,
        "W0102 5:15, E0302 9:20",
        ("s: S, t", "s: 96, u: 4, v: 20, t"),
        ("weight A[s, r]", "weight A[u, v, r]"),
        ("= x * A", "= x[n, (u, v)] * A"),
    ),
    case("a stride of nothing", RTK, "E0303 11:16", ("stride: 2,", "stride: 0,")),
    case("a mode of no size", DIGITS, "E0303 14:14", ("c: 1,", "c: 0,")),
    case(
        "a transposed convolution without a size",
        RTK,
        "E0304 8:11, E0304 8:14",
        ("input x[n, (s...), h, w]", "input x[n, (s...), h', w']"),
        ("h', w'] = x", "h, w] = x"),
    ),
    case("a weight of run-time size", LOW_RANK, "W0102 5:23, E0304 8:24", ("t: T,", "t,")),
    case(
        "a mode that no input gives",
        LOW_RANK,
        "E0205 9:18",
        ("output y[n, t] = x * A * B + b", "output y[n, t, u] = x * A * B + b"),
        ("r: R\n", "r: R, u\n"),
    ),
    case(
        "a requirement that cannot be met",
        ATTENTION,
        "E0305 7:11",
        ("E mod heads == 0,", "7 mod 2 == 0,"),
    ),
    case("an addend with another mode", LOW_RANK, "W0101 8:28, E0306 9:32", ("* B + b", "* B + x")),
    case(
        "a kernel larger than its signal",
        CP,
        "E0307 8:36",
        ("mode n, h, w\n", "mode n, h: 2, w\n"),
        ("pad: same", "pad: valid"),
    ),
    case(
        "a stride that does not divide a circle",
        RTK,
        "E0308 11:16",
        ("mode n, h, w", "mode n, h: 7, w"),
        ("pad: same", "pad: circular"),
    ),
    case(
        "a stage that takes more channels",
        DIGITS,
        "E0309 17:19",
        ("Conv2d(1, width)", "Conv2d(3, width)"),
    ),
    case(
        "a stage that takes fewer channels",
        DIGITS,
        "E0309 22:54",
        ("Linear(4 * width, classes)", "Linear(width, classes)"),
    ),
    case(
        "a stage that takes other axes",
        DIGITS,
        "W0102 7:39, E0309 22:29",
        ("|> avgpool(over: [h, w]) |> Linear", "|> Linear"),
    ),
    case("a bool for an int", CP, "E0401 5:52", ("k: int = 3", "k: int = true")),
    case(
        "a string for an int", DIGITS, "E0401 13:29", ("classes: int = 10", 'classes: int = "ten"')
    ),
    case("a number for a list", TT, "E0401 6:11, E0401 7:11", ("(S: [int], T", "(S: int = 4, T")),
    case(
        "a number for a layer", DIGITS, "E0401 13:64", ("Conv: layer = Conv2d", "Conv: layer = 3")
    ),
    case(
        "an extern without a signature",
        SEPARABLE,
        "E0402 5:8",
        ("tnn 1\n", "tnn 1\n\nextern Norm(C: int) = torch.nn.GroupNorm(1, C)\n"),
    ),
    case(
        "a layer inside of itself",
        SEPARABLE,
        "E0404 29:19",
        ("|> Pointwise(S, T)", "|> SeparableBlock(S, T)"),
    ),
]
