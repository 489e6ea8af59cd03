"""The layers whose lowered form is pinned: n-ary contractions, planned, derived, lowered."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.lower.running import layer_of, leaf
from tnc.ir.graph import Builder, Graph
from tnc.ir.layer import Axes, Layer
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops import Contract, Pattern
from tnc.plan.planner import plan_graph

BINDING = {"n": 32, "h": 14, "w": 14}


def modes(names: str, sizes: dict[str, int | str]) -> dict[str, Mode]:
    made = {}
    for name in names.split():
        size = sizes.get(name, name)
        made[name] = Mode(name, Size.symbol(size) if isinstance(size, str) else Size.of(size))
    return made


def layer(
    x: str, weights: dict[str, str], y: str, sizes: dict[str, int | str], convolved: bool
) -> Layer:
    """Axes are written like `n (s1 s2) h w`."""
    every = modes(
        " ".join([x, *weights.values(), y]).replace("(", "").replace(")", ""),
        {"h'": "h", "w'": "w", **sizes},
    )
    build = Builder()
    leaves = [leaf(build, "input", "x", axes(x, every))]
    leaves += [leaf(build, "weight", name, axes(text, every)) for name, text in weights.items()]
    patterns = ()
    if convolved:
        one = Size.of(1)
        patterns = tuple(
            Pattern(every[p], every[i], (every[a],), left=one)
            for p, i, a in (("h", "h'", "i"), ("w", "w'", "j"))
        )
    keep = tuple(mode for axis in axes(y, every) for mode in axis)
    value = build.make(Contract(keep, patterns), leaves)
    symbols = ["n", "h", "w"] if convolved else ["n"]
    binding = {symbol: BINDING[symbol] for symbol in symbols}
    planned = plan_graph(build, Graph((value,)), binding).graph.outputs[0]
    return layer_of(build, [("y", axes(y, every), planned)], symbols)


def axes(text: str, every: dict[str, Mode]) -> Axes:
    """`n (s1 s2)` as axes."""
    found: list[tuple[Mode, ...]] = []
    inside: Sequence[str] = ()
    for word in text.replace("(", "( ").replace(")", " )").split():
        if word == "(":
            inside = []
        elif word == ")":
            found.append(tuple(every[name] for name in inside))
            inside = ()
        elif isinstance(inside, list):
            inside.append(word)
        else:
            found.append((every[word],))
    return tuple(found)


CHANNELS = {"s": 64, "t": 48, "i": 3, "j": 3, "r": 16, "p": 12, "q": 10}
FACTORS = {
    "s1": 8,
    "s2": 8,
    "t1": 8,
    "t2": 6,
    "i": 3,
    "j": 3,
    "r": 8,
    "p": 5,
    "q": 5,
    "p1": 4,
    "p2": 4,
    "q1": 4,
    "q2": 3,
    "one": 1,
    "end": 1,
}
X, Y = "n s h w", "n t h' w'"
RX, RY = "n (s1 s2) h w", "n (t1 t2) h' w'"

FAMILIES: dict[str, Callable[[], Layer]] = {
    "CP conv": lambda: layer(
        X, {"A": "r s", "B": "r t", "C": "r i", "D": "r j"}, Y, CHANNELS, True
    ),
    "TK conv": lambda: layer(X, {"A": "s p", "C": "i j p q", "B": "q t"}, Y, CHANNELS, True),
    "TT conv": lambda: layer(
        X, {"A": "s p", "G": "i p q", "H": "j q r", "B": "r t"}, Y, CHANNELS, True
    ),
    "r-CP conv": lambda: layer(
        RX, {"K": "r s1 t1", "L": "r s2 t2", "C": "i j r"}, RY, FACTORS, True
    ),
    "r-TK conv": lambda: layer(
        RX,
        {
            "P": "s1 p1",
            "Q": "s2 p2",
            "C": "i j p1 p2 q1 q2",
            "U": "q1 t1",
            "V": "q2 t2",
        },
        RY,
        FACTORS,
        True,
    ),
    "r-TT conv": lambda: layer(
        RX, {"K": "one s1 t1 p", "L": "p s2 t2 q", "C": "i j q"}, RY, FACTORS, True
    ),
    "CP dense": lambda: layer("n s", {"A": "s r", "B": "r t"}, "n t", CHANNELS, False),
    "r-CP dense": lambda: layer(
        "n (s1 s2)", {"K": "r s1 t1", "L": "r s2 t2"}, "n (t1 t2)", FACTORS, False
    ),
    "r-TK dense": lambda: layer(
        "n (s1 s2)",
        {"P": "s1 p1", "Q": "s2 p2", "C": "p1 p2 q1 q2", "U": "q1 t1", "V": "q2 t2"},
        "n (t1 t2)",
        FACTORS,
        False,
    ),
    "r-TT dense": lambda: layer(
        "n (s1 s2)",
        {"K": "one s1 t1 p", "L": "p s2 t2 end"},
        "n (t1 t2)",
        FACTORS,
        False,
    ),
}
