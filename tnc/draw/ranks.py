"""How far each node is from where a diagram begins. Labels of edges stand in odd ranks."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from tnc.draw.diagram import Diagram, Edge


def ranked(diagram: Diagram) -> dict[str, int]:
    """The rank of every node, from 0 on."""
    directed = any(edge.directed for edge in diagram.edges)
    return _along(diagram) if directed or diagram.flow == "down" else _around(diagram)


def _around(diagram: Diagram) -> dict[str, int]:
    """The distance from the inputs: two for an edge with a label, one from a tensor to a dot."""
    near: dict[str, list[tuple[str, int]]] = {node.name: [] for node in diagram.nodes}
    for edge in diagram.edges:
        near[edge.source].append((edge.target, _length(edge)))
        near[edge.target].append((edge.source, _length(edge)))
    order = {node.name: k for k, node in enumerate(diagram.nodes)}
    first = [node.name for node in diagram.nodes if node.kind in {"input", "value"}]
    found: dict[str, int] = {}
    for start in [*first[:1], *order]:  # what hangs together with nothing before starts anew
        if start in found:
            continue
        pending = [(0, order[start], start)]
        while pending:
            far, _, name = heapq.heappop(pending)
            if found.setdefault(name, far) == far:
                for other, length in near[name]:
                    if other not in found:
                        heapq.heappush(pending, (far + length, order[other], other))
    return found


def _length(edge: Edge) -> int:
    return 2 if edge.label else 1


def _along(diagram: Diagram) -> dict[str, int]:
    """The longest way from where nothing comes in; what takes nothing stands right before what
    takes it."""
    names = [node.name for node in diagram.nodes]
    into: dict[str, list[str]] = {name: [] for name in names}
    outof: dict[str, list[str]] = {name: [] for name in names}
    for edge in diagram.edges:
        into[edge.target].append(edge.source)
        outof[edge.source].append(edge.target)
    found: dict[str, int] = {}
    for name in _sorted(names, into, outof):
        found[name] = max((found[other] + 2 for other in into[name]), default=0)
    entered = {each.node for each in diagram.dangling if each.side == "in"}
    for name in names:
        if outof[name] and not into[name] and name not in entered:
            found[name] = min(found[other] for other in outof[name]) - 2
    least = min(found.values(), default=0)
    return {name: rank - least for name, rank in found.items()}


def _sorted(
    names: Sequence[str], into: dict[str, list[str]], outof: dict[str, list[str]]
) -> list[str]:
    """What gives before what takes."""
    waiting = {name: len(into[name]) for name in names}
    ready = [name for name in names if not waiting[name]]
    done = []
    while ready:
        name = ready.pop(0)
        done.append(name)
        for other in outof[name]:
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    return done
