"""Plans against the textbook's matrix chain and against every tree of small networks."""

from __future__ import annotations

import itertools
import math
import random
from functools import cache

import pytest

from tests.families.compiled import from_text


def program(operands: list[str], output: str, sizes: dict[str, int]) -> str:
    """Weights only, but for the first operand."""
    first, *others = (f"T{number}[{', '.join(term)}]" for number, term in enumerate(operands))
    modes = ", ".join(f"{mode}: {size}" for mode, size in sizes.items())
    product = " * ".join(f"T{number}" for number in range(len(operands)))
    return f"""tnn 1
    layer L {{
      mode {modes}
      input {first}
      weight(init: ones) {", ".join(others)}
      output y[{", ".join(output)}] = {product}
    }}"""


def chain(dimensions: list[int]) -> int:
    """Multiplications of the best parenthesis. Source: Cormen et al., Introduction to Algorithms,
    15.2."""

    @cache
    def best(i: int, j: int) -> int:
        if j == i + 1:
            return 0
        return min(
            best(i, k) + best(k, j) + dimensions[i] * dimensions[k] * dimensions[j]
            for k in range(i + 1, j)
        )

    return best(0, len(dimensions) - 1)


@pytest.mark.parametrize("length", [2, 3, 5, 8, 10, 20])
@pytest.mark.parametrize("seed", [0, 1])
def test_matrix_chain(length: int, seed: int) -> None:
    generator = random.Random(seed)
    dimensions = [generator.randint(2, 60) for _ in range(length + 1)]
    modes = [chr(ord("a") + k) for k in range(length + 1)]
    operands = [a + b for a, b in itertools.pairwise(modes)]
    sizes = dict(zip(modes, dimensions, strict=True))
    made = from_text(program(operands, modes[0] + modes[-1], sizes), objective="macs")
    assert made.plan.macs == chain(dimensions)
    assert sum(step.macs for step in made.plan.steps) == made.plan.macs


def exhaustive(operands: list[str], output: str, sizes: dict[str, int]) -> int:
    """The least multiplications of any binary tree, outer products included."""
    everything = frozenset(range(len(operands)))

    @cache
    def kept(part: frozenset[int]) -> frozenset[str]:
        inside = {mode for k in part for mode in operands[k]}
        outside = {mode for k in everything - part for mode in operands[k]} | set(output)
        return frozenset(inside & outside)

    @cache
    def best(part: frozenset[int]) -> int:
        if len(part) == 1:
            return 0
        anchor, *rest = sorted(part)
        costs = []
        for size in range(len(rest)):
            for chosen in itertools.combinations(rest, size):
                left = frozenset({anchor, *chosen})
                right = part - left
                step = math.prod(sizes[mode] for mode in kept(left) | kept(right))
                costs.append(best(left) + best(right) + step)
        return min(costs)

    return best(everything)


@pytest.mark.parametrize("seed", range(12))
def test_small_networks(seed: int) -> None:
    """Every mode is shared or kept, so that no operand is summed alone."""
    generator = random.Random(seed)
    modes = "abcdefgh"[: generator.randint(4, 8)]
    sizes = {mode: generator.randint(2, 9) for mode in modes}
    operands = ["".join(generator.sample(modes, generator.randint(1, 3))) for _ in range(6)]
    used = [mode for mode in modes if any(mode in term for term in operands)]
    once = [mode for mode in used if sum(mode in term for term in operands) == 1]
    output = "".join(sorted({*once, *generator.sample(used, 1)}))
    text = program(operands, output, {mode: sizes[mode] for mode in used})
    made = from_text(text, objective="macs")
    assert made.plan.macs == exhaustive(operands, output, sizes)
