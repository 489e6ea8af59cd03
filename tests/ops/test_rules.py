"""Operations refuse operands that do not fit, and the verifier finds corrupted graphs."""

from dataclasses import replace

import pytest

from tnc.ir.graph import Builder, Graph, IllTyped, Value
from tnc.ir.scalar import Scalar
from tnc.ir.size import Size
from tnc.ir.tensor import Mode, TensorType
from tnc.ops import (
    OPERATIONS,
    Add,
    Apply,
    Border,
    Call,
    Contract,
    Leaf,
    Mask,
    Pattern,
    Rename,
    Scale,
)
from tnc.ops.contract import counted
from tnc.ops.verify import verify_graph, verify_planned


def mode(name: str, size: int) -> Mode:
    return Mode(name, Size.of(size))


N, S, T, H, K, J, P = (mode(name, k) for name, k in zip("nsthijp", range(2, 9), strict=True))


def leaf(build: Builder, name: str, *modes: Mode) -> Value:
    return build.make(Leaf("input", name, tuple((each,) for each in modes)))


def test_every_operation_is_in_the_table() -> None:
    assert {Leaf, Contract, Add, Scale, Rename, Border, Call, Mask, Apply} == set(OPERATIONS)


@pytest.mark.parametrize(
    ("op", "operands"),
    [
        (Contract((mode("s", 9),)), ((S,),)),
        (Contract((S, S)), ((S,),)),
        (Contract((N,), (Pattern(mode("n", 9), P, (K,)),)), ((N,),)),
        (Add((S,)), ((S, T),)),
        (Rename((T,)), ((S,),)),
        (Rename((S, T)), ((S,),)),
        (Border("reflect", H, mode("padded", 9), Size.of(2)), ((S,),)),
        (Call("relu", (S,)), ((T,),)),
        (Mask(">=", S, T), ((S,),)),
        (Leaf("input", "x", ()), ((S,),)),
    ],
)
def test_operands_that_do_not_fit(
    op: Contract | Add | Rename | Border | Call | Mask | Leaf, operands: tuple[tuple[Mode, ...]]
) -> None:
    with pytest.raises(IllTyped):
        op.infer([TensorType(modes) for modes in operands])


def test_equal_operations_are_one_value() -> None:
    build = Builder()
    x, a = leaf(build, "x", N, S), leaf(build, "a", S, T)
    assert build.make(Contract((N, T)), (x, a)) is build.make(Contract((N, T)), (x, a))
    assert build.make(Contract((N, T)), (x, a)) is not build.make(Contract((T, N)), (x, a))
    assert build.make(Scale(Scalar.of(2)), (x,)) is build.make(Scale(Scalar.of(2)), (x,))


def test_cost_counts_every_mode_and_a_convolution_its_taps_once() -> None:
    build = Builder()
    x, a = leaf(build, "x", N, S), leaf(build, "a", S, T)
    product = build.make(Contract((N, T)), (x, a))
    assert isinstance(product.op, Contract)
    assert product.op.macs([x.type, a.type]).value == 2 * 3 * 4
    signal, taps = leaf(build, "h", N, H), leaf(build, "i", K, N)
    pattern = Pattern(H, P, (K,))
    assert set(counted([signal.type, taps.type], (N, P), (pattern,))) == {N, P, K}
    assert Contract((N,)).macs([x.type]).value == 0


def test_a_pattern_knows_its_reach_and_what_it_needs_on_the_right() -> None:
    pattern = Pattern(mode("h", 10), mode("p", 5), (K, J), 2, (1, 2), Size.of(3))
    assert pattern.reach.value == (6 - 1) + 2 * (7 - 1)
    assert pattern.right.value == 2 * 4 + 17 - 3 - 10 + 1
    assert str(pattern) == "h = 2·p + i + 2·j - 3"


def test_the_verifier_finds_a_wrong_type_and_a_wrong_order() -> None:
    build = Builder()
    x = leaf(build, "x", N, S)
    y = build.make(Contract((N,)), (x,))
    verify_graph(Graph((y,)))
    with pytest.raises(IllTyped, match="should be"):
        verify_graph(Graph((replace(y, type=TensorType((S,))),)))
    with pytest.raises(IllTyped, match="comes too early"):
        verify_graph(Graph((replace(y, serial=-1),)))
    other = leaf(build, "z", mode("n", 7))
    with pytest.raises(IllTyped, match="elsewhere"):
        verify_graph(Graph((y, other)))


def test_the_verifier_of_plans_wants_pairs_and_single_taps() -> None:
    build = Builder()
    x, a, b = leaf(build, "x", N, S), leaf(build, "a", S), leaf(build, "b", S)
    with pytest.raises(IllTyped, match="pairwise"):
        verify_planned(Graph((build.make(Contract((N,)), (x, a, b)),)))
    signal, taps = leaf(build, "h", H), leaf(build, "k", K, J)
    both = build.make(Contract((P,), (Pattern(H, P, (K, J), 1, (1, 1)),)), (signal, taps))
    with pytest.raises(IllTyped, match="several taps"):
        verify_planned(Graph((both,)))
