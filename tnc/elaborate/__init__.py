"""From the tree to the graph: names, sizes, the roles of modes, and every diagnostic of a layer."""

from tnc.elaborate.checker import Checked, Checker, check
from tnc.elaborate.einsum import elaborate_einsum
from tnc.elaborate.files import Elaborator
from tnc.elaborate.offered import offered
from tnc.elaborate.outside import Chosen
from tnc.elaborate.parameters import Parameter, Settable, settable
from tnc.elaborate.questions import Measures
from tnc.elaborate.subjects import Shapes

__all__ = [
    "Checked",
    "Checker",
    "Chosen",
    "Elaborator",
    "Measures",
    "Parameter",
    "Settable",
    "Shapes",
    "check",
    "elaborate_einsum",
    "offered",
    "settable",
]
