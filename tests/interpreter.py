"""Evaluates a graph by the definition of each operation, with dense index patterns, in torch.

Shares no rule with the compiler: patterns are written out element by element, contractions are
one `torch.einsum` over integer labels.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from tnc.ir.graph import Value, reachable
from tnc.ops import Add, Border, Contract, Leaf, Pattern, Rename, Scale

Binding = Mapping[str, int]


def evaluate(value: Value, leaves: Mapping[Value, Tensor], binding: Binding) -> Tensor:
    """The value, its axes in the order of its type."""
    known = dict(leaves)
    for each in reachable([value], stop=frozenset(leaves)):
        if each not in known:
            known[each] = _apply(each, [known[operand] for operand in each.operands], binding)
    return known[value]


def _apply(value: Value, operands: list[Tensor], binding: Binding) -> Tensor:
    match value.op:
        case Contract():
            return contract(value, operands, binding)
        case Add(modes=modes):
            spread = [
                _spread(operand, source.type.names, [mode.name for mode in modes])
                for operand, source in zip(operands, value.operands, strict=True)
            ]
            total = spread[0]
            for each in spread[1:]:
                total = total + each
            shape = [mode.size.evaluate(binding) for mode in modes]
            return total.expand(shape)
        case Scale(factor=factor):
            return operands[0] * factor.evaluate(binding)
        case Rename():
            return operands[0]
        case Border():
            return _border(value, operands[0], binding)
        case Leaf():
            raise KeyError(f"no tensor is given for {value}")
        case op:
            raise TypeError(f"no definition of {op}")


def contract(value: Value, operands: list[Tensor], binding: Binding) -> Tensor:
    """The contraction with its patterns written out as 0/1 tensors."""
    assert isinstance(value.op, Contract)
    labels: dict[str, int] = {}
    arguments: list[object] = []
    for operand, tensor in zip(value.operands, operands, strict=True):
        arguments += [tensor, [labels.setdefault(n, len(labels)) for n in operand.type.names]]
    for pattern in value.op.patterns:
        legs = [labels.setdefault(leg.name, len(labels)) for leg in pattern.legs]
        arguments += [dense(pattern, binding), legs]
    missing = [mode for mode in value.op.keep if mode.name not in labels]
    for mode in missing:
        ones = torch.ones(mode.size.evaluate(binding), dtype=torch.float64)
        arguments += [ones, [labels.setdefault(mode.name, len(labels))]]
    return torch.einsum(*arguments, [labels[mode.name] for mode in value.op.keep])


def dense(pattern: Pattern, binding: Binding) -> Tensor:
    """P[p, i, a_1 …], element by element."""
    sizes = [leg.size.evaluate(binding) for leg in pattern.legs]
    left = pattern.left.evaluate(binding)
    result = torch.zeros(sizes, dtype=torch.float64)
    for index in torch.cartesian_prod(*[torch.arange(size) for size in sizes[1:]]).tolist():
        i, *taps = index if isinstance(index, list) else [index]
        if pattern.flip:
            read = [size - 1 - tap for size, tap in zip(sizes[2:], taps, strict=True)]
        else:
            read = taps
        p = pattern.stride * i - left
        p += sum(d * tap for d, tap in zip(pattern.dilations, read, strict=True))
        if pattern.circular:
            p %= sizes[0]
        if 0 <= p < sizes[0]:
            result[(p, i, *taps)] = 1
    return result


def _spread(tensor: Tensor, names: tuple[str, ...], wanted: list[str]) -> Tensor:
    present = [name for name in wanted if name in names]
    tensor = tensor.permute([names.index(name) for name in present])
    for axis, name in enumerate(wanted):
        if name not in names:
            tensor = tensor.unsqueeze(axis)
    return tensor


def _border(value: Value, tensor: Tensor, binding: Binding) -> Tensor:
    op = value.op
    assert isinstance(op, Border)
    inner, outer = op.mode.size.evaluate(binding), op.padded.size.evaluate(binding)
    left = op.left.evaluate(binding)
    copy = torch.zeros(outer, inner, dtype=tensor.dtype)
    for u in range(outer):
        at = u - left
        if op.kind == "replicate":
            at = min(max(at, 0), inner - 1)
        else:
            at = -at if at < 0 else at
            at = 2 * (inner - 1) - at if at > inner - 1 else at
        copy[u, at] = 1
    axis = value.operands[0].type.modes.index(op.padded if op.adjoint else op.mode)
    matrix = copy.T if op.adjoint else copy
    return torch.movedim(torch.movedim(tensor, axis, -1) @ matrix.T, -1, axis)
