"""The built-in names of the language, gathered from the tables that give them their meaning."""

from __future__ import annotations

from collections.abc import Mapping

from tnc.elaborate import evaluate, foreign, initial, relations, tensors
from tnc.elaborate.calls import ALIASES, MEANS, TENSOR_FUNCTIONS
from tnc.elaborate.subjects import FORMS
from tnc.elaborate.types import TYPES
from tnc.elaborate.windows import BORDERS, PADS
from tnc.ops.call import FUNCTIONS

_OVER = frozenset({"over"})

OPTIONS: Mapping[str, frozenset[str]] = {
    "conv": relations.OPTIONS,
    "weight": tensors.OPTIONS,
    "buffer": tensors.OPTIONS,
    "extern": foreign.OPTIONS,
    "close": frozenset({"tol"}),
    **initial.SETTINGS,
    **dict.fromkeys(("sum", *MEANS, *ALIASES), _OVER),
    **{
        name: _OVER if each.kind != "pointwise" else frozenset(key for key, _ in each.options)
        for name, each in FUNCTIONS.items()
        if name in TENSOR_FUNCTIONS
    },
}
"""What can be given by name in the parentheses after a statement's keyword or a function."""


def built_in() -> dict[str, frozenset[str]]:
    """The names that are not reserved and have a meaning in places, by what they are."""
    return {
        "type": TYPES,
        "option": frozenset().union(*OPTIONS.values()),
        "pad": PADS,
        "border": BORDERS,
        "init": frozenset({*initial.WORDS, *initial.SETTINGS}),
        "kind": foreign.KINDS,
        "function of tensors": TENSOR_FUNCTIONS,
        "function of values": evaluate.FUNCTIONS,
        "question of a test": frozenset(FORMS),
    }
