"""The types of parameters."""

from __future__ import annotations

from tnc.elaborate.definitions import UNKNOWN, BuiltIn, Constant, Partial
from tnc.elaborate.values import is_integer, is_number
from tnc.syntax import tree

TYPES = frozenset({"int", "float", "bool", "str", "layer"})


def type_text(type: tree.TypeExpr | None) -> str:
    """The type as it is written; "" where none is."""
    match type:
        case tree.TypeName(text=text):
            return text
        case tree.TypeList(element=element):
            return f"[{type_text(element)}]"
        case _:
            return ""


def fits(value: Constant, type: tree.TypeExpr) -> bool:
    """Whether a value is of a type; an integer is a float, too."""
    if value is UNKNOWN:
        return False
    if isinstance(type, tree.TypeList):
        return isinstance(value, tuple) and all(
            item is UNKNOWN or fits(item, type.element) for item in value
        )
    match type.text:
        case "int":
            return is_integer(value)
        case "float":
            return is_number(value)
        case "bool":
            return isinstance(value, bool)
        case "layer":
            return isinstance(value, Partial | BuiltIn)
        case _:
            return isinstance(value, str)
