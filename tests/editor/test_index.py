"""Every name of every text is found, and stands for what the compiler takes it for."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from tests.editor.texts import PATHS, name
from tnc.diagnostics import Report, Source
from tnc.editor.completion import completions
from tnc.editor.desk import Desk
from tnc.editor.hover import hover
from tnc.editor.symbols import Index, Kind
from tnc.editor.words import Group, named
from tnc.syntax.lexing import lex


def indexed(text: str) -> Index:
    return Desk().put(Path("a.tnn").resolve(), text).indexed()


def meanings(text: str) -> list[tuple[str, str, str]]:
    """Each name with its kind, and the line in which it is declared."""
    lines = text.splitlines()
    return [
        (each.span.text, each.symbol.kind.value, lines[each.symbol.span.line - 1].strip())
        for each in indexed(text).occurrences
    ]


@pytest.mark.parametrize("path", PATHS, ids=name)
def test_every_name_has_a_meaning(path: Path) -> None:
    """What is no symbol is a word of the language, or a name of Python's after an extern's `=`."""
    text = path.read_text(encoding="utf-8")
    index = Desk().put(path.resolve(), text).indexed()
    found = {(each.span.start, each.span.end) for each in index.occurrences}
    assert len(found) == len(index.occurrences)
    assert all(each.span.text == each.symbol.name for each in index.occurrences)
    for token in lex(Source(path.name, text), Report()).tokens:
        if token.type == "NAME" and (token.start, token.end) not in found:
            line = text[: token.start].rpartition("\n")[2]
            of_python = "torch" in line + token or "modules" in line + token
            in_path = line.startswith(("import ", "from "))
            assert named(token) or of_python or in_path or token in {"init", "padding"}, token


@pytest.mark.parametrize("path", PATHS, ids=name)
def test_what_is_declared_is_declared_once(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    symbols = Desk().put(path.resolve(), text).indexed().symbols
    assert len({each.place for each in symbols}) == len(symbols)


def test_modes_and_values_of_one_name_are_apart() -> None:
    text = "tnn 1\nlayer L(n: int) {\n  mode n: n\n  input x[n]\n  output y[n] = x * n\n}\n"
    found = [(kind, line) for word, kind, line in meanings(text) if word == "n"]
    mode, parameter = ("mode", "mode n: n"), ("parameter", "layer L(n: int) {")
    assert found == [parameter, mode, parameter, mode, mode, parameter]


def test_indices_are_known_where_they_are_bound() -> None:
    text = """\
tnn 1
layer L(i: int, S: [int]) {
  mode s[i in 1..len(S)]: S[i], q: i
  input x[(s...), q]
  weight G[k in 1..3][s[k]]
  output y[q] = sum(x * G[i] for i in 1..3) * i
}
"""
    found = [(kind, line) for word, kind, line in meanings(text) if word == "i"]
    outer = ("parameter", "layer L(i: int, S: [int]) {")
    first = ("index", "mode s[i in 1..len(S)]: S[i], q: i")
    second = ("index", "output y[q] = sum(x * G[i] for i in 1..3) * i")
    assert found == [outer, first, first, outer, second, second, outer]


def test_brackets_after_a_name() -> None:
    """Modes after a tensor, an index after a family, and then modes."""
    text = """\
tnn 1
layer L(a: [int], b: int) {
  mode a: 2, b: 3
  input x[a, b]
  weight W[i in 1..2][a, b]
  let v = a[b]
  output y[a, b] = x[a, b] * W[b][a, b] + mask(x, a >= b) + softmax(x, over: [a, b])
}
"""
    kinds = [kind for word, kind, _ in meanings(text) if word in {"a", "b"}]
    mode, number = "mode", "parameter"
    assert kinds == [
        *(number, number, mode, mode, mode, mode, mode, mode),  # declarations
        *(number, number),  # a[b]
        *(mode, mode, mode, mode, number, mode, mode),  # y[a, b] = x[a, b] * W[b][a, b]
        *(mode, mode, mode, mode),
    ]


def test_parameters_by_name() -> None:
    text = """\
