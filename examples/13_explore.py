"""y[n,t,h',w'] = Σ_{s,r,i,j} x[n,s,h,w] A[r,s] C[r,i] D[r,j] B[r,t], and its relatives

    python examples/13_explore.py [explore.svg]

A layer is written in Python; then families and ranks are swept. A layer is on the front, printed
and filled in the plot, if none has at least as many parameters for at most as many multiply-adds.
"""

import sys
from pathlib import Path

import figure

import tnc

STANDARD = Path(tnc.__file__).parent / "std" / "convolution.tnn"
FAMILIES = ["CP", "TK", "TT", "TR", "rCP", "rTK", "rTT"]
RATIOS = [0.02, 0.05, 0.1, 0.2]
SIZES = {"n": 32, "h_1": 16, "h_2": 16}


def written() -> tnc.layer:
    """CP with a factor for each of the taps."""
    with tnc.layer("Mine", S=int, T=int, R=16, k=3) as L:
        n, h, w = L.modes("n h_1 h_2")
        s, t, r, i, j = L.modes("s t r i j", L.S, L.T, L.R, L.k, L.k)
        h2, w2 = L.conv(h, i, pad="same"), L.conv(w, j, pad="same")
        x = L.input("x", n, s, h, w)
        A, B = L.weight("A", r, s), L.weight("B", r, t)
        C, D = L.weight("C", r, i), L.weight("D", r, j)
        L.output("y", (n, t, h2, w2), x * A * B * C * D)
    return L


def main(place: str = "explore.svg") -> dict[str, list[tuple[int, int]]]:
    """(multiply-adds, parameters) of every layer, by family."""
    channels, mine = {"S": 64, "T": 64}, written()
    print(mine.source())
    plans = {"Mine": [mine.compile(set=channels | {"R": R}, bind=SIZES).plan for R in (4, 16, 64)]}
    for family in FAMILIES:
        settings = [channels | {"ratio": ratio} for ratio in RATIOS]
        made = [tnc.compile(STANDARD, family, set=each, bind=SIZES) for each in settings]
        plans[family] = [each.plan for each in made]
    points = {name: [(p.macs, p.parameters) for p in each] for name, each in plans.items()}
    every = sorted({point for series in points.values() for point in series})
    front = {a for a in every if not any(b[0] <= a[0] and b[1] >= a[1] for b in every if b != a)}
    print(f"{'family':8}{'multiply-adds':>15}{'parameters':>12}")
    for name, series in points.items():
        for macs, parameters in sorted(front & set(series)):
            print(f"{name:8}{macs:15,}{parameters:12,}")
    svg = figure.scatter(points, "multiply-adds", "parameters", front)
    Path(place).write_text(svg, encoding="utf-8")
    print(f"plotted in {place}")
    return points


if __name__ == "__main__":
    main(*sys.argv[1:])
