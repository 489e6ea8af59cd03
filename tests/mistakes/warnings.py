"""Programs that can be built, but about which something is odd."""

from tests.mistakes.case import CP, LOW_RANK, SEPARABLE, Case, case

CASES: list[Case] = [
    case("no edition", CP, "W0001 1:1", ("tnn 1\n", "")),
    case(
        "documentation of an input",
        LOW_RANK,
        "W0002 7:3",
        ("  input x[n, s]", "  ## The data.\n  input x[n, s]"),
    ),
    case(
        "documentation beside a statement",
        LOW_RANK,
        "W0002 6:29",
        ("r: R\n", "r: R  ## the rank\n"),
    ),
    case("a weight that is not used", LOW_RANK, "W0101 8:28", ("* B + b", "* B")),
    case("a mode that is not used", LOW_RANK, "W0102 6:29", ("r: R\n", "r: R, u: 3\n")),
    case(
        "a parameter that is not used", CP, "W0102 5:55", ("k: int = 3,", "k: int = 3, l: int = 3,")
    ),
    case(
        "an import that is not used",
        SEPARABLE,
        "W0102 5:37",
        ("import BatchNorm, relu", "import BatchNorm, relu, tanh"),
    ),
    case(
        "a parameter that hides a value of the file",
        LOW_RANK,
        "W0103 7:31",
        ("tnn 1\n", "tnn 1\n\nlet R = 3\n"),
    ),
    case(
        "a large outer product",
        LOW_RANK,
        "W0201 10:20",
        ("r: R\n", "r: R, u: 8192, v: 8192\n"),
        ("B[r, t], b[t]", "B[r, t], b[t], U[u], V[v]"),
        ("* B + b\n", "* B + b\n  output z[u, v] = U * V\n"),
    ),
    case(
        "a rank of which a part is of no use",
        LOW_RANK,
        "W0203 6:44",
        ("r: R\n", "r: R, u: 4, v: 6, q: 5\n"),
        ("B[r, t], b[t]", "B[r, t], b[t], U[u, q], V[q, v]"),
        ("* B + b\n", "* B + b\n  output z[u, v] = U * V\n"),
    ),
    case("an even kernel", CP, "W0303 8:29", ("k: int = 3", "k: int = 4")),
]
