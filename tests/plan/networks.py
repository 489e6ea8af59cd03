"""Random products: relations of every kind, carried, kept and shared in every way."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np

from tests.plan.meaning import Array, contracted, leaf, mode
from tnc.ir.graph import Builder, Value
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops import Contract, Pattern
from tnc.plan.expand import Choose, Product, Site
from tnc.plan.lattice import Names


@dataclass(frozen=True, slots=True)
class Example:
    """A product, arrays for its operands, and its value by definition."""

    build: Builder
    operands: tuple[Value, ...]
    op: Contract
    arrays: dict[Value, Array]
    names: Names

    @property
    def product(self) -> Product:
        return Product(self.operands, self.op, None)

    @property
    def value(self) -> Value:
        """The n-ary contraction itself."""
        return self.build.make(self.op, self.operands)

    def expected(self) -> Array:
        factors = [(v.type.modes, self.arrays[v]) for v in self.operands]
        return contracted(self.op, factors, {})

    def site(self, choose: Choose) -> Site:
        return Site(self.build, self.names, choose)


def relation(random: Random, number: int, largest: int = 6) -> Pattern:
    """Any sizes, stride, dilations, left (negative too), flip, circular."""
    count = random.choice([1, 1, 2, 3])
    taps = tuple(mode(f"a{number}{k}", random.choice([1, 2, 2, 3])) for k in range(count))
    return Pattern(
        mode(f"p{number}", random.randint(1, largest)),
        mode(f"i{number}", random.randint(1, 4)),
        taps,
        random.randint(1, 3),
        tuple(random.randint(1, 3) for _ in taps),
        Size.of(random.randint(-2, 4)),
        random.random() < 0.3,
        random.random() < 0.3,
    )


def tidy(random: Random, largest: int = 6) -> Example:
    """What equations of the language look like: every operand carries at most one participant of
    a relation, and one participant is kept (forward, transposed or filter reading)."""
    patterns = [relation(random, k) for k in range(random.choice([1, 1, 2]))]
    count = random.randint(2, largest)
    carried: list[list[Mode]] = [[] for _ in range(count)]
    kept = []
    for pattern in patterns:
        legs = list(pattern.legs)
        random.shuffle(legs)
        kept.append(legs.pop())
        owners = random.sample(range(count), min(len(legs), count))
        for leg, owner in zip(legs, owners, strict=False):
            carried[owner].append(leg)
        carried += [[leg] for leg in legs[len(owners) :]]  # more of them than operands
        if count > len(legs) and random.random() < 0.3:  # a hyperedge, or the kept one carried
            spare = random.choice([k for k in range(count) if k not in owners])
            carried[spare].append(random.choice(pattern.legs))
    return _example(random, carried, kept, patterns)


def wild(random: Random) -> Example:
    """Well-formed, and no more: entangled operands, several kept, relations that share modes."""
    patterns = [relation(random, k) for k in range(random.choice([1, 1, 2]))]
    if len(patterns) == 2 and random.random() < 0.4:
        patterns[1] = _sharing(random, *patterns)
    carried: list[list[Mode]] = [[] for _ in range(random.randint(1, 5))]
    kept = []
    for pattern in patterns:
        kept += random.sample(pattern.legs, random.choice([0, 1, 1, 1, 1, 2]))
        for leg in pattern.legs:
            if random.random() > (0.6 if leg in kept else 0.05):
                owners = random.sample(carried, min(len(carried), random.choice([1, 1, 1, 2])))
                for owner in owners:
                    owner.append(leg)
    return _example(random, carried, kept, patterns)


def _sharing(random: Random, one: Pattern, two: Pattern) -> Pattern:
    legs = list(two.legs)
    legs[random.randrange(len(legs))] = random.choice(one.legs)
    signal, result, *taps = legs
    return Pattern(
        signal, result, tuple(taps), two.stride, two.dilations, two.left, two.flip, two.circular
    )


def _example(
    random: Random, carried: list[list[Mode]], kept: list[Mode], patterns: list[Pattern]
) -> Example:
    """With ordinary modes (contracted, free, shared by many), repeated operands, any layout."""
    for k in range(random.randint(0, 3)):
        extra = mode(f"m{k}", random.choice([1, 2, 3]))
        for operand in carried:
            if random.random() < 0.4:
                operand.append(extra)
        if random.random() < 0.5:
            kept = [*kept, extra]
    for operand in carried:
        random.shuffle(operand)
    keep = list(dict.fromkeys(kept))
    random.shuffle(keep)
    build = Builder()
    operands = [
        leaf(build, f"T{k}", tuple(dict.fromkeys(modes)), random.choice(["input", "weight"]))
        for k, modes in enumerate(carried)
    ]
    if random.random() < 0.2:
        operands.append(random.choice(operands))
    normal = np.random.default_rng(random.randrange(1000)).normal
    arrays = {
        value: normal(size=tuple(m.size.evaluate({}) for m in value.type.modes))
        for value in operands
    }
    names = Names(m.name for modes in [*carried, keep] for m in modes)
    return Example(build, tuple(operands), Contract(tuple(keep), tuple(patterns)), arrays, names)
