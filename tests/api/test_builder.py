"""The builder makes the tree that the parser makes, and modules that compute the same."""

import pytest
import torch

import tnc
from tests.programs import CP_CONV
from tnc.diagnostics import Report, Source
from tnc.syntax import tree
from tnc.syntax.parse import parse


def cp_conv() -> tnc.layer:
    with tnc.layer("CPConv", S=int, T=int, R=16, k=3, stride=1) as L:
        n, h, w = L.modes("n h w")
        s, t, r, i, j = L.modes("s t r i j", L.S, L.T, L.R, L.k, L.k)
        h2 = L.conv(h, i, stride=L.stride, pad="same")
        w2 = L.conv(w, j, stride=L.stride, pad="same")
        x = L.input("x", n, s, h, w)
        A, B = L.weight("A", r, s), L.weight("B", r, t)
        C, D = L.weight("C", r, i), L.weight("D", r, j)
        L.output("y", (n, t, h2, w2), x * A * B * C * D)
    return L


def parsed(text: str) -> tree.File:
    report = Report()
    file = parse(Source("built.tnn", text), report)
    assert report.diagnostics == ()
    return file


def test_source_parses_to_the_same_tree() -> None:
    L = cp_conv()
    assert parsed(L.source()) == L.tree()


def test_every_construct_parses_to_the_same_tree() -> None:
    with tnc.layer("All", S=[2, 3], act=True, eps=1e-5, d=list, name="x") as L:
        L.require(L.call("len", L.S) >= 1, 'say "why"\n')
        n, u = L.modes("n u")
        a, b = L.modes("a b", 2 * L.call("size", u), (L.eps + 1) * 3 // 2 - L.call("len", L.d))
        x = L.input("x", n, (a, b))
        v = L.buffer("v", a)
        w = L.weight("w", a, b, init=L.call("normal", std=0.1))
        bias = L.weight("bias", b, init="zeros")
        z = L.let("z", (n, b), -(x * w) / 3 + bias * (2 - L.eps) / v[a])
        L.let("p", None, L.call("softmax", z, over=b))
        c = L.mode("c")
        c2 = L.conv(c, a, b, pad=(1, 2), dilation=(1, 2), flip=True, name="q'")
        L.output("y", (n, ..., c2), (x + z)[n, c] * w * w)
    assert parsed(L.source()) == L.tree()


def test_built_layer_computes_what_the_text_computes(tmp_path: pytest.TempPathFactory) -> None:
    ours = cp_conv()(S=3, T=5, R=2)
    theirs = tnc.load(source=CP_CONV).CPConv(S=3, T=5, R=2)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 3, 7, 6)
    torch.testing.assert_close(ours(x), theirs(x))


def test_wrong_values_are_refused_where_they_are_written() -> None:
    with tnc.layer("Bad") as L:
        n, m = L.modes("n m")
        x = L.input("x", n)
        with pytest.raises(TypeError, match="has no meaning in a layer"):
            L.output("y", (n,), x * object())
        with pytest.raises(TypeError, match="is not a mode"):
            L.conv(n * m, m)
        with pytest.raises(TypeError, match="2 modes but 1 sizes"):
            L.modes("a b", 3)
        with pytest.raises(AttributeError, match="no parameter 'S'"):
            _ = L.S
    with pytest.raises(TypeError, match="no type and no value"):
        tnc.layer("Bad", S=object())


def wrong() -> tnc.layer:
    with tnc.layer("Wrong", S=int) as L:
        n, s = L.modes("n s")
        x = L.input("x", n, s)
        L.weight("ä", s, init="zeros"); L.output("y", (n,), x)  # fmt: skip  # noqa: E702
    return L


def test_errors_point_at_the_calls() -> None:
    with pytest.raises(tnc.CompileError) as caught:
        wrong().compile(set={"S": 2})
    found = {each.code: each for each in caught.value.diagnostics}
    assert list(found) == ["W0102", "E0304", "W0101", "E0202"]
    assert found["W0102"].span.text == 'tnc.layer("Wrong", S=int)'
    assert found["E0304"].span.text == 'L.weight("ä", s, init="zeros")'
    assert found["E0202"].span.text == 'L.output("y", (n,), x)'
    assert found["E0202"].span.file.endswith("test_builder.py")
    first = wrong.__code__.co_firstlineno
    assert [each.span.line - first for each in found.values()] == [1, 4, 4, 4]
    assert found["E0202"].labels[0].text == (
        "only this factor carries `s`; and the result does not keep it"
    )
    assert found["E0202"].notes == ("this writes `output y[n] = x`",)
    assert [each.edits for each in found["E0202"].help] == [()]
    assert 'L.weight("ä", s, init="zeros"); L.output' in str(caught.value)


def test_warnings_point_at_the_calls() -> None:
    with tnc.layer("Fine") as L:
        n = L.mode("n")
        x = L.input("x", n)
        L.buffer("unused",
                 L.mode("s", 3))  # fmt: skip
        L.output("y", (n,), x)
    (said,) = L.compile().diagnostics
    assert (said.code, said.span.text.split()) == (
        "W0101",
        ['L.buffer("unused",', 'L.mode("s",', "3))"],
    )


def test_a_call_whose_text_nobody_has_is_told_by_its_line() -> None:
    names = {"tnc": tnc}
    exec("with tnc.layer('L') as L:\n n = L.mode('n')\n L.output('y', (n, 'q'), n)", names)
    with pytest.raises(tnc.CompileError) as caught:
        names["L"].compile()  # type: ignore[attr-defined]
    assert {(each.span.file, each.span.line) for each in caught.value.diagnostics} == {
        ("<string>", 3)
    }
    assert str(caught.value).count("<string>:3:1") >= 1
