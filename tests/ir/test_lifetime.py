"""When values die."""

from __future__ import annotations

import pytest

from tests.emit.handmade import line
from tnc.ir.lifetime import deaths, viewed


@pytest.mark.parametrize(
    ("expression", "base"),
    [
        ("x", "x"),
        ("x.view(n, 3).mT", "x"),
        ("torch.permute(x, (1, 0)).unsqueeze(0)", "x"),
        ("x[:, None]", "x"),
        ("x.sum(1).view(3)", None),
        ("torch.mm(x, A).view(3)", None),
        ("x + y", None),
    ],
)
def test_views(expression: str, base: str | None) -> None:
    assert viewed(expression) == base


def test_what_is_deleted_and_when() -> None:
    lines = [
        line("u", "torch.mm(x, A)"),
        line("v", "u.view(n, 2)"),
        line("y", "torch.mm(v, B)"),
        line("a, b, _", "torch.f(y, z)"),
        line("c", "a * b"),
        line("d", "c + 1"),
    ]
    # u lives in its view v; y is kept; x, A, B belong to others; nothing after the last line
    assert deaths(lines, (), ("y", "d")) == ((), (), ("u", "v"), (), ("a", "b"), ())
    assert deaths(lines, ("x", "z"), ("y", "d")) == (("x",), (), ("u", "v"), ("z",), ("a", "b"), ())


def test_what_may_not_be_there_is_not_deleted() -> None:
    """`v` is there only if the first gradient is needed, and the last use is for the second."""
    lines = [
        line("u", "torch.mm(x, A)", needs=frozenset({0, 1})),
        line("v", "u.t()", needs=frozenset({0})),
        line("w", "u.mT", needs=frozenset({1})),
        line("p", "torch.mm(v, B)", needs=frozenset({0})),
        line("q", "torch.mm(w, B)", needs=frozenset({1})),
        line("r", "torch.mm(x, B)", needs=frozenset({1})),
    ]
    assert deaths(lines, (), ("p", "q", "r")) == ((), (), (), (), ("u", "w"), ())
