"""From the tree to the graph: names, sizes, the roles of modes, and every diagnostic of a layer."""

from tnc.elaborate.einsum import elaborate_einsum
from tnc.elaborate.files import check, elaborate
from tnc.elaborate.parameters import Parameter, Settable, settable

__all__ = ["Parameter", "Settable", "check", "elaborate", "elaborate_einsum", "settable"]
