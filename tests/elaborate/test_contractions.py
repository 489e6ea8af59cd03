"""Which contraction an equation becomes: its factors, patterns and kept modes."""

from pathlib import Path

import pytest

from tests.elaborate.reading import contraction, elaborated, layer
from tests.programs import CP_CONV
from tnc.ir.layer import Layer
from tnc.ir.size import Size
from tnc.ops import Add, Border, Call, Contract, Leaf, Mask, Rename, Scale

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


def example(number: str, name: str, **settings: object) -> Layer:
    (path,) = EXAMPLES.glob(f"{number}_*.tnn")
    made, said = elaborated(path.read_text(encoding="utf-8"), name, settings)
    assert made is not None, said
    return made


def test_cp_convolution_is_one_contraction_of_all_factors() -> None:
    made, _ = elaborated(CP_CONV, "CPConv", {"S": 4, "T": 5, "R": 2, "stride": 2})
    assert made is not None
    (output,) = made.outputs
    factors, patterns, keep, _ = contraction(output.value)
    assert factors == {"x", "A", "B", "C", "D"}
    assert patterns == ["h = 2·h' + i - 1", "w = 2·w' + j - 1"]
    assert keep == ("n", "t", "h'", "w'")
    assert [str(mode.size) for mode in output.value.type.modes] == [
        "n", "5", "((h + 1) // 2)", "((w + 1) // 2)",
    ]  # fmt: skip


def test_tensor_train_with_end_ranks_of_one() -> None:
    made = example("03", "TTDense", S=[2, 3, 4], T=[4, 3, 2], R=5)
    factors, patterns, keep, _ = contraction(made.outputs[0].value)
    assert factors == {"x", "G_1", "G_2", "G_3"}
    assert (patterns, keep) == ([], ("n", "t_1", "t_2", "t_3"))
    first, _, last = made.weights
    assert [str(mode) for axis in first.axes for mode in axis] == ["r_0", "s_1", "t_1", "r_1"]
    assert (first.axes[0][0].size, last.axes[3][0].size) == (Size.of(1), Size.of(1))
    assert made.inputs[0].axes[1] == tuple(w.axes[1][0] for w in made.weights)


def test_tensor_ring_convolution_with_index_arithmetic() -> None:
    made = example("04", "TRConv", S=[2, 3], T=[4, 2], R=3)
    factors, patterns, keep, _ = contraction(made.outputs[0].value)
    assert factors == {"x", "U_1", "U_2", "V_1", "V_2", "C"}
    assert patterns == ["h = h' + i - 1", "w = w' + j - 1"]
    assert keep == ("n", "t_1", "t_2", "h'", "w'")
    core = {weight.name: weight for weight in made.weights}["C"]
    assert [str(mode) for axis in core.axes for mode in axis] == ["r_4", "i", "j", "r_0"]


def test_reshaped_cp_adds_a_bias() -> None:
    made = example("02", "RCPDense", S=[2, 3], T=[4, 5], R=3)
    (output,) = made.outputs
    assert isinstance(output.value.op, Add)
    product, bias = output.value.operands
    assert contraction(product)[0] == {"x", "K_1", "K_2"}
    assert isinstance(bias.op, Leaf)
    assert [len(axis) for axis in output.axes] == [1, 2]
    assert [str(mode) for mode in output.value.op.modes] == ["n", "t_1", "t_2"]


def test_reshaped_tucker_convolution() -> None:
    made = example("05", "RTKConv", S=[2, 3], T=[4, 5], RS=[2, 2], RT=[3, 3])
    factors, patterns, _, _ = contraction(made.outputs[0].value)
    assert factors == {"x", "P_1", "P_2", "C", "Q_1", "Q_2"}
    assert patterns == ["h = 2·h' + i - 1", "w = 2·w' + j - 1"]