tnn 1
layer A(k: int) { mode n: k
  input x[n]
  output y[n] = x }
let B = A(k: 3)
layer C(k: int, D: layer = B) { mode n: k
  input x[n]
  let e = A(k: k)
  output y = x |> e |> D(k: 4) |> A(k: 5) }
"""
    index = indexed(text)
    found = [each for each in index.occurrences if each.span.text == "k"]
    owner = ["A" if each.symbol.span.line == 2 else "C" for each in found]
    assert owner == list("AAACCACAA")
    assert [each.certain for each in found] == [*[True] * 7, False, True]


def test_imports() -> None:
    text = """\
tnn 1
from std.nn import Linear as Dense, relu, Embedding
import std.dense as d
let a = Dense(3)
let b = d.Linear(T: 4)
let c = Embedding(E: 5)
"""
    found = {each.span.text: each.symbol for each in indexed(text).occurrences}
    assert found["Dense"].kind is Kind.ALIAS
    assert found["Dense"].called is found["a"].called
    assert "relu" not in found
    assert found["d"].kind is Kind.FILE
    assert (
        found["T"].span.source.name == "std/nn.tnn"
    )  # of which `std.dense` makes its own by a `let`
    assert found["Embedding"].kind is Kind.EXTERN
    assert found["E"].kind is Kind.PARAMETER


@pytest.mark.parametrize(
    "text",
    [
        "let a = a(1)\n",
        "let a = b(1)\nlet b = a(1)\nlet c = b(k: 1)\n",
        "layer L(a: layer = a) { let b = b(a(q: 1)) }\n",
        "layer L { mode n[ }",
        "layer L { let x = y |> \n",
        "import .a as a\nlet b = a.b.c(d: 1)\n",
        "",
    ],
)
def test_texts_that_make_no_sense(text: str) -> None:
    index = indexed(text)
    assert all(each.span.text == each.symbol.name for each in index.occurrences)


def test_texts_of_the_past_are_forgotten(tmp_path: Path) -> None:
    """Whoever writes for a day has had thousands of texts."""
    imported, other, desk = tmp_path / "a.tnn", tmp_path / "b.tnn", Desk()
    for path in (imported, other):
        path.write_text("tnn 1\n", encoding="utf-8")
    importing = desk.put(other, "tnn 1\nfrom .a import L\nimport .a as a\nlet M = a.L(3)\n")
    for k in range(12):
        text = f"tnn 1\nfrom std.nn import relu\nlayer L(S: int) {{ mode n: {k} }}\n"
        document = desk.put(imported, text)
        importing.indexed()
        completions(document, len(text) - 2)
        hover(document, text.index("L("))
    gc.collect()
    assert len(importing.indexed().occurrences) > 5
    alive = [each for each in gc.get_objects() if type(each) is Source]
    texts = {each.text for each in alive if each.name == str(imported)}
    assert len(texts) == 4, "the text, its two pieces, and the first piece of all"


def test_imports_are_found_where_the_compiler_finds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TNC_PATH", str(tmp_path / "far"))
    for place in ("main", "beside", "far/away", "far/deep/er"):
        path = tmp_path / f"{place}.tnn"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"tnn 1\nlet {path.stem} = 1\n", encoding="utf-8")
    document = Desk().put(tmp_path / "main.tnn", "tnn 1\n")
    for written in ("beside", ".beside", "away", "deep.er", ".far.away", "std.nn"):
        module = document.imported(written)
        assert module is not None, written
        assert Path(module.source.name).stem == written.rpartition(".")[2]
    for written in ("", ".", "..", "std.", ".away", "nothing", "main", "std.nothing"):
        assert document.imported(written) is None, written


def test_words_are_no_symbols() -> None:
    text = "tnn 1\nlayer L { mode n\n  conv(pad: same) a = n * n\n  output y[n] = relu(1) }\n"
    found = {word for word, _, _ in meanings(text)}
    assert {"relu", "same", "pad"}.isdisjoint(found)
    assert named("same", Group.PAD)
