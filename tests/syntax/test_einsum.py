"""Equations of `tnc.einsum`."""

from __future__ import annotations

import pytest

from tests.syntax.reading import einsum
from tnc.diagnostics import NOWHERE
from tnc.syntax import tree

Axes = tuple[tree.Name | tree.Ellipsis, ...]


def shown(axes: Axes) -> str:
    return " ".join(each.text if isinstance(each, tree.Name) else "..." for each in axes)


def terms(text: str) -> tuple[list[str], str]:
    """Operands and result, modes separated by blanks."""
    equation, said = einsum(text)
    assert said == ()
    return [shown(each) for each in equation.operands], shown(equation.result)


def relations(text: str) -> list[tuple[list[str], dict[str, tree.Expr]]]:
    """Each group of relations with its options."""
    equation, said = einsum(text)
    assert said == ()
    return [
        (
            [each.span.text for each in conv.relations],
            {each.name.text: each.value for each in conv.options if isinstance(each, tree.Argument)
             and each.name},
        )
        for conv in equation.relations
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "operands", "result"),
    [
        ("ab,bc->ac", ["a b", "b c"], "a c"),
        ("ab, bc -> ac", ["a b", "b c"], "a c"),  # no blank within an operand: letters
        ("a b, b c -> a c", ["a b", "b c"], "a c"),
        ("batch in, in out -> batch out", ["batch in", "in out"], "batch out"),
        ("ab c, c -> ab", ["ab c", "c"], "ab"),  # one blank is enough: words
        ("ab, bc -> a c", ["ab", "bc"], "a c"),
        ("x1,x2->x1", ["x1", "x2"], "x1"),  # a digit too
        ("x_y,x_y->", ["x_y", "x_y"], ""),
        ("if,fo->io", ["i f", "f o"], "i o"),  # keywords are letters
        ("mode let, let -> mode", ["mode let", "let"], "mode"),
        ("ii->i", ["i i"], "i"),
        (",ab->ab", ["", "a b"], "a b"),
        ("ab,->ab", ["a b", ""], "a b"),
        ("->", [""], ""),
        ("", [""], ""),
        ("...ij,...jk->...ik", ["... i j", "... j k"], "... i k"),
        ("... i j, j -> ... i", ["... i j", "j"], "... i"),
        ("αβ,βγ->αγ", ["α β", "β γ"], "α γ"),
        ("nh'w',h'->nw'", ["n h' w'", "h'"], "n w'"),
    ],
)
def test_terms(text: str, operands: list[str], result: str) -> None:
    assert terms(text) == (operands, result)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("ab,bc", "a c"),
        ("ba", "a b"),  # a transposition, as in numpy
        ("ii", ""),
        ("...ab,bc", "... a c"),
        ("time freq, freq chan", "chan time"),
    ],
)
def test_without_an_arrow_the_result_is_that_of_numpy(text: str, result: str) -> None:
    assert terms(text)[1] == result


def test_letters_stand_where_they_are_written() -> None:
    equation, _ = einsum("ab,bc->ac")
    axes = [axis for term in (*equation.operands, equation.result) for axis in term]
    assert [axis.span.column for axis in axes] == [1, 2, 4, 5, 8, 9]
    assert all(axis.span.text == axis.text for axis in axes if isinstance(axis, tree.Name))


def test_relations_share_the_options_after_them() -> None:
    text = "n s h w, r s, r i, r j, r t -> n t h' w' | h' = h*i, w' = w*j; pad=same, stride=2"
    options = {"pad": tree.Name(NOWHERE, "same"), "stride": tree.Int(NOWHERE, 2)}
    assert relations(text) == [(["h' = h*i", "w' = w*j"], options)]


@pytest.mark.parametrize("comma", [",", " ", ";"])
def test_a_relation_after_options_begins_a_new_group(comma: str) -> None:
    text = f"nhw,i,j->nh'w' | h' = h*i; pad=(1, 2){comma} flip=true, w' = w*j*i; border=reflect"
    pad = tree.Group(NOWHERE, (tree.Int(NOWHERE, 1), tree.Int(NOWHERE, 2)))
    assert relations(text) == [
        (["h' = h*i"], {"pad": pad, "flip": tree.Bool(NOWHERE, True)}),
        (["w' = w*j*i"], {"border": tree.Name(NOWHERE, "reflect")}),
    ]


def test_a_relation_has_the_shape_of_a_statement() -> None:
    equation, _ = einsum("h i j -> g | g = h * i * j")
    (conv,) = equation.relations
    (relation,) = conv.relations
    assert [relation.result.name.text, relation.signal.name.text] == ["g", "h"]
    assert [tap.name.text for tap in relation.taps] == ["i", "j"]
    assert (relation.binder, conv.options) == (None, ())
    assert conv.span.text == "g = h * i * j"


def test_a_longer_name_in_a_relation_means_words() -> None:
    assert terms("width,tap->out | out = width * tap") == (["width", "tap"], "out")
    assert terms("wt->o | o = w * t") == (["w t"], "o")


@pytest.mark.parametrize(
    ("text", "code", "column"),
    [
        ("a$b->a", "E0001", 2),
        ("a b -> a -> b", "E0002", 10),
        ("a b -> a |", "E0002", 11),
        ("a b -> a | pad=same", "E0002", 20),  # an option of nothing
        ("a b | a = a * b", "E0002", 7),  # what is kept must be said
        ("a (b) -> a", "E0002", 3),
        ("a b -> a | a = a * b; pad=" + "(" * 5000, "E0002", None),
    ],
)
def test_mistakes(text: str, code: str, column: int | None) -> None:
    _, (first, *_) = einsum(text)
    assert first.code == code
    assert column in (None, first.span.column)