def test_families_with_modular_indices() -> None:
    made = layer(
        """mode n, s[l in 1..d]: 2, t[l in 1..d]: 3, r[l in 0..d - 1]: 4
        input x[n, (s...)]
        weight K[l in 1..d][r[l - 1], s[l], t[l], r[l mod d]]
        output y[n, (t...)] = x * K...""",
        "d: int",
        d=3,
    )
    assert [str(w.value.type) for w in made.weights] == [
        "[r_0, s_1, t_1, r_1]", "[r_1, s_2, t_2, r_2]", "[r_2, s_3, t_3, r_0]",
    ]  # fmt: skip


def test_transposed_reading_of_a_declared_size() -> None:
    made = layer(
        """mode n, s: 3, t: 4, h', h: 2 * size(h'), i: 4
        conv(stride: 2, pad: 1) h' = h * i
        input x[n, t, h']
        weight K[s, t, i]
        output y[n, s, h] = x * K"""
    )
    factors, patterns, keep, _ = contraction(made.outputs[0].value)
    assert (factors, patterns, keep) == ({"x", "K"}, ["h = 2·h' + i - 1"], ("n", "s", "h"))
    assert [entry.symbol for entry in made.run_time] == ["n", "h'"]


def test_filter_reading_keeps_the_taps() -> None:
    made = layer(
        """mode n, s: 3, t: 4, h, i: 3
        conv(stride: 2) u = h * i
        input x[n, s, h], g[n, t, u]
        output k[s, t, i] = x * g"""
    )
    factors, patterns, keep, _ = contraction(made.outputs[0].value)
    assert (factors, patterns, keep) == ({"x", "g"}, ["h = 2·u + i"], ("s", "t", "i"))


def test_several_taps_of_one_relation() -> None:
    made = layer(
        """mode n, h, i: 3, j: 2
        conv(dilation: (1, 3), pad: full, stride: 2) u = h * i * j
        input x[n, h]
        weight A[i], B[j]
        output y[n, u] = x * A * B"""
    )
    assert contraction(made.outputs[0].value)[1] == ["h = 2·u + i + 3·j - 5"]


def test_flip_and_circular() -> None:
    made = layer(
        """mode n, h, i: 3, j: 3
        conv(flip: true) u = h * i
        conv(pad: circular) v = h * j
        input x[n, h]
        weight A[i], B[j]
        output y[n, u] = x * A
        output z[n, v] = x * B"""
    )
    one, other = (port.value for port in made.outputs)
    assert contraction(one)[1] == ["h = u + i flipped"]
    assert contraction(other)[1] == ["h = v + j - 1 circular"]


def test_families_of_relations() -> None:
    made = layer(
        """mode n, h[a in 1..2], f[a in 1..2]: 3
        conv(pad: same) g[a] for a in 1..2 = h[a] * f[a]
        input x[n, h...]
        weight K[f...]
        output y[n, g...] = x * K"""
    )
    assert contraction(made.outputs[0].value)[1] == ["h_1 = g_1 + f_1 - 1", "h_2 = g_2 + f_2 - 1"]


def test_members_of_families_have_names_of_their_own() -> None:
    made = layer(
        """mode n, s_1: 2, s[i in 1..2]: 3
        input x[n, s_1, s...]
        output y[n] = sum(x, over: [s_1, s...])"""
    )
    assert [(mode.name, mode.size.value) for mode in made.modes] == [
        ("n", None), ("s_1", 2), ("s_1_", 3), ("s_2", 3),
    ]  # fmt: skip


def test_functions_with_numbers() -> None:
    made = layer(
        """mode n
        input x[n]
        output a[n] = maximum(x, 2)
        output b[n] = minimum(x, x)
        output c[n] = leaky_relu(x, slope: 0.25)
        output d[n] = pow(x, 3)
        output e[n] = x |> leaky_relu"""
    )
    calls = [port.value.op for port in made.outputs]
    assert [
        (call.function, [(name, number.value) for name, number in call.options])
        for call in calls
        if isinstance(call, Call)
    ] == [
        ("at_least", [("bound", 2)]),
        ("minimum", []),
        ("leaky_relu", [("slope", 0.25)]),
        ("pow", [("exponent", 3)]),
        ("leaky_relu", [("slope", 0.01)]),
    ]


