"""Programs that cannot be read."""

from tests.mistakes.case import (
    ATTENTION,
    CP,
    LOW_RANK,
    RCP,
    RCP_CONV,
    RTK,
    SEPARABLE,
    TUCKER,
    Case,
    case,
)

CASES: list[Case] = [
    case("parentheses for brackets", LOW_RANK, "E0002 7:10", ("input x[n, s]", "input x(n, s)")),
    case("an output without its keyword", LOW_RANK, "E0002 9:3", ("output y", "y")),
    case("an intermediate without its keyword", ATTENTION, "E0002 14:3", ("let q[", "q[")),
    case("a times sign", CP, "E0001 13:30", ("x * A", "x × A")),
    case("a semicolon", LOW_RANK, "E0001 7:16", ("input x[n, s]", "input x[n, s];")),
    case(
        "a superscript in a name",
        LOW_RANK,
        "E0001 8:29, E0001 9:33",
        ("B[r, t], b[t]", "B[r, t], b²[t]"),
        ("+ b\n", "+ b²\n"),
    ),
    case(
        "a prime in the name of a tensor",
        LOW_RANK,
        "E0001 8:11",
        ("weight A[s, r]", "weight A'[s, r]"),
    ),
    case("a product sign too many", TUCKER, "E0002 13:36", ("x * A * C", "x * A * * C")),
    case("a misspelt keyword", RCP_CONV, "E0002 15:3", ("  weight K", "  wieght K")),
    case("an option with an equals sign", ATTENTION, "E0002 17:39", ("over: u)", "over = u)")),
    case(
        "no options in the parentheses", RTK, "E0002 11:8", ("conv(stride: 2, pad: same)", "conv()")
    ),
    case(
        "a pipe that leads nowhere",
        SEPARABLE,
        "E0002 30:1",
        ("BatchNorm(T) |> relu", "BatchNorm(T) |>"),
    ),
    case(
        "a bracket that is closed by another",
        RCP,
        "E0004 11:19, E0002 11:20",
        ("input x[n, (s...)]", "input x[n, (s...])"),
    ),
    case("a bracket that stays open", RCP, "E0003 12:22", ("[r, s[i], t[i]]", "[r, s[i], t[i]")),
    case("a brace that stays open", SEPARABLE, "E0003 8:54", ("= x * C\n}", "= x * C\n")),
    case("a brace too many", LOW_RANK, "E0002 11:1", ("* B + b\n}", "* B + b\n}\n}")),
    case("no product sign", CP, "E0004 13:33", ("A * B", "A B")),
    case("no parenthesis", ATTENTION, "E0004 16:43", ("sqrt(size(c))", "sqrt(size(c)")),
    case("no colon", CP, "E0004 5:15", ("(S: int, T", "(S int, T")),
    case("no equals sign", LOW_RANK, "E0004 9:17", ("y[n, t] = x", "y[n, t] x")),
    case(
        "a keyword as the name of an output",
        LOW_RANK,
        "E0005 9:10",
        ("output y[n", "output output[n"),
    ),
    case(
        "a keyword as the name of a mode",
        LOW_RANK,
        "E0005 6:23, E0005 8:15, E0005 8:22",
        ("t: T, r: R", "t: T, in: R"),
        ("A[s, r], B[r, t]", "A[s, in], B[in, t]"),
    ),
    case(
        "a string that stays open",
        ATTENTION,
        "E0006 7:29",
        ('multiple of heads"', "multiple of heads"),
    ),
    case("an edition of the future", CP, "E0007 2:5", ("tnn 1", "tnn 7")),
]
