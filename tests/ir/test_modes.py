"""Modes: equal ones are one object."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from dataclasses import replace

from tnc.ir.size import Size
from tnc.ir.tensor import Mode


def test_equal_modes_are_one_object() -> None:
    n = Size.symbol("n")
    assert Mode("n", n + 1) is Mode("n", Size.symbol("n") + 1)
    assert Mode("n", n) is not Mode("m", n)
    assert Mode("n", n) is not Mode("n", n + 1)


def test_copies_are_the_mode_itself() -> None:
    mode = Mode("s", Size.of(3))
    assert copy.copy(mode) is mode
    assert copy.deepcopy(mode) is mode
    assert pickle.loads(pickle.dumps(mode)) is mode
    assert replace(mode, name="t") is Mode("t", Size.of(3))


def test_a_mode_that_nobody_has_is_forgotten() -> None:
    seen = weakref.ref(Mode("forgotten", Size.of(7)))
    gc.collect()
    assert seen() is None
