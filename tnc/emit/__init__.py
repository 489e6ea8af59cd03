"""From a program to the text of a Python module, and from the text to the module."""

from tnc.emit.module import Backward, emit

__all__ = ["Backward", "emit"]
