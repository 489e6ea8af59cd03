"""Matrix products: which of `mm`, `bmm`, `mv`, `dot`, and in which orientation.

The rules were measured on a CPU; see the design notes on lowering. A contracted mode between free
ones, [pre | K | post], is a `bmm` with the other operand expanded where `post` is long, a copy and
one `mm` where it is short. Batched vectors stand on the left.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, pairwise, permutations, product

from tnc.ir.tensor import Mode
from tnc.lower.forms import Form, Order, ordered, solid
from tnc.lower.roles import Product, product_roles
from tnc.lower.ways import LAUNCH, Site, Way

LONG = 32
"""From this length on, `bmm` over the leading modes beats a copy and one `mm`."""

SHORT = 4
"""Below, each element of the large operand costs so many nanoseconds more than in a copy's `mm`."""

LONG_GRADIENT = 64
"""The same for a contraction over modes on both sides, summed after the `bmm`."""

MUCH = 8
"""So many times as large an operand is for the copy of the other one not to count."""

MOST_TURNED = 3
"""Of more free modes only the order is tried that they have."""

BLOCK, REST, NARROW = 16, 24, 12
"""Columns of a product; see `_work`."""

RATE = 30
"""Multiply-adds in a nanosecond."""

MATRICES = ((0, 1), (0, 1))
BATCHED = ((1, 2), (1, 2))


def product_ways(site: Site) -> list[Way]:
    """The ways of a product with contracted modes but for convolutions, the first the most
    usual."""
    roles = product_roles(site.value)
    found: dict[Way, None] = {}
    x, y = site.orders
    for batch in _both(roles.batch, x, y):
        for inner in _both(roles.contracted, x, y):
            for left, right in _free(site, roles):
                found.update(dict.fromkeys(_plain(site, batch, inner, left, right)))
    if not solid(roles.batch):
        found.update(dict.fromkeys(_middle(site, roles, 0)))
        found.update(dict.fromkeys(_middle(site, roles, 1)))
        found.update(dict.fromkeys(_divided(site, roles)))
    return list(found)


def _both(modes: frozenset[Mode], x: Order, y: Order) -> list[Order]:
    return list(dict.fromkeys((ordered(modes, x), ordered(modes, y))))


def _free(site: Site, roles: Product) -> list[tuple[Order, Order]]:
    """The orders of the free modes. Next to a large operand, a small one is copied for nothing:
    its modes stand in the result in whichever order the readers want. So do those of a kernel that
    is copied in any case."""
    x, y = site.orders
    left, right = ordered(roles.left, x), ordered(roles.right, y)
    found = {(left, right): None}
    if solid(roles.batch):
        return [*found]
    larger = site.measure(x) >= site.measure(y)
    lefts = _moved(site, left) if larger and _split(x, roles) else [left]
    rights = _moved(site, right) if not larger and _split(y, roles) else [right]
    if MUCH * site.measure(y) <= site.measure(x):
        rights = [right, *_turned(right)]
    elif MUCH * site.measure(x) <= site.measure(y):
        lefts = [left, *_turned(left)]
    found.update(dict.fromkeys(product(lefts, rights)))
    return list(found)


def _moved(site: Site, modes: Order) -> list[Order]:
    """Orders of the free modes of an operand that is copied: those that stand side by side in the
    result, too, stay together; two neighbours change places."""
    written = solid(site.value.type.modes)
    runs: list[Order] = []
    for mode in solid(modes):
        if runs and (runs[-1][-1], mode) in pairwise(written):
            runs[-1] = (*runs[-1], mode)
        else:
            runs.append((mode,))
    if len(runs) > MOST_TURNED:
        return [modes]
    swapped = [(*runs[:k], runs[k + 1], runs[k], *runs[k + 2 :]) for k in range(len(runs) - 1)]
    return [modes, *(tuple(chain.from_iterable(turn)) for turn in swapped)]


def _split(order: Order, roles: Product) -> bool:
    """Whether an operand of known size has contracted modes neither all in front of its free ones
    nor all behind them."""
    if any(mode.size.value is None for mode in order):
        return False
    contracted = [mode in roles.contracted for mode in solid(order)]
    return sum(one != other for one, other in pairwise(contracted)) > 1


def _turned(modes: Order) -> Iterator[Order]:
    if len(solid(modes)) <= MOST_TURNED:
        yield from permutations(solid(modes))


