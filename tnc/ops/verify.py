"""Is a graph well formed? Reuses each operation's own inference."""

from __future__ import annotations

from tnc.ir.graph import Graph, IllTyped, Value
from tnc.ops.contract import Contract


def verify_graph(graph: Graph) -> None:
    """Every operand was made before its user, every type is what its operation infers, and a mode
    has one size throughout. Errors: `IllTyped`, an error of the compiler."""
    sizes: dict[str, object] = {}
    for value in graph.values:
        _require(value, all(o.serial < value.serial for o in value.operands), "comes too early")
        inferred = value.op.infer([operand.type for operand in value.operands])
        _require(value, inferred == value.type, f"should be {inferred}")
        for mode in value.type.modes:
            known = sizes.setdefault(mode.name, mode.size)
            _require(value, known == mode.size, f"mode {mode} is {known} elsewhere")


def verify_planned(graph: Graph) -> None:
    """As `verify_graph`; and a contraction has at most two operands, a pattern one tap."""
    verify_graph(graph)
    for value in graph.values:
        if isinstance(value.op, Contract):
            _require(value, len(value.operands) <= 2, "is not a pairwise step")
            taps = [len(pattern.taps) for pattern in value.op.patterns]
            _require(value, taps == [1] * len(taps), "convolves several taps at once")


def _require(value: Value, condition: bool, problem: str) -> None:
    if not condition:
        raise IllTyped(f"{value!r} = {value.op} {problem}")
