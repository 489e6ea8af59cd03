"""A text that is checked while it is written: the same is said as of the text by itself."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from tnc.diagnostics import Source
from tnc.driver.front import check
from tnc.driver.live import Live, State
from tnc.elaborate.layers import Elaboration

FOLDER = Path(__file__).parents[2] / "tnc/std"

TEXT = """\
tnn 1
from std.nn import relu, Linear as Dense
import std.convolution as c

## Documented.
layer A(S: int, R: int = 4) {
  mode n, s: S, r: R
  input x[n, s]
  weight W[s, r]
  output y[n, r] = x * W
}
let B = A(3)
layer C(R: int) { mode n, s: 3
  input x[n, s]
  output y = x |> B(R) |> relu |> Dense(R, 5)
}
extern(kind: pointwise) gelu = torch.nn.functional.gelu
## Another.
layer D { mode n, c: 2, h, w
  input x[n, c, h, w]
  output y = x |> c.Conv2d(2, 4) |> gelu
}
test "it" { assert shape(C(7), [2, 3]) == [2, 5] }
"""

EDITS = [
    ("R: int = 4", "R: int = 0"),  # a fault that shows in the layers that use it
    ("relu, Linear", "relu, sigmoid, Linear"),
    ("weight W[s, r]", "weight W[s, q]"),
    ("weight W[s, q]", "weight W[s, r], V[r]"),
    ("let B = A(3)", "let B = A(3, Q: 1)"),
    ("let B = A(3, Q: 1)", "let BB = A(3)"),
    ("let BB", "let C"),
    ("let C", "let B"),
    ("c.Conv2d(2, 4)", "c.Conv2d(2, 0)"),
    ("c.Conv2d(2, 0)", "c.Conv2d(0, 4)"),
    ("[2, 5] }", "[2, 6] }\n\n# the end"),
    ("layer A(", "layer E("),
    ("layer E(", "layer A("),
    ("output y = x |> B(R)", "output y = x |> C(R)"),
    ("mode n, s: 3\n", "mode n, s: 3, relu\n"),
    ("## Another.\n", ""),
    ("tnn 1\n", ""),
]


def said(live: Live, text: str, name: str = "a.tnn") -> tuple[object, object]:
    """What is said while writing, and of the text by itself."""
    source = Source(name, text)
    found = [each.to_json() for each in live.check(source).diagnostics]
    return found, [each.to_json() for each in check(source)]


def test_edits_one_after_another() -> None:
    live, text = Live(), TEXT
    for old, new in (("", ""), *EDITS):
        assert old in text
        text = text.replace(old, new, 1)
        found, wanted = said(live, text)
        assert found == wanted, (old, new)


def test_mistakes_come_and_go() -> None:
    """Back and forth: nothing is left of what was said before."""
    live = Live()
    for old, new in [each for each in EDITS if each[0] in TEXT] * 2:
        for text in (TEXT.replace(old, new, 1), TEXT):
            found, wanted = said(live, text)
            assert found == wanted, (old, new)


@pytest.mark.parametrize("seed", range(4))
def test_any_change_of_names(seed: int) -> None:
    """Names and numbers take the place of others; texts that do not parse may be told otherwise,
    as their pieces end elsewhere."""
    draw = random.Random(seed)
    live, compared = Live(), 0
    places = [found.span() for found in re.finditer(r"\b[A-Za-z]\w*|\d+", TEXT)]
    for _ in range(25):
        start, end = draw.choice(places)
        text = TEXT[:start] + TEXT[slice(*draw.choice(places))] + TEXT[end:]
        found, wanted = said(live, text)
        if not any(each["code"].startswith("E00") for each in wanted):  # type: ignore[attr-defined]
            compared += 1
            assert found == wanted
    assert compared > 5


def test_the_layer_that_is_written_comes_first() -> None:
    live = Live()
    live.check(Source("a.tnn", TEXT))
    text = TEXT.replace("R: int = 4", "R: str = 4")
    soon = live.check(Source("a.tnn", text), soon=True)
    assert not soon.complete
    assert [each.code for each in soon.diagnostics] == ["E0401"]
    full = live.check(Source("a.tnn", text))
    assert full.complete
    assert len(full.diagnostics) > 1


def test_imported_files_are_read_again_where_they_changed(tmp_path: Path) -> None:
    main, other = tmp_path / "main.tnn", tmp_path / "other.tnn"
    text = "tnn 1\nimport .other as o\nlayer L { mode n\n  input x[n]\n  output y = x |> o.A }\n"
    layer = "tnn 1\nlayer A { mode n\n  input x[n]\n  output y[n] = x }\n"
    main.write_text(text, encoding="utf-8")
    live = Live()

    def codes() -> list[str]:
        return [each.code for each in live.check(Source(str(main), text)).diagnostics]

    assert codes() == ["E0107"]
    other.write_text(layer, encoding="utf-8")
    assert codes() == []
    first = live.check(Source(str(main), text)).module.imports[".other"]
    assert live.check(Source(str(main), text)).module.imports[".other"] is first
    other.write_text(layer.replace("[n] = x", "[q] = x"), encoding="utf-8")
    assert codes() == ["E0101"]
    other.write_text(layer.replace("layer A", "layer B"), encoding="utf-8")
    assert codes() == ["E0103"]
    other.unlink()
    assert codes() == ["E0107"]


def test_only_what_changed_is_read_anew() -> None:
    live = Live()
    text = (FOLDER / "nets.tnn").read_text(encoding="utf-8")
    before = live.check(Source("nets.tnn", text))
    after = live.check(Source("nets.tnn", text.replace("let fc3 = Head", "let fc4 = Head")))
    assert _different(before, after) == ["LeNet5"]


def test_layers_inside_are_not_elaborated_again(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    bound = Elaboration.bound

    def noted(self: Elaboration) -> object:
        looked.append(self.layer.name.text)
        return bound(self)

    live = Live()
    text = (FOLDER / "nets.tnn").read_text(encoding="utf-8")
    live.check(Source("nets.tnn", text))
    monkeypatch.setattr(Elaboration, "bound", noted)
    live.check(Source("nets.tnn", text.replace("let fc = Head(64,", "let fc = Head(64 + 0,")))
    assert looked == ["CifarResNet"]


def _different(before: State, after: State) -> list[str]:
    pairs = zip(before.file.items, after.file.items, strict=True)
    return [new.name.text for old, new in pairs if old is not new]  # type: ignore[union-attr]