def _plain(site: Site, batch: Order, inner: Order, left: Order, right: Order) -> Iterator[Way]:
    lone_left, lone_right = not solid(left), not solid(right)
    if solid(batch):
        if not lone_right or lone_left:
            yield _bmm(site, batch, inner, left, right, swap=False)
        if not lone_left:
            yield _bmm(site, batch, inner, right, left, swap=True)
    elif lone_left and lone_right:
        yield Way((((*inner,),), ((*inner,),)), (Form.packed(),), "torch.dot({0}, {1})")
    elif lone_right:
        yield Way(((left, inner), (inner,)), (Form.packed(left),), "torch.mv({0}, {1})")
    elif lone_left:
        yield Way(((inner,), (right, inner)), (Form.packed(right),), "torch.mv({1}, {0})")
    else:
        yield Way(
            ((left, inner), (inner, right)),
            (Form.packed(left, right),),
            "torch.mm({0}, {1})",
            inner=MATRICES,
            cost=LAUNCH + _work(site, (*left, *inner), right),
        )
        yield Way(
            ((inner, left), (right, inner)),
            (Form.packed(right, left),),
            "torch.mm({1}, {0})",
            inner=MATRICES,
            cost=LAUNCH + _work(site, (*right, *inner), left),
        )


def _work(site: Site, others: Order, columns: Order) -> int:
    """Nanoseconds of a product, by how many columns its result has: kernels make `BLOCK` of them
    at once, and what is left of a block takes longer than a whole one. With 4 to 10 columns 3 to 6
    multiply-adds are done in a nanosecond, with 13 or 27 up to 20, with 16, 32 or 64 about 30."""
    blocks, rest = divmod(site.measure(columns), BLOCK)
    width = BLOCK * blocks + (REST if rest else 0)
    width *= 2 if not blocks and rest < NARROW else 1
    return width * site.measure(others) // RATE


def _bmm(site: Site, batch: Order, inner: Order, rows: Order, columns: Order, swap: bool) -> Way:
    wants = ((batch, rows, inner), (batch, inner, columns))
    return Way(
        wants[::-1] if swap else wants,
        (Form.packed(batch, rows, columns),),
        "torch.bmm({1}, {0})" if swap else "torch.bmm({0}, {1})",
        inner=BATCHED,
        cost=LAUNCH + 1000 + _work(site, (*batch, *rows, *inner), columns),
    )


def _middle(site: Site, roles: Product, k: int) -> Iterator[Way]:
    """Operand `k` is [pre | K | post]: the other one is repeated along `pre`."""
    free, other = (roles.left, roles.right) if k == 0 else (roles.right, roles.left)
    order = solid(site.orders[k])
    inner = ordered(solid(roles.contracted), order)
    if not inner or not solid(other):
        return
    first = order.index(inner[0])
    pre = tuple(mode for mode in order[:first] if mode in free)
    post = tuple(mode for mode in order[first:] if mode in free)
    if not pre or not post:
        return
    slow = SHORT * site.measure(order) if site.measure(post) < LONG else 0
    weight, signal = ("{1}", "{0}") if k == 0 else ("{0}", "{1}")
    for free_modes in _free(site, roles):
        rows = free_modes[1 - k]
        wants = ((pre, inner, post), (rows, inner))
        yield Way(
            wants if k == 0 else wants[::-1],
            (Form.packed(pre, rows, post),),
            f"torch.bmm({weight}.expand({{2}}, -1, -1), {signal})",
            (pre,),
            inner=((1, 2), (0, 1)) if k == 0 else ((0, 1), (1, 2)),
            cost=LAUNCH + 1000 + _work(site, (*pre, *rows, *inner), post) + slow,
        )


def _divided(site: Site, roles: Product) -> Iterator[Way]:
    """Contracted modes on both sides of the free ones, as in the gradient of a weight: a `bmm`
    over the leading ones, then a sum."""
    order = solid(site.orders[0])
    free = [k for k, mode in enumerate(order) if mode in roles.left]
    if not free or not solid(roles.right):
        return
    pre = tuple(mode for mode in order[: free[0]] if mode in roles.contracted)
    post = tuple(mode for mode in order[free[0] :] if mode in roles.contracted)
    if not pre or not post:
        return
    left, right = ordered(roles.left, order), ordered(roles.right, site.orders[1])
    short = site.measure(post) < LONG_GRADIENT
    cost = 2 * LAUNCH + 2 * site.measure((*pre, *left, *right))
    cost += 2 * site.measure(order) if short else 0
    for rows, columns, swap in ((left, right, False), (right, left, True)):
        wants = ((pre, rows, post), (pre, post, columns))
        yield Way(
            wants[::-1] if swap else wants,
            (Form.packed(rows, columns),),
            "torch.bmm({1}, {0}).sum(0)" if swap else "torch.bmm({0}, {1}).sum(0)",
            inner=BATCHED,
            cost=cost + _work(site, (*pre, *post, *rows), columns),
        )
