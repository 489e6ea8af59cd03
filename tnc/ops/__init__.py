"""The operations of the graph, in one table."""

from tnc.ir.graph import Op
from tnc.ops.apply import Apply
from tnc.ops.border import Border
from tnc.ops.call import Call, Mask
from tnc.ops.contract import Contract, Pattern
from tnc.ops.leaf import Leaf
from tnc.ops.linear import Add, Rename, Scale

OPERATIONS: tuple[type[Op], ...] = (Leaf, Contract, Add, Scale, Rename, Border, Call, Mask, Apply)

__all__ = [
    "OPERATIONS",
    "Add",
    "Apply",
    "Border",
    "Call",
    "Contract",
    "Leaf",
    "Mask",
    "Op",
    "Pattern",
    "Rename",
    "Scale",
]
