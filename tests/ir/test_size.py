"""Sizes: the normal form agrees with integer arithmetic, whatever the expression."""

from hypothesis import given
from hypothesis import strategies as st

from tnc.ir.size import Size

NAMES = ("n", "h", "w")
leaves = st.one_of(
    st.integers(-5, 9).map(lambda k: (Size.of(k), str(k))),
    st.sampled_from(NAMES).map(lambda name: (Size.symbol(name), name)),
)


def grown(inner: st.SearchStrategy) -> st.SearchStrategy:
    pairs = st.tuples(inner, inner)
    divisor = st.integers(1, 5)
    return st.one_of(
        pairs.map(lambda p: (p[0][0] + p[1][0], f"({p[0][1]} + {p[1][1]})")),
        pairs.map(lambda p: (p[0][0] - p[1][0], f"({p[0][1]} - {p[1][1]})")),
        pairs.map(lambda p: (p[0][0] * p[1][0], f"({p[0][1]} * {p[1][1]})")),
        pairs.map(lambda p: (Size.max(p[0][0], p[1][0]), f"max({p[0][1]}, {p[1][1]})")),
        st.tuples(inner, divisor).map(lambda p: (p[0][0] // p[1], f"({p[0][1]} // {p[1]})")),
        st.tuples(inner, divisor).map(lambda p: (p[0][0] % p[1], f"({p[0][1]} % {p[1]})")),
    )


expressions = st.recursive(leaves, grown, max_leaves=8)
bindings = st.fixed_dictionaries({name: st.integers(0, 40) for name in NAMES})


@given(expressions, bindings)
def test_normal_form_keeps_the_value(expression: tuple[Size, str], binding: dict[str, int]) -> None:
    size, text = expression
    expected = eval(text, {}, binding)
    assert size.evaluate(binding) == expected
    assert eval(size.python(), {}, binding) == expected


@given(expressions, bindings)
def test_substitution_is_evaluation(expression: tuple[Size, str], binding: dict[str, int]) -> None:
    size, _ = expression
    replaced = size.substitute({name: Size.of(k) for name, k in binding.items()})
    assert replaced.value == size.evaluate(binding)


def test_equal_sizes_are_equal_objects() -> None:
    n, h = Size.symbol("n"), Size.symbol("h")
    assert (n - 1) // 2 + 1 == (n + 1) // 2
    assert (n + h) * (n - h) == n * n - h * h
    assert (4 * n + 6) // 2 == 2 * n + 3
    assert n - n == Size.of(0)
    assert (n - 1) // 2 != n // 2


def test_symbols_and_text() -> None:
    n, h = Size.symbol("n"), Size.symbol("h")
    size = (h + 1) // 2 * n - 3
    assert size.symbols == {"n", "h"}
    assert size.value is None
    assert size.python(lambda name: f"{name}_") == "((h_ + 1) // 2) * n_ - 3"
