"""The pad table against an enumeration of every position."""

from hypothesis import given
from hypothesis import strategies as st

from tnc.elaborate.windows import PADS, Pad, signal_size, window
from tnc.ir.size import Size

small = st.integers(1, 4)


@st.composite
def pads(draw: st.DrawFn) -> tuple[str | tuple[int, int], Pad]:
    if draw(st.booleans()):
        name = draw(st.sampled_from(sorted(PADS)))
        return name, name
    left, right = draw(st.integers(0, 5)), draw(st.integers(0, 5))
    return (left, right), (Size.of(left), Size.of(right))


def enumerated(pad: str | tuple[int, int], signal: int, taps: list[tuple[int, int]], stride: int):
    """Left, right and the first positions of all windows, by trying."""
    offsets = [0]
    for size, dilation in taps:
        offsets = [offset + dilation * tap for offset in offsets for tap in range(size)]
    reach = max(offsets)
    starts_on_signal = len([start for start in range(signal) if start % stride == 0])
    if pad == "tf_same":
        total = max(stride * (starts_on_signal - 1) + reach + 1 - signal, 0)
        left, right = total // 2, total - total // 2
    elif isinstance(pad, tuple):
        left, right = pad
    else:
        left = {"valid": 0, "full": reach, "causal": reach}.get(pad, reach // 2)
        right = {"valid": 0, "full": reach, "causal": 0}.get(pad, reach - reach // 2)
    fits = range(-left, signal + right)
    starts = [
        start
        for start in range(-left, signal + right)
        if (start + left) % stride == 0 and all(start + offset in fits for offset in offsets)
    ]
    return left, right, reach, starts


@given(pads(), st.integers(1, 12), st.lists(st.tuples(small, small), min_size=1, max_size=2), small)
def test_the_table_counts_the_windows(
    pad: tuple[str | tuple[int, int], Pad], signal: int, taps: list[tuple[int, int]], stride: int
) -> None:
    left, right, reach, starts = enumerated(pad[0], signal, taps, stride)
    found = window(pad[1], Size.of(stride), Size.of(reach), Size.of(signal))
    assert (found.left.value, found.right.value) == (left, right)
    if starts:
        assert found.result.value == len(starts)
    else:
        assert found.result.value is not None
        assert found.result.value <= 0


@given(pads(), st.integers(1, 9), small, small, st.integers(1, 20))
def test_formulas_of_run_time_sizes_equal_numbers(
    pad: tuple[str | tuple[int, int], Pad], taps: int, dilation: int, stride: int, signal: int
) -> None:
    reach = Size.of(dilation * (taps - 1))
    formula = window(pad[1], Size.of(stride), reach, Size.symbol("h"))
    number = window(pad[1], Size.of(stride), reach, Size.of(signal))
    assert formula.left.evaluate({"h": signal}) == number.left.value
    assert formula.right.evaluate({"h": signal}) == number.right.value
    assert formula.result.evaluate({"h": signal}) == number.result.value


@given(pads(), small, small, st.integers(1, 12))
def test_the_signal_follows_from_the_result_at_stride_one(
    pad: tuple[str | tuple[int, int], Pad], taps: int, dilation: int, signal: int
) -> None:
    reach = Size.of(dilation * (taps - 1))
    result = window(pad[1], Size.of(1), reach, Size.of(signal)).result
    assert signal_size(pad[1], reach, result).value == signal


def test_the_size_at_stride_two_is_in_normal_form() -> None:
    found = window("same", Size.of(2), Size.of(2), Size.symbol("h"))
    assert str(found.result) == "((h + 1) // 2)"
