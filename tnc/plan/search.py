"""Orders of many operands: cotengra, extended to the lattice rule and to this cost.

Every operand gets an open index of its own, of size 1, so that the legs of any subtree say which
operands it holds; sizes and costs of a subtree are then asked of the same table as in the exact
search, whose dynamic programming also improves the subtrees. A participant of a relation is an
open index of each operand that carries it: cotengra's greedy start sees sizes, never the relation.

Deterministic: a seeded greedy start in every trial, trials drawn by a seeded sampler, no limit on
time, one process.

Source: Gray and Kourtis 2021 (cotengra: hyper-optimised trees, subtree reconfiguration).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tnc.plan import exact
from tnc.plan.cost import Cost, Costs
from tnc.plan.cost import costs as fresh
from tnc.plan.network import Tree
from tnc.record import record

METHOD = "tnc-seeded-greedy"
TRIALS = 16
QUICK = 6
"""Subtrees of so many operands are made optimal in every trial."""

STEPS = 100_000
"""Once so many steps have been priced no other tree is begun: that takes seconds, and needs no
clock, which would make the result depend on the machine."""

SEED = 20180527
FORBIDDEN = 10**200
"""Cost of a step that is not primitive: above every legal order, so that none is preferred."""

SPACE = {
    "seed": {"type": "INT", "min": 0, "max": 2**31 - 1},
    "costmod": {"type": "FLOAT", "min": 0.1, "max": 4.0},
    "temperature": {"type": "FLOAT_EXP", "min": 0.001, "max": 1.0},
}


@record
class Einsum:
    """A network as cotengra wants it: indices are characters."""

    inputs: tuple[tuple[str, ...], ...]
    output: tuple[str, ...]
    sizes: dict[str, int]
    own: dict[str, int]  # the operand whose own index this is, as a bit

    def subset(self, legs: Sequence[str]) -> int:
        """The operands below a node, read off its legs."""
        return sum(self.own[index] for index in legs if index in self.own)


def search(costs: Costs, subtree: int) -> tuple[Tree, ...]:
    """The orders that up to 16 trials end with, cheapest first; in every trial subtrees of `QUICK`
    operands are made optimal, in the best of them those of `subtree` operands. Orders with a step
    that is not primitive are left out."""
    from cotengra import HyperOptimizer
    from cotengra.hyperoptimizers.hyper import register_hyper_function

    costs = fresh(costs.network, costs.measure)  # steps are counted from none
    einsum = _einsum(costs)
    register_hyper_function(METHOD, _greedy(costs, einsum), SPACE)
    trials: list[Any] = []

    def score(trial: Any) -> float:
        trials.append(trial["tree"])
        return float(trial["flops"])

    local = {
        "optimize": Local(costs, einsum),
        "select": "descend",
        "minimize": "flops",
        "maxiter": 4 * len(einsum.inputs),
    }
    optimizer = HyperOptimizer(
        methods=[METHOD],
        minimize=score,
        max_repeats=1,
        optlib="random",
        seed=SEED,
        parallel=False,
        reconf_opts={"subtree_size": QUICK} | local,
        on_trial_error="raise",
    )
    for _ in range(TRIALS):
        optimizer.search(einsum.inputs, einsum.output, einsum.sizes)
        if len(costs.packed) > STEPS:
            break
    found = _legal(costs, trials)
    for trial in list(found.values()):
        trials.append(trial.subtree_reconfigure(subtree_size=subtree, **local))
        if len(costs.packed) > STEPS:
            break
    return tuple(_legal(costs, trials))


def _legal(costs: Costs, trials: Sequence[Any]) -> dict[Tree, Any]:
    """The different orders among trees of cotengra that have primitive steps only, cheapest
    first, and such a tree of each."""
    found = {_tree(trial.get_path(), trial.N): trial for trial in trials}
    cost = {tree: total for tree in found if (total := costs.total(tree)) is not None}
    return {tree: found[tree] for tree in sorted(cost, key=lambda tree: (cost[tree], str(tree)))}


def _einsum(costs: Costs) -> Einsum:
    from cotengra import get_symbol

    network = costs.network
    count = len(network.operands)
    own = [get_symbol(k) for k in range(count)]
    sizes = dict.fromkeys(own, 1)
    inputs = [[index] for index in own]
    output = list(own)
    apart = {bit for axis in network.axes for bit in axis.partial if bit}
    fresh = count
    for mode, carriers in enumerate(network.carriers):
        alone = bool(1 << mode in apart)
        groups = [1 << k for k in network.bits(carriers)] if alone else [carriers]
        for group in filter(None, groups):
            index, fresh = get_symbol(fresh), fresh + 1
            sizes[index] = costs.sizes[mode]
            for k in network.bits(group):
                inputs[k].append(index)
            if alone or network.kept >> mode & 1:
                output.append(index)
    bits = {index: 1 << k for k, index in enumerate(own)}
    return Einsum(tuple(map(tuple, inputs)), tuple(output), sizes, bits)


def _greedy(costs: Costs, einsum: Einsum) -> Any:
    """The method of one trial: a seeded, randomised greedy order as a tree with our costs."""
    from cotengra import ContractionTree
    from cotengrust import optimize_greedy

    class LatticeTree(ContractionTree):
        """A tree whose nodes cost what the network's steps cost."""

        def get_size(self, node: Any) -> int:
            return costs.elements(costs.legs(einsum.subset(self.get_legs(node))))

        def get_flops(self, node: Any) -> int:
            if self.is_leaf(node):
                return 0
            one, two = (einsum.subset(self.get_legs(part)) for part in self.children[node])
            step = costs.step(one, two)
            return FORBIDDEN if step is None else step.value

    def trial(
        inputs: Any, output: Any, size_dict: Any, seed: int, costmod: float, temperature: float
    ) -> Any:
        path = optimize_greedy(
            inputs, output, size_dict, costmod, temperature, seed=seed, simplify=False, use_ssa=True
        )
        return LatticeTree.from_path(inputs, output, size_dict, ssa_path=path)

    return trial


@dataclass(slots=True)
class Local:
    """The optimal order of a subtree, by the exact search; cotengra sets `cost_cap`, the cost of
    the order that the subtree has."""

    costs: Costs
    einsum: Einsum
    cost_cap: float = 0
    known: dict[tuple[int, ...], list[tuple[int, int]]] = field(default_factory=dict)

    def __call__(
        self, inputs: Sequence[Sequence[str]], output: object, sizes: object
    ) -> tuple[tuple[int, ...], ...]:
        parts = [self.einsum.subset(legs) for legs in inputs]
        key = tuple(sorted(parts))
        if key not in self.known:
            bound = Cost(int(self.cost_cap) + 1, 0) if self.cost_cap < FORBIDDEN else None
            best = exact.search(self.costs, key, bound)
            self.known[key] = exact.merges(best, sum(key)) if sum(key) in best else []
        return _path(parts, self.known[key]) or tuple((0, 1) for _ in parts[1:])


def _path(parts: Sequence[int], merges: Sequence[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """Pairs of subsets as pairs of places in a list from which they go and at whose end their
    product comes."""
    pending, path = list(parts), []
    for one, two in merges:
        first, second = sorted((pending.index(one), pending.index(two)))
        del pending[second], pending[first]
        pending.append(one | two)
        path.append((first, second))
    return tuple(path)


def _tree(path: Sequence[Sequence[int]], count: int) -> Tree:
    pending: list[Tree] = list(range(count))
    for step in path:
        first, second = sorted(step)
        two, one = pending.pop(second), pending.pop(first)
        pending.append((one, two))
    (tree,) = pending
    return tree