def test_leading_modes_pass_through() -> None:
    made = layer("mode s: 3, t: 4\ninput x[..., s]\nweight A[s, t]\noutput y[..., t] = x * A")
    assert contraction(made.outputs[0].value)[2] == ("...", "t")
    assert [(entry.symbol, entry.sources) for entry in made.run_time] == [
        ("...", (Size.symbol("x.0"),))
    ]


def test_merged_modes_have_names() -> None:
    made = layer(
        """mode n, s[i in 1..2]: 3, c = (s...), t: size(c)
        input x[n, c]
        weight A[c, t]
        output y[n, t] = x * A"""
    )
    assert [[str(mode) for mode in axis] for axis in made.inputs[0].axes] == [["n"], ["s_1", "s_2"]]
    assert made.weights[0].axes[1][0].size == Size.of(9)


def test_separable_stages_join_when_nothing_stands_between() -> None:
    made = layer(
        """mode n, h, w, s: 3, t: 4, i: 3, j: 3
        conv(pad: same) h' = h * i, w' = w * j
        input x[n, s, h, w]
        weight D[s, i, j], P[s, t]
        let z[n, s, h', w'] = x * D
        output y[n, t, h', w'] = z * P"""
    )
    factors, patterns, _, _ = contraction(made.outputs[0].value)
    assert factors == {"x", "D", "P"}
    assert patterns == ["h = h' + i - 1", "w = w' + j - 1"]


def test_a_barrier_ends_the_product() -> None:
    made = layer(
        """mode n, s: 3, r: 4, t: 5
        input x[n, s]
        weight A[s, r], B[r, t]
        let z[n, r] = relu(x * A)
        output y[n, t] = z * B"""
    )
    assert contraction(made.outputs[0].value)[0] == {"Call", "B"}


def test_what_is_used_twice_is_not_taken_apart() -> None:
    made = layer(
        """mode n, s: 3, r: 4, t: 5
        input x[n, s]
        weight A[s, r], B[r, t], C[r, t]
        let z[n, r] = x * A
        output y[n, t] = z * B
        output v[n, t] = z * C"""
    )
    one, other = (port.value for port in made.outputs)
    assert contraction(one)[0] == {"Contract", "B"}
    assert one.operands[0] is other.operands[0]


def test_summed_modes_are_renamed_apart() -> None:
    made = layer(
        """mode n, t, u: size(t), e: 3, c: 4
        input x[n, t, e]
        weight Q[e, c], K[e, c]
        let q[n, t, c] = x * Q
        let k[n, u, c] = x[n, u, e] * K / 2
        output z[n, t, u] = q * k"""
    )
    value = made.outputs[0].value
    assert isinstance(value.op, Scale)
    assert value.op.factor.value == 0.5
    (product,) = value.operands
    assert contraction(product)[3] == ["K[e_2, c]", "Q", "x", "x[n, u, e_2]"]
    assert contraction(product)[2] == ("n", "t", "u")


def test_a_stage_whose_result_is_convolved_again_stays() -> None:
    made = layer(
        """mode n, h, i: 3, j: 3
        conv(pad: same) u = h * i
        conv(pad: same) v = u * j
        input x[n, h]
        weight A[i], B[j]
        let z[n, u] = x * A
        output y[n, v] = z * B"""
    )
    assert contraction(made.outputs[0].value)[0] == {"Contract", "B"}


def test_a_stage_whose_result_is_a_tap_outside_stays() -> None:
    made = layer(
        """mode n, h: 7, i: 3, g: 9
        conv u = h * i
        conv v = g * u
        input x[n, h], p[g], q[v]
        weight A[i]
        let z[n, u] = x * A
        output k[n, u] = z * p * q"""
    )
    assert contraction(made.outputs[0].value)[0] == {"Contract", "p", "q"}


