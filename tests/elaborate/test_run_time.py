"""Sizes that are known when the layer is called: derived, and found from the inputs."""

import pytest

from tests.elaborate.reading import elaborated, layer, places, program
from tnc.ir.layer import Layer


def sources(made: Layer) -> dict[str, list[str]]:
    return {entry.symbol: [str(size) for size in entry.sources] for entry in made.run_time}


def sizes(made: Layer) -> dict[str, str]:
    return {mode.name: str(mode.size) for mode in made.modes}


def test_bare_axes_come_first() -> None:
    made = layer(
        "mode n, s: 3\ninput x[n, s], z[(n, s)], v[s, n]\noutput y[n, s] = x + z + v",
    )
    assert sources(made) == {"n": ["x.0", "v.1"]}


def test_merged_axes_with_one_unknown() -> None:
    made = layer(
        "mode n, m, s: 3\ninput x[(n, s, m)], z[(s, n)]\noutput y[n, s, m] = x * z",
    )
    assert sources(made) == {"n": ["(z.0 // 3)"], "m": ["(x.0 // (3 * (z.0 // 3)))"]}


def test_a_merged_axis_with_two_unknowns() -> None:
    _, said = elaborated(program("mode n, m\ninput x[(n, m)]\noutput y[n, m] = x"))
    assert places(said) == [("E0304", 3, 6), ("E0304", 3, 9)]


def test_a_formula_of_a_size() -> None:
    made = layer(
        "mode n, u: 2 * size(n) + 1, v: size(n)\ninput x[u], z[v]\noutput y[u] = x\noutput w[v] = z"
    )
    assert sources(made) == {"n": ["z.0"]}
    made = layer("mode n, u: 2 * size(n) + 1\ninput x[u]\noutput y[u] = x")
    assert sources(made) == {"n": ["((x.0 + 1) // 2) - 1"]}


def test_a_size_that_cannot_be_inverted() -> None:
    _, said = elaborated(program("mode n, u: size(n) // 2\ninput x[u]\noutput y[u] = x"))
    assert places(said) == [("E0304", 3, 6)]


def test_results_of_relations_are_derived() -> None:
    made = layer(
        """mode n, h, v, i: 3
        conv(stride: 2) u = h * i
        conv(pad: same) v = u * i
        input x[n, h]
        weight A[i]
        let z[n, u] = x * A
        output y[n, v] = z * A"""
    )
    assert sizes(made)["u"] == sizes(made)["v"] == "((h + 1) // 2) - 1"
    assert sources(made) == {"n": ["x.0"], "h": ["x.1"]}


@pytest.mark.parametrize(
    ("pad", "size"),
    [
        ("valid", "u + 4"),
        ("same", "u"),
        ("tf_same", "u"),
        ("causal", "u"),
        ("circular", "u"),
        ("full", "u - 4"),
        ("1", "u + 2"),
        ("(0, 3)", "u + 1"),
    ],
)
def test_a_signal_is_derived_at_stride_one(pad: str, size: str) -> None:
    made = layer(
        f"""mode n, h, i: 3
        conv(pad: {pad}, dilation: 2) u = h * i
        input g[n, u]
        weight A[i]
        output y[n, h] = g * A"""
    )
    assert sizes(made)["h"] == size
    assert sources(made) == {"n": ["g.0"], "u": ["g.1"]}


def test_families_that_nothing_gives_a_size() -> None:
    body = """mode n, h[a in 1..2], f[a in 1..2]: 3
    conv g[a] for a in 1..2 = h[a] * f[a]
    input x[n]
    weight K[f...]
    output y[n, g...] = x * K"""
    codes = [code for code, _, _ in places(elaborated(program(body))[1])]
    assert sorted(codes) == ["E0204", "E0204", "E0304", "E0304"]


@pytest.mark.parametrize(("stride", "size"), [(1, "h - 2"), (2, "((h + 1) // 2) - 1")])
def test_inputs_on_both_sides_of_a_relation(stride: int, size: str) -> None:
    made = layer(
        f"""mode n, h, i: 3
        conv(stride: {stride}) u = h * i
        input x[n, h], g[n, u]
        output k[i] = x * g"""
    )
    assert sources(made) == {"n": ["x.0", "g.0"], "h": ["x.1"]}
    assert [str(axis[0].size) for axis in made.inputs[1].axes] == ["n", size]


def test_a_size_used_by_a_number_only() -> None:
    made = layer("mode n, h\ninput x[n], z[h]\noutput y[n] = x / size(h)")
    assert sources(made) == {"n": ["x.0"], "h": ["z.0"]}


def test_a_static_signal_gives_a_static_result() -> None:
    made = layer(
        """mode n, h: H, i: 3
        conv(stride: 2, pad: causal) u = h * i
        input x[n, u]
        weight A[i]
        output y[n, h] = x * A""",
        "H: int",
        H=9,
    )
    assert sizes(made) == {"n": "n", "h": "9", "i": "3", "u": "5"}


def test_planning_assumes_typical_sizes() -> None:
    made = layer("mode n, h\ninput x[n, h]\noutput y[n, h] = x")
    assert made.default_binding({"h": 5}) == {"n": 32, "h": 5}
