"""Random networks: contracted, kept, free and convolved modes, size 1, repeats, sums, outputs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from hypothesis import assume
from hypothesis import strategies as st

from tests.oracle import Pad, Relation
from tests.property.network import Equation, Factor, Network, Term

POOL = "abcdef"
LEGS = (("h'", "h", ("i", "j")), ("w'", "w", ("k", "l")))
READINGS = ("forward", "backward", "sideways", "gated", "closed")
LARGEST = 200_000  # elements in the product of all modes of one network
PADS: list[Pad] = ["valid", "same", "tf_same", "full", "causal", "circular", 1, (2, 1)]


@dataclass
class Draft:
    """A product under construction: the modes of each factor, and what is to be kept."""

    sizes: dict[str, int]
    factors: list[list[str]]
    keep: list[str] = field(default_factory=list)
    relations: list[Relation] = field(default_factory=list)

    def uses(self, mode: str) -> int:
        return sum(mode in factor for factor in self.factors)

    def elements(self) -> int:
        results = [r.window(self.sizes)[1] for r in self.relations]
        return math.prod(self.sizes.values()) * math.prod(results)


def spread(draw: st.DrawFn, draft: Draft, mode: str) -> None:
    """Give a mode to one factor, now and then to two."""
    places = st.lists(st.integers(0, len(draft.factors) - 1), min_size=1, max_size=2, unique=True)
    for place in draw(places):
        draft.factors[place].append(mode)


def convolve(draw: st.DrawFn, draft: Draft, legs: tuple[str, str, tuple[str, ...]]) -> None:
    """Add a relation, read in a random direction."""
    result, signal, names = legs
    taps = names[: draw(st.integers(1, 2))]
    stride = draw(st.integers(1, 3))
    dilations = tuple(draw(st.integers(1, 3)) for _ in taps)
    draft.sizes |= {tap: draw(st.integers(1, 3)) for tap in taps}
    relation = Relation(
        result,
        signal,
        taps,
        stride,
        dilations,
        draw(st.sampled_from(PADS)),
        flip=draw(st.booleans()),
    )
    size = relation.reach(draft.sizes) + draw(st.integers(1, 4))
    draft.sizes[signal] = -(-size // stride) * stride if relation.pad == "circular" else size
    reading = draw(st.sampled_from(READINGS))
    kept = {"backward": [signal], "sideways": [taps[0]], "closed": []}.get(reading, [result])
    draft.keep += kept
    for leg in (signal, *taps, result):
        if leg not in kept or (reading == "gated" and leg == result):
            spread(draw, draft, leg)
    draft.relations.append(relation)


@st.composite
def drafts(draw: st.DrawFn, *, convolved: bool = True) -> Draft:
    """A product of 2 to 7 factors; a mode of one factor is kept, unless its size is 1."""
    pool = POOL[: draw(st.integers(2, len(POOL)))]
    draft = Draft({mode: draw(st.sampled_from([1, 2, 2, 3])) for mode in pool}, [])
    modes = st.lists(st.sampled_from(pool), max_size=3, unique=True)
    draft.factors = [list(each) for each in draw(st.lists(modes, min_size=2, max_size=7))]
    for legs in LEGS[: draw(st.integers(0, 2)) if convolved else 0]:
        convolve(draw, draft, legs)
    assume(draft.elements() <= LARGEST)
    for mode in pool:
        if not draft.uses(mode):
            del draft.sizes[mode]
        elif (draft.uses(mode) == 1 and draft.sizes[mode] > 1) or draw(st.booleans()):
            draft.keep.append(mode)
    draft.factors = [draw(st.permutations(factor)) for factor in draft.factors]
    draft.keep = draw(st.permutations(draft.keep))
    return draft


@dataclass
class Tensors:
    """The tensors of a network under construction."""

    inputs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    weights: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def new(self, draw: st.DrawFn, modes: tuple[str, ...]) -> Factor:
        """An input (the first tensor always) or a weight."""
        tensors = self.weights if self.inputs and draw(st.booleans()) else self.inputs
        name = f"{'x' if tensors is self.inputs else 'A'}{len(tensors)}"
        tensors[name] = modes
        return Factor(name, modes)


def repeated(draw: st.DrawFn, factor: Factor, sizes: dict[str, int], keep: list[str]) -> Factor:
    """The same tensor once more, under other modes of the same sizes where there are some."""
    modes: list[str] = []
    for mode in factor.modes:
        ordinary = [m for m in sizes if m in POOL and m not in (*modes, *factor.modes)]
        others = [m for m in ordinary if sizes[m] == sizes.get(mode) and m in keep]
        modes.append(draw(st.sampled_from([mode, *others])) if mode in POOL else mode)
    return Factor(factor.name, tuple(modes))


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """One or two outputs, each of one to three terms, over shared tensors."""
    draft = draw(drafts())
    tensors = Tensors()
    factors = [tensors.new(draw, tuple(modes)) for modes in draft.factors]
    reused: set[str] = set()
    if draw(st.integers(0, 3)) == 0:
        again = repeated(draw, draw(st.sampled_from(factors)), draft.sizes, draft.keep)
        reused |= set(again.modes) | set(next(f for f in factors if f.name == again.name).modes)
        factors.append(again)
    relations = tuple(draft.relations)
    terms = [Term(tuple(factors), relations)]
    keep = tuple(draft.keep)
    if draw(st.booleans()):  # another tensor in the place of one
        place = draw(st.integers(0, len(draft.factors) - 1))
        other = tensors.new(draw, factors[place].modes)
        terms.append(Term((*factors[:place], other, *factors[place + 1 :]), relations))
    if draw(st.booleans()):  # a bias
        plain = [mode for mode in keep if mode in POOL]
        terms.append(Term((tensors.new(draw, tuple(draw(st.permutations(plain)))),)))
    equations = [Equation(keep, tuple(terms))]
    if draw(st.booleans()):  # the first product once more, another choice of modes kept
        more = [m for m in draft.sizes if m in POOL and m not in keep and draw(st.booleans())]
        equations.append(Equation(tuple(draw(st.permutations([*keep, *more]))), (terms[0],)))
    static = {mode for modes in tensors.weights.values() for mode in modes} | reused
    carried = {mode for modes in tensors.inputs.values() for mode in modes}
    free = [m for m in draft.sizes if m in POOL and m in carried - static and draft.sizes[m] > 1]
    free += [r.signal for r in relations if r.signal in carried - static and r.result not in static]
    running = frozenset(mode for mode in free if draw(st.booleans()))
    return Network(draft.sizes, tensors.inputs, tuple(equations), tensors.weights, running)


@st.composite
def expressions(draw: st.DrawFn) -> Network:
    """One product for `tnc.einsum`: modes of one operand may be summed, or kept as diagonals."""
    draft = draw(drafts())
    legs = {leg for r in draft.relations for leg in (r.signal, *r.taps)}
    for relation in draft.relations:  # an equation cannot declare sizes
        assume(draft.uses(relation.signal) and all(draft.uses(tap) for tap in relation.taps))
    keep = tuple(m for m in draft.keep if m not in POOL or draw(st.integers(0, 3)))
    for factor in draft.factors:
        ordinary = [mode for mode in factor if mode not in legs]
        if ordinary and draw(st.integers(0, 4)) == 0:
            factor.append(draw(st.sampled_from(ordinary)))
    inputs = {f"x{k}": tuple(factor) for k, factor in enumerate(draft.factors)}
    factors = tuple(Factor(name, modes) for name, modes in inputs.items())
    term = Term(factors, tuple(draft.relations))
    return Network(draft.sizes, inputs, (Equation(keep, (term,)),))


def resized(network: Network, factor: int) -> Network:
    """The same network with larger run-time sizes."""
    sizes = {m: s * factor if m in network.running else s for m, s in network.sizes.items()}
    return replace(network, sizes=sizes)