def test_a_bias_stands_beside_a_convolution() -> None:
    made = layer(
        """mode n, h, i: 3, t: 2
        conv u = h * i
        input x[n, h]
        weight A[i, t], b[t]
        output y[n, t, u] = relu(x * A + b)"""
    )
    (total,) = made.outputs[0].value.operands
    assert isinstance(total.op, Add)
    assert contraction(total.operands[0])[1] == ["h = u + i"]


def test_a_summed_convolution_result_stays_a_stage() -> None:
    made = layer(
        """mode n, h, i: 3
        conv u = h * i
        input x[n, h]
        weight A[i]
        let z[n, u] = x * A
        output y[n] = sum(z, over: u)"""
    )
    value = made.outputs[0].value
    assert contraction(value)[0] == {"Contract"}
    assert contraction(value.operands[0])[1] == ["h = u + i"]


def test_attention() -> None:
    made = layer(
        """mode n, e: 8, f: 8, m: 2, c: 4
        mode t, u: size(t)
        input x[n, t, e]
        weight Q[e, m, c], K[e, m, c], V[e, m, c], O[m, c, f]
        let q[n, t, m, c] = x[n, t, e] * Q
        let k[n, u, m, c] = x[n, u, e] * K
        let v[n, u, m, c] = x[n, u, e] * V
        let z[n, m, t, u] = q * k / sqrt(size(c))
        let a[n, m, t, u] = (if causal then mask(z, t >= u) else z) |> softmax(over: u)
        output y[n, t, f] = a * v * O""",
        "causal: bool = true",
    )
    value = made.outputs[0].value
    assert contraction(value)[0] == {"Call", "x[n, u, e]", "V", "O"}
    softmax = next(each for each in value.operands if isinstance(each.op, Call))
    assert softmax.op.function == "softmax"  # type: ignore[attr-defined]
    (masked,) = softmax.operands
    assert isinstance(masked.op, Mask)
    assert (masked.op.comparison, str(masked.op.left), str(masked.op.right)) == (">=", "t", "u")
    (scaled,) = masked.operands
    assert isinstance(scaled.op, Scale)
    assert scaled.op.factor.value == 0.5


@pytest.mark.parametrize(
    ("written", "comparison", "left", "right", "offset"),
    [
        ("t >= u + 3", ">=", "t", "u", 3),
        ("t - 1 > u", ">", "t", "u", 1),
        ("2 < u", ">", "u", None, 2),
        ("t == 1 + u - w", "==", "t", "u", -4),
    ],
)
def test_masks(written: str, comparison: str, left: str, right: str | None, offset: int) -> None:
    made = layer(
        f"mode t: 3, u: 3\ninput z[t, u]\noutput y[t, u] = mask(z, {written})", "w: int = 5"
    )
    op = made.outputs[0].value.op
    assert isinstance(op, Mask)
    name = None if op.right is None else op.right.name
    assert (op.comparison, op.left.name, name, op.offset) == (comparison, left, right, offset)


def test_sums_over_indices() -> None:
    made = layer(
        """mode n, s: 3, t: 3, r[i in 1..2]: i + 1
        input x[n, s]
        weight A[i in 1..2][r[i], s], B[i in 1..2][r[i], t]
        output y[n, t] = sum(x * A[i] * B[i] for i in 1..2) - x[n, t] * 2"""
    )
    value = made.outputs[0].value
    assert isinstance(value.op, Add)
    one, two, last = value.operands
    assert contraction(one)[0] == {"x", "A_1", "B_1"}
    assert contraction(two)[0] == {"x", "A_2", "B_2"}
    assert isinstance(last.op, Scale)
    assert last.op.factor.value == -2
    assert isinstance(last.operands[0].op, Rename)


