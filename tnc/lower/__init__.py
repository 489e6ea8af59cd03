"""From a planned graph to a program: which PyTorch calls, in which memory layouts."""

from tnc.lower.alike import share
from tnc.lower.fold import folded
from tnc.lower.lower import lower

__all__ = ["folded", "lower", "share"]
