"""The order within each rank: few crossings, by sweeps of barycentres and by exchanging
neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tnc.draw.lattice import Block, Lattice

SWEEPS = 12
Neighbours = Mapping[str, Sequence[str]]


def arrange(lattice: Lattice) -> None:
    """Put the blocks of every rank into a good order."""
    near = lattice.neighbours()
    best, fewest = _copy(lattice), _crossings(lattice, near)
    for sweep in range(SWEEPS):
        ranks = range(len(lattice.blocks))
        for rank in ranks if sweep % 2 == 0 else reversed(ranks):
            _sort(lattice, rank, -1 if sweep % 2 == 0 else 1, near)
        _exchange(lattice, near)
        crossings = _crossings(lattice, near)
        if crossings < fewest:
            best, fewest = _copy(lattice), crossings
    lattice.blocks = best


def _copy(lattice: Lattice) -> list[list[Block]]:
    return [list(blocks) for blocks in lattice.blocks]


def _sort(lattice: Lattice, rank: int, side: int, near: Neighbours) -> None:
    """By the mean place of the neighbours on one side."""
    if not 0 <= rank + side < len(lattice.blocks):
        return
    place = {item: k for k, item in enumerate(lattice.items(rank + side))}
    own = {item: k for k, item in enumerate(lattice.items(rank))}
    scale = len(place) / max(len(own), 1)

    def mean(block: Block) -> float:
        places = [place[other] for item in block for other in near[item] if other in place]
        if places:
            return sum(places) / len(places)
        return sum(own[item] for item in block) / len(block) * scale

    blocks = lattice.blocks[rank]
    lattice.blocks[rank] = sorted([_turned(block, place, near) for block in blocks], key=mean)


def _turned(block: Block, place: Mapping[str, int], near: Neighbours) -> Block:
    """The block, or its reverse where fewer of its strands cross then."""
    if len(block) == 1:
        return block
    turned = block[::-1]
    return turned if _inner(turned, place, near) < _inner(block, place, near) else block


def _inner(block: Block, place: Mapping[str, int], near: Neighbours) -> int:
    pairs = [
        (k, place[other]) for k, item in enumerate(block) for other in near[item] if other in place
    ]
    return _crossed(pairs)


def _crossed(pairs: Sequence[tuple[int, int]]) -> int:
    return sum((a - c) * (b - d) < 0 for k, (a, b) in enumerate(pairs) for c, d in pairs[k + 1 :])


def _crossings(lattice: Lattice, near: Neighbours) -> int:
    total = 0
    for rank in range(len(lattice.blocks) - 1):
        place = {item: k for k, item in enumerate(lattice.items(rank + 1))}
        total += _inner(tuple(lattice.items(rank)), place, near)
    return total


def _exchange(lattice: Lattice, near: Neighbours) -> None:
    """Exchange neighbouring blocks as long as fewer strands cross."""
    for rank, blocks in enumerate(lattice.blocks):
        around = [
            {item: k for k, item in enumerate(lattice.items(other))}
            for other in (rank - 1, rank + 1)
            if 0 <= other < len(lattice.blocks)
        ]
        better = True
        while better:
            better = False
            for k in range(len(blocks) - 1):
                one, other = blocks[k], blocks[k + 1]
                before = sum(_inner(one + other, place, near) for place in around)
                after = sum(_inner(other + one, place, near) for place in around)
                if after < before:
                    blocks[k], blocks[k + 1] = other, one
                    better = True
