"""The table of words holds those of the language, and no others."""

from __future__ import annotations

import pytest

from tnc.editor import words
from tnc.editor.words import KEYWORD_GROUPS, Group, named, option_of, texts
from tnc.elaborate.relations import OPTIONS
from tnc.elaborate.windows import PADS
from tnc.syntax.grammar import KEYWORDS


def test_keywords_are_those_of_the_grammar() -> None:
    assert {*texts(*KEYWORD_GROUPS)} == KEYWORDS


def test_built_in_names_are_those_of_the_elaborator() -> None:
    assert {*texts(Group.PAD)} == PADS
    assert {word.text for word in option_of("conv")} == OPTIONS
    assert [word.text for word in option_of("softmax")] == ["over"]
    assert [word.text for word in option_of("leaky_relu")] == ["slope"]
    assert option_of("mode") == ()


def test_every_word_is_described() -> None:
    for word in words.words():
        assert word.doc
        assert not word.doc.endswith(".")
        assert "\n" not in word.doc
    assert len({(word.text, word.group) for word in words.words()}) == len(words.words())


def test_a_word_may_have_several_meanings() -> None:
    assert {word.group for word in named("layer")} == {Group.STATEMENT, Group.TYPE}
    assert named("layer", Group.TYPE)[0].doc.startswith("a layer")
    assert named("nothing") == ()


@pytest.mark.parametrize("lost", ["same", "relu", "stride", "int"])
def test_a_word_that_is_not_described_is_noticed(
    lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for table in words._BUILT_IN.values():
        monkeypatch.delitem(table, lost, raising=False)  # type: ignore[arg-type]
    with pytest.raises(KeyError, match=lost):
        words.words.__wrapped__()


def test_a_keyword_that_is_not_described_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "KEYWORDS", KEYWORDS | {"while"})
    with pytest.raises(KeyError, match="while"):
        words.words.__wrapped__()
