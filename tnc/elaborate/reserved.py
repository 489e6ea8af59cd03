"""Names that the language allows and a generated module cannot bear."""

from __future__ import annotations

import keyword
from typing import Literal

from tnc.diagnostics import Help, Report
from tnc.diagnostics.diagnostic import Edit
from tnc.syntax import tree
from tnc.syntax.grammar import KEYWORDS

What = Literal["layer", "parameter", "tensor"]

OWN = frozenset({"ShapeError", "Tensor", "math", "nn", "self", "torch"})
"""What a generated module calls by these names itself."""

BUILT_IN = frozenset({"getattr", "isinstance", "map", "max", "min", "super", "tuple", "ValueError"})
"""What its code calls of Python's own."""


def misused(name: tree.Name) -> bool:
    """Whether a keyword stands where a name should: the parser has said so."""
    return name.text in KEYWORDS and name.span.text == name.text


def refuse_reserved(name: tree.Name, what: What, report: Report) -> None:
    """Report a name that would make the module wrong or unreadable for Python."""
    if misused(name):
        return
    text = name.text
    free = f"{text.strip('_') or what}_"
    if keyword.iskeyword(text):
        why = "Python has this word for itself"
    elif text.startswith("_"):
        why = "names that begin with `_` belong to the generated module"
        free = text.strip("_") or what[0].upper()
    elif text in OWN or text in BUILT_IN:
        why = "the generated module uses this name itself"
    else:
        return
    help = Help(f"call it `{free}`", (Edit(name.span, free),))
    code = "E0005" if keyword.iskeyword(text) else "E0104"
    report.error(code, f"no {what} can be called `{text}`", name.span, why, help=(help,))
