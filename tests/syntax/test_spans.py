"""Every node knows where it is written: its text, read again, gives the same node."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from tests.syntax.reading import PROGRAMS, body, clean, expression
from tnc.diagnostics import Span
from tnc.syntax import tree

NOT_ALONE = tree.Repeat  # an expression only after `|>`


def read_again(node: tree.Node) -> tree.Node | None:
    """The node that the text of `node` gives by itself; None if it cannot stand by itself."""
    text = node.span.text
    if isinstance(node, NOT_ALONE):
        return None
    if isinstance(node, tree.Let | tree.Layer | tree.Extern | tree.Import | tree.FromImport):
        return clean(f"tnn 1\n{text}").items[0]
    if isinstance(node, get_args(tree.Statement)):
        return body(text)[0]
    if isinstance(node, get_args(tree.Expr)):
        return expression(text)
    if isinstance(node, tree.TensorDecl):
        return body(f"input {text}")[0].declarations[0]  # type: ignore[union-attr]
    if isinstance(node, tree.ModeDecl):
        return body(f"mode {text}")[0].declarations[0]  # type: ignore[union-attr]
    if isinstance(node, tree.Relation):
        return body(f"conv {text}")[0].relations[0]  # type: ignore[union-attr]
    if isinstance(node, tree.Target):
        return body(f"output {text} = 1")[0].target  # type: ignore[union-attr]
    if isinstance(node, tree.ModeList):
        return body(f"input x{text}")[0].declarations[0].modes  # type: ignore[union-attr]
    if isinstance(node, tree.Argument | tree.Generator):
        return expression(f"f({text})").arguments[0]  # type: ignore[union-attr]
    if isinstance(node, tree.Binder):
        return expression(f"[x for {text}]").binder  # type: ignore[union-attr]
    return None


def without_doc(node: tree.Node) -> tree.Node:
    """Documentation stands before the span of what it documents."""
    documented = isinstance(node, tree.Let | tree.Layer | tree.Extern | tree.Tensors)
    return replace(node, doc=None) if documented else node


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_the_text_of_a_span_gives_the_node(path: Path) -> None:
    file = clean(path.read_text(encoding="utf-8"))
    read = 0
    for node in tree.walk(file):
        again = read_again(node)
        if again is not None:
            assert again == without_doc(node), node.span.text
            read += 1
    assert read > 50


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_a_node_holds_its_children(path: Path) -> None:
    for node in tree.walk(clean(path.read_text(encoding="utf-8"))):
        assert node.span.text == node.span.text.strip() or isinstance(node, tree.File)
        for child in tree.children(node):
            assert node.span.start <= child.span.start <= child.span.end <= node.span.end


def test_names_stand_where_they_are_written() -> None:
    text = "tnn 1\nlayer L(S: int = 3) {\n  mode s: S\n  weight(init: zeros) A[s]\n}\n"
    names = [each for each in tree.walk(clean(text)) if isinstance(each, tree.Name)]
    assert [each.text for each in names] == [each.span.text for each in names]
    found: list[tuple[str, Span]] = [(each.text, each.span) for each in names]
    assert [(text, span.line, span.column) for text, span in found] == [
        ("L", 2, 7), ("S", 2, 9), ("s", 3, 8), ("S", 3, 11),
        ("init", 4, 10), ("zeros", 4, 16), ("A", 4, 23), ("s", 4, 25),
    ]  # fmt: skip


def test_the_span_of_modes_has_their_brackets() -> None:
    (tensors,) = body("weight A[r, s]")
    assert isinstance(tensors, tree.Tensors)
    assert tensors.declarations[0].modes.span.text == "[r, s]"
    assert tensors.declarations[0].span.text == "A[r, s]"
    assert tensors.span.text == "weight A[r, s]"
