"""Both highlighters take the tokens that the lexer takes, in every text there is."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from importlib import import_module

import pytest
from pygments.token import Error, Keyword, Name, Token

from tests.editor.oniguruma import coloured
from tests.editor.texts import PATHS, ROOT, name
from tnc.diagnostics import Report, Source
from tnc.editor import textmate
from tnc.editor.lexer import TnnLexer
from tnc.syntax.grammar import KEYWORDS
from tnc.syntax.lexing import lex

WORDS = """\
tnn 1
from std.nn import relu as r
extern(kind: pointwise) gelu = torch.nn.functional.gelu
layer size(relu: int = 3, stride: [int], act: layer = relu) {
  mode n, for', same: 2, Größe, x\u0301
  conv(stride: f(same), pad: (1, 2)) for' = n * same
  weight(init: normal(std: 0.5e-3)) A[n]  # zeros
  output y[n] = softmax(x, over: n) |> relu |> repeat (3) L(same, stride: 1)
}
"""


def tokens(text: str) -> list[tuple[int, int]]:
    """Where the tokens of the language stand."""
    lexed = lex(Source("a.tnn", text), Report())
    comments = [(each.span.start, each.span.end) for each in lexed.comments]
    return sorted([*((each.start, each.end) for each in lexed.tokens[:-1]), *comments])


def pygments(text: str) -> list[tuple[int, int, object]]:
    found = TnnLexer().get_tokens_unprocessed(text)
    return [(at, at + len(part), kind) for at, kind, part in found if part.strip()]


TEXTS = [pytest.param(path.read_text(encoding="utf-8"), id=name(path)) for path in PATHS]
TEXTS += [pytest.param(WORDS, id="words")]


@pytest.mark.parametrize("text", TEXTS)
def test_pygments_takes_the_tokens_of_the_language(text: str) -> None:
    found = pygments(text)
    assert [(start, end) for start, end, _ in found] == tokens(text)
    assert not [text[start:end] for start, end, kind in found if kind is Error]


@pytest.mark.parametrize("text", TEXTS)
def test_textmate_takes_the_tokens_of_the_language(text: str) -> None:
    found = list(coloured(textmate.grammar(), text))
    assert [(each.start, each.end) for each in found] == tokens(text)
    assert not [each for each in found if "invalid" in each.scope]


@pytest.mark.parametrize("text", TEXTS)
def test_both_agree_on_keywords(text: str) -> None:
    lexed = lex(Source("a.tnn", text), Report()).tokens
    wanted = {(each.start, each.end) for each in lexed if each in KEYWORDS}
    assert {
        each[:2] for each in coloured(textmate.grammar(), text) if _reserved(each.scope)
    } == wanted
    words = (Keyword.Declaration, Keyword, Keyword.Constant, Token.Operator.Word)
    assert {each[:2] for each in pygments(text) if each[2] in words} == wanted


def _reserved(scope: str) -> bool:
    heads = ("keyword.declaration", "keyword.control", "keyword.operator.word", "constant.language")
    return scope.startswith(heads)


def test_words_have_their_meaning_in_places() -> None:
    """`same` is a mode outside of options; `relu` a function only where it is called."""
    found = [(WORDS[start:end], kind) for start, end, kind in pygments(WORDS)]
    kinds = [kind for text, kind in found if text == "same"]
    assert kinds == [Name, Name.Constant, Name, Name]
    kinds = [kind for text, kind in found if text == "relu"]
    assert kinds == [Name, Name, Name, Name.Builtin]
    assert [kind for text, kind in found if text == "stride"] == [Name, Name.Attribute, Name]
    assert ("size", Name.Class) in found
    assert ("std", Name.Attribute) in found
    assert ("zeros", Name.Constant) not in found
    scopes = [each.scope for each in coloured(textmate.grammar(), WORDS)]
    assert len(scopes) == len(found)


def test_mistakes_are_shown() -> None:
    text = 'let a = "never closed\nlet b = 1 ; 2'
    assert [text[start:end] for start, end, kind in pygments(text) if kind is Error] == [
        '"never closed',
        ";",
    ]


def test_the_grammar_in_the_extension_is_the_one_of_the_table(
    golden: Callable[[str, str], None],
) -> None:
    golden("../../editors/vscode/syntaxes/tnn.tmLanguage.json", textmate.text())


def test_the_entry_point_leads_to_the_lexer() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, _, attribute = project["entry-points"]["pygments.lexers"]["tnn"].partition(":")
    assert getattr(import_module(module), attribute) is TnnLexer


def test_the_extension_is_whole() -> None:
    """Whatever package.json names is there."""
    folder = ROOT / "editors/vscode"
    package = json.loads((folder / "package.json").read_text(encoding="utf-8"))
    language, *_ = package["contributes"]["languages"]
    named = [language["configuration"], package["main"]]
    named += [each["path"] for each in package["contributes"]["grammars"]]
    assert all((folder / each).is_file() for each in named)
    scopes = [each["scopeName"] for each in package["contributes"]["grammars"]]
    assert textmate.grammar()["scopeName"] in scopes
    for path in folder.rglob("*.json"):
        if "node_modules" not in path.parts:
            json.loads(path.read_text(encoding="utf-8"))