def test_scalars_stand_beside_the_product() -> None:
    made = layer(
        """mode n, t, s: 3
        input x[n, t, s]
        weight A[s]
        output y[n, t] = 3 * x * A / size(t) * (-2)"""
    )
    op = made.outputs[0].value.op
    assert isinstance(op, Scale)
    assert op.factor.evaluate({"t": 4}) == -1.5


def test_numbers_are_added_by_a_shift() -> None:
    made = layer("mode n\ninput x[n]\noutput y[n] = 1 - x + 2")
    op = made.outputs[0].value.op
    assert isinstance(op, Call)
    assert (op.function, op.options[0][1].value) == ("shift", 3)


def test_division_by_a_tensor_closes_the_product() -> None:
    made = layer(
        """mode n, s: 3, t: 4
        input x[n, s], d[n]
        weight A[s, t]
        output y[n, t] = x * A / d"""
    )
    assert contraction(made.outputs[0].value)[0] == {"x", "A", "Call"}


def test_a_border_is_materialised_on_the_signal() -> None:
    made = layer(
        """mode n, h, i: 3
        conv(pad: same, border: reflect) u = h * i
        input x[n, h]
        weight A[i]
        output y[n, u] = x * A"""
    )
    value = made.outputs[0].value
    assert contraction(value)[1] == ["h_padded = u + i"]
    border = value.operands[0].op
    assert isinstance(border, Border)
    assert (border.kind, border.left, border.adjoint) == ("reflect", Size.of(1), False)
    assert str(border.padded.size) == "h + 2"


def test_a_border_is_transposed_where_the_signal_is_kept() -> None:
    made = layer(
        """mode n, i: 3, h
        conv(pad: 1, border: replicate) u = h * i
        input g[n, u]
        weight A[i]
        output y[n, h] = g * A"""
    )
    border = made.outputs[0].value.op
    assert isinstance(border, Border)
    assert border.adjoint
    assert str(border.mode.size) == "u"


def test_an_alias_and_an_output_without_modes() -> None:
    made = layer("mode n, s: 2\ninput x[n, s]\nlet z = x\noutput y = z |> relu")
    (output,) = made.outputs
    assert isinstance(output.value.op, Call)
    assert [[str(mode) for mode in axis] for axis in output.axes] == [["n"], ["s"]]


def test_annotated_products_join() -> None:
    made = layer(
        """mode n, s: 3, r: 2, t: 4
        input x[n, s]
        weight A[s, r], B[r, t]
        output y[n, t] = (x * A)[n, r] * B"""
    )
    assert contraction(made.outputs[0].value)[0] == {"x", "A", "B"}


def test_weights_that_no_output_reaches_are_not_created() -> None:
    made = layer(
        """mode n, s: 3, t: 4
        input x[n, s]
        weight A[s, t], b[t]
        output y[n, t] = if bias then x * A + b else x * A""",
        "bias: bool = false",
    )
    assert [weight.name for weight in made.weights] == ["A"]


def test_a_long_product_and_a_long_sum() -> None:
    made = layer(
        "mode n: 3\ninput x[n]\nweight a[n]"
         "\noutput y[n] = x" + " * a" * 2000
        + "\noutput z[n] = x" + " + a" * 2000
    )  # fmt: skip
    product, total = (port.value for port in made.outputs)
    assert isinstance(product.op, Contract)
    assert (len(product.operands), len(total.operands)) == (2001, 2001)


def test_what_docstrings_show() -> None:
    made, _ = elaborated(CP_CONV, "CPConv", {"S": 4, "T": 5})
    assert made is not None
    assert made.doc == "2-D convolution, kernel in CP form: one factor per mode of the kernel."
    assert made.settings == (("S", "4"), ("T", "5"), ("R", "16"), ("k", "3"), ("stride", "1"))
    assert made.equations == ("output y[n, t, h', w'] = x * A * B * C * D",)
    assert [mode.name for mode in made.modes] == [
        "n", "h", "w", "s", "t", "r", "i", "j", "h'", "w'",
    ]  # fmt: skip
