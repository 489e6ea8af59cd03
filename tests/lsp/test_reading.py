"""What an editor can ask of a text: over stdio, from a process of its own."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.lsp.client import Client
from tests.lsp.texts import FAMILY, LAYER

STD = Path(__file__).parents[2] / "tnc/std"


def told(client: Client, name: str, place: str) -> str:
    found = client.ask("hover", name, place)
    return "" if found is None else str(found["contents"]["value"])


def test_diagnostics_on_opening_and_on_every_change(client: Client) -> None:
    name = "diagnostics.tnn"
    client.open(name, LAYER)
    assert [each["code"] for each in client.diagnostics(name)] == ["W0102"] * 2
    client.replace(name, "= x * A * B * C", "= x * A * Q * C")
    said = client.diagnostics(name)
    (wrong,) = [each for each in said if each["code"] == "E0102"]
    assert client.shown(name, wrong["range"]) == "Q"
    assert (wrong["severity"], wrong["source"]) == (1, "tnc")
    client.replace(name, "* Q *", "* B *")
    assert not [each for each in client.diagnostics(name) if each["severity"] == 1]


def test_columns_count_utf_16_units(client: Client) -> None:
    name = "units.tnn"
    client.open(name, 'tnn 1\nlayer L { mode n\n  require "𝒜𝒜" == q, "𝒜"\n  output y[n] = 1\n}\n')
    (wrong, *_) = [each for each in client.diagnostics(name) if each["code"] == "E0102"]
    assert wrong["range"]["start"] == {"line": 2, "character": 20}
    assert client.shown(name, wrong["range"]) == "q"


def test_carriage_returns_alone_end_lines(client: Client) -> None:
    client.open("cr.tnn", "tnn 1 # a\rlayer L { mode n # b\r  output y[n] = q }\r")
    (wrong,) = [each for each in client.diagnostics("cr.tnn") if each["code"] == "E0102"]
    assert wrong["range"]["start"] == {"line": 2, "character": 16}


def test_columns_in_the_encoding_that_the_client_prefers(tmp_path: Path) -> None:
    client = Client(tmp_path, {"general": {"positionEncodings": ["utf-8"]}})
    assert client.capabilities["positionEncoding"] == "utf-8"
    client.open("a.tnn", 'tnn 1\nlayer L { mode n\n  require "𝒜" == q, ""\n  output y[n] = 1 }\n')
    (wrong, *_) = [each for each in client.diagnostics("a.tnn") if each["code"] == "E0102"]
    assert wrong["range"]["start"] == {"line": 2, "character": 20}
    assert client.close() == 0


def test_other_places_are_related_information(client: Client) -> None:
    name = "related.tnn"
    client.open(name, LAYER.replace("weight A[s, r], B[r, t]", "weight A[s, r], A[r, t]"))
    (twice,) = [each for each in client.diagnostics(name) if each["code"] == "E0104"]
    (other,) = twice["relatedInformation"]
    assert other["location"]["uri"] == client.uri(name)
    assert client.shown(name, other["location"]["range"]) == "A"
    assert other["message"] == "first declared here"


def test_mistakes_within_imported_layers_are_shown_where_they_are_used(client: Client) -> None:
    name = "inner.tnn"
    text = "tnn 1\nfrom std.nn import Linear\nlayer L { mode n, s: 3\n  input x[n, s]\n"
    client.open(name, text + "  output y = x |> Linear(3, 0) }\n")
    (wrong,) = [each for each in client.diagnostics(name) if each["severity"] == 1]
    assert client.shown(name, wrong["range"]) == "Linear(3, 0)"
    assert wrong["relatedInformation"][0]["location"]["uri"] == (STD / "nn.tnn").as_uri()


def test_a_bracket_that_is_missing_is_told_as_by_the_compiler(client: Client) -> None:
    """Told again when writing pauses: pieces of a text cannot see where another begins."""
    name = "bracket.tnn"
    client.open(name, LAYER.replace("= x * A * B * C\n}", "= x * A * B * C\n"))
    client.diagnostics(name)
    (wrong,) = [each for each in client.diagnostics(name) if each["code"] == "E0003"]
    assert wrong["relatedInformation"][0]["message"] == "`}` expected before this"


@pytest.mark.parametrize(
    ("place", "parts"),
    [
        ("x[n, ¦s, h]", ["mode s: S", "size `S`", "`y`: contracted"]),
        ("output y[n, ¦t", ["mode t: T", "size `8`", "`y`: free"]),
        ("mode ¦n, h, s: S", ["mode n", "size known at run time"]),
        ("y[n, t, ¦h'] =", ["conv h' = h * i", "size `(h + 1) // 2`", "result of the conv"]),
        ("C[r, ¦i]", ["taps of the convolution"]),
        ("= ¦x * A", ["input x[n, s, h]", "n × S × h", "`S * h * n` elements"]),
        ("* ¦B *", ["weight B[r, t]", "4 × 8", "`32` elements"]),
        ("¦R: int", ["R: int = 4", "The rank."]),
        ("let low = ¦Low(", ["layer Low(S: int", "Low rank.", "`R`: The rank."]),
        ("let low = Low(3, ¦R", ["The rank."]),
        ("|> ¦low", ["let low = Low(3, R: 2)", "Low(S: 3, R: 2)"]),
        ("let ¦z = x", ["let z", "by position: n × 8 ×"]),
        ("as ¦Dense", ["Linear", "A dense layer"]),
        ("¦conv(stride", ["**conv**", "convolution"]),
        ("pad: ¦same", ["as large as the signal"]),
        ("|> ¦relu", ["max(x, 0)"]),
        ("¦require", ["condition"]),
    ],
)
def test_hover(client: Client, place: str, parts: list[str]) -> None:
    if "hover.tnn" not in client.texts:
        client.open("hover.tnn", LAYER)
    text = told(client, "hover.tnn", place)
    assert all(part in text for part in parts), text


def test_hover_over_members_of_families(client: Client) -> None:
    client.open("family.tnn", FAMILY)
    assert "`s[2]`: size `S[2]`" in told(client, "family.tnn", "mode n, ¦s[")
    assert "`G[1]" in told(client, "family.tnn", "* ¦G...")
    assert "# index" in told(client, "family.tnn", "r[¦i - 1]")
    assert told(client, "family.tnn", "x[¦n") == told(client, "family.tnn", "output y[¦n")


def test_hover_over_a_mistake_explains_it(client: Client) -> None:
    name = "explained.tnn"
    client.open(name, LAYER.replace("x * A * B", "x * A * Q"))
    assert "**E0102**: undefined" in told(client, name, "A * ¦Q")


def test_hover_over_nothing(client: Client) -> None:
    client.open("nothing.tnn", LAYER)
    assert client.ask("hover", "nothing.tnn", "# ¦𝒜") is None


def test_hover_over_an_equation_tells_what_it_costs(client: Client) -> None:
    """S = 64 is assumed, so that the first step takes 32 · 32 · 64 · 4 multiply-adds."""
    client.open("cost.tnn", LAYER)
    text = cost(client, "cost.tnn", "h'] ¦= x * A")
    assert "multiply-adds forward" in text
    assert "| matrix product | 262 k |" in text
    assert "S = 64" in text
    client.replace("cost.tnn", "S: int,", "S: str,")
    assert told(client, "cost.tnn", "h'] ¦= x * A").startswith("no plan: `S` has no value")


def cost(client: Client, name: str, place: str) -> str:
    """What an equation costs, once it is known."""
    for _ in range(10):
        text = told(client, name, place)
        if "ask again" not in text:
            return text
    raise AssertionError(text)


def test_the_cost_follows_what_is_imported(client: Client) -> None:
    """Directly, and by way of another file. A dense layer of K by 8: 8 · K · n, n = 32."""
    (client.folder / "sizes.tnn").write_text("tnn 1\nlet K = 32\n")
    (client.folder / "by_way.tnn").write_text("tnn 1\nfrom .sizes import K\nlet L = 2 * K\n")
    for name, constant in (("direct", "from .sizes import K"), ("far", "from .by_way import L")):
        text = f"tnn 1\n{constant}\nlayer D {{\n  mode n, s: {constant[-1]}, t: 8\n"
        text += "  input x[n, s]\n  weight W[s, t]\n  output y[n, t] = x * W\n}\n"
        client.open(f"{name}.tnn", text)
    before = [cost(client, f"{name}.tnn", "t] ¦= x") for name in ("direct", "far")]
    (client.folder / "sizes.tnn").write_text("tnn 1\nlet K = 1024\n")
    changed = [{"uri": client.uri("sizes.tnn"), "type": 2}]
    client.notify("workspace/didChangeWatchedFiles", changes=changed)
    after = [cost(client, f"{name}.tnn", "t] ¦= x") for name in ("direct", "far")]
    macs = [re.findall(r"\*\*(.*?)\*\* multiply-adds", each)[0] for each in before + after]
    assert macs == ["8.19 k", "16.4 k", "262 k", "524 k"]


def test_planning_runs_nothing_that_lies_beside_the_text(tmp_path: Path) -> None:
    """A folder may be anyone's: `json.py` in it is none of Python's."""
    (tmp_path / "json.py").write_text("raise SystemExit('mine')\n", encoding="utf-8")
    client = Client(tmp_path)
    client.open("a.tnn", LAYER)
    assert "multiply-adds forward" in cost(client, "a.tnn", "h'] ¦= x * A")
    assert client.close() == 0


RANGE = {"start": {"line": 0, "character": 0}, "end": {"line": 9, "character": 0}}
ABOUT_A_TEXT: dict[str, dict[str, Any]] = {
    **{each: {} for each in ("hover", "definition", "documentHighlight", "completion")},
    **{each: {} for each in ("documentSymbol", "prepareRename")},
    "references": {"context": {"includeDeclaration": True}},
    "inlayHint": {"range": RANGE},
    "formatting": {"options": {"tabSize": 2, "insertSpaces": True}},
    "codeAction": {"range": RANGE, "context": {"diagnostics": []}},
    "rename": {"newName": "q"},
}


@pytest.mark.parametrize("uri", ["file:///nope/zz.tnn", "untitled:Untitled-1", "file:///", "a"])
@pytest.mark.parametrize("method", ABOUT_A_TEXT)
def test_of_a_text_that_is_not_there_nothing_is_known(
    client: Client, method: str, uri: str
) -> None:
    where = {"textDocument": {"uri": uri}, "position": RANGE["start"]}
    assert client.request(f"textDocument/{method}", **where, **ABOUT_A_TEXT[method]) is None
    assert not client.errors


def test_a_saved_text_need_not_be_open(client: Client) -> None:
    """And is read anew each time."""
    for name in ("One", "Two"):
        (client.folder / "saved.tnn").write_text(f"tnn 1\nlet {name} = 1\n")
        document = {"uri": client.uri("saved.tnn")}
        (found,) = client.request("textDocument/documentSymbol", textDocument=document)
        assert found["name"] == name


def places(client: Client, found: Any) -> list[tuple[str, str]]:
    """Where locations lead: the file, and the line with a mark."""
    listed = found if isinstance(found, list) else [found]
    marked = []
    for each in listed:
        path = Path(each["uri"].removeprefix("file://"))
        text = client.texts.get(path.name) or path.read_text(encoding="utf-8")
        start = client.offset(text, each["range"]["start"])
        line = text.rfind("\n", 0, start) + 1
        end = (text + "\n").index("\n", start)
        marked.append((path.name, f"{text[line:start]}¦{text[start:end]}".strip()))
    return marked


@pytest.mark.parametrize(
    ("place", "file", "line"),
    [
        ("x[n, ¦s, h]", "go.tnn", "mode n, h, ¦s: S, t: T, r: R, i: 3"),
        ("y[n, t, ¦h'] =", "go.tnn", "conv(stride: 2, pad: same) ¦h' = h * i"),
        ("* ¦C\n", "go.tnn", "weight A[s, r], B[r, t], ¦C[r, i]"),
        ("s: ¦S", "go.tnn", "¦S: int, T: int = 8,"),
        ("|> ¦low", "go.tnn", "let ¦low = Low(3, R: 2)"),
        ("= ¦Low(3", "go.tnn", "layer ¦Low("),
        ("Low(3, ¦R", "go.tnn", "¦R: int = 4,"),
        ("|> ¦flat", "go.tnn", "extern ¦flat: [n, t, h] -> [n, t * h] = torch.nn.Flatten()"),
        ("import ¦CP\n", "convolution.tnn", "layer ¦CP("),
        ("= CP(¦R: 16", "convolution.tnn", "¦R: int = 16, ratio: float = 0.0, D: int = 2,"),
        ("¦Linear as", "nn.tnn", "layer ¦Linear(S: int, T: int, bias: bool = true) {"),
        ("as ¦Dense", "nn.tnn", "layer ¦Linear(S: int, T: int, bias: bool = true) {"),
        ("std.¦nn", "nn.tnn", "¦tnn 1"),
    ],
)
def test_definition(client: Client, place: str, file: str, line: str) -> None:
    if "go.tnn" not in client.texts:
        client.open("go.tnn", LAYER)
    assert places(client, client.ask("definition", "go.tnn", place)) == [(file, line)]


def test_no_definition(client: Client) -> None:
    client.open("none.tnn", LAYER)
    assert client.ask("definition", "none.tnn", "¦require") is None
    assert client.ask("definition", "none.tnn", "|> ¦relu") is None


def test_references(client: Client) -> None:
    client.open("refs.tnn", LAYER)
    context = {"includeDeclaration": True}
    found = client.ask("references", "refs.tnn", "mode n, ¦h, s", context=context)
    assert [line for _, line in places(client, found)] == [
        "mode n, ¦h, s: S, t: T, r: R, i: 3",
        "conv(stride: 2, pad: same) h' = ¦h * i",
        "input x[n, s, ¦h]",
    ]
    context = {"includeDeclaration": False}
    found = client.ask("references", "refs.tnn", "  ¦R: int", context=context)
    assert [line for _, line in places(client, found)] == [
        "mode n, h, s: S, t: T, r: ¦R, i: 3",
        "let low = Low(3, ¦R: 2)",
    ]
    found = client.ask("documentHighlight", "refs.tnn", "* ¦C\n")
    assert [(client.shown("refs.tnn", each["range"]), each["kind"]) for each in found] == [
        ("C", 3),
        ("C", 2),
    ]


def test_references_in_other_files(client: Client) -> None:
    """One of them open and not saved, the other on the disk alone."""
    client.open("base.tnn", LAYER)
    client.open("user.tnn", "tnn 1\nfrom .base import Low as L, Net\nlet M = L(3, R: 5)\n")
    (client.folder / "disk.tnn").write_text(
        "tnn 1\nimport .base as b\nlet N = b.Low(4, R: 6)\n", encoding="utf-8"
    )
    (client.folder / "base.tnn").write_text(LAYER, encoding="utf-8")
    context = {"includeDeclaration": False}
    found = client.ask("references", "base.tnn", "layer ¦Low", context=context)
    assert sorted(places(client, found)) == [
        ("base.tnn", "let low = ¦Low(3, R: 2)"),
        ("disk.tnn", "let N = b.¦Low(4, R: 6)"),
        ("user.tnn", "from .base import ¦Low as L, Net"),
    ]
    found = client.ask("references", "base.tnn", "  ¦R: int", context=context)
    assert ("disk.tnn", "let N = b.Low(4, ¦R: 6)") in places(client, found)
    assert ("user.tnn", "let M = L(3, ¦R: 5)") in places(client, found)


def test_outline(client: Client) -> None:
    client.open("outline.tnn", LAYER)
    document = {"uri": client.uri("outline.tnn")}
    found = client.request("textDocument/documentSymbol", textDocument=document)
    assert [each["name"] for each in found] == ["Low", "Net", "flat"]
    low = found[0]
    names = ["S", "T", "R", "Conv", "n", "h", "s", "t", "r", "i", "h'", "x", "A", "B", "C", "y"]
    assert [each["name"] for each in low["children"]] == names
    assert client.shown("outline.tnn", low["selectionRange"]) == "Low"
    assert client.shown("outline.tnn", low["range"]).endswith("* C\n}")
    (weight,) = [each for each in low["children"] if each["name"] == "B"]
    assert weight["detail"] == "weight B[r, t]"
    assert client.shown("outline.tnn", weight["range"]) == "B[r, t]"


def test_sizes_are_shown_beside_modes(client: Client) -> None:
    client.open("hints.tnn", LAYER)
    text = LAYER
    whole = client.range(text, 0, len(text))
    document = {"uri": client.uri("hints.tnn")}
    found = client.request("textDocument/inlayHint", textDocument=document, range=whole)
    for each in sorted(found, key=lambda h: client.offset(LAYER, h["position"]), reverse=True):
        at = client.offset(LAYER, each["position"])
        text = f"{text[:at]}⟦{each['label']}⟧{text[at:]}"
    assert "s: S, t: T⟦ = 8⟧, r: R⟦ = 4⟧, i: 3\n" in text
    assert "h'⟦: (h + 1) // 2⟧ = h * i" in text
    assert text.count("⟦") == 3
    part = client.range(LAYER, 0, 10)
    assert not client.request("textDocument/inlayHint", textDocument=document, range=part)


def test_sizes_that_are_not_decided_have_no_text(client: Client) -> None:
    """The names that the compiler has for them are its own."""
    name = "undecided.tnn"
    text = "tnn 1\nlayer L(B: bool, S: int) {\n  let two = if B then 1 else 2\n"
    text += "  mode n, a: if B then S else 3, b: factor(S, 2)[1], c: S + 1 + 1\n"
    text += "  input x[n, a, b, c]\n  output y[n] = sum(x, over: [a, b, c])\n}\n"
    client.open(name, text)
    assert told(client, name, "mode n, ¦a").endswith("size `?`\n\n`y`: summed")
    assert "n × ? × ? × (S + 2), in all `?` elements" in told(client, name, "input ¦x")
    assert told(client, name, "let ¦two").endswith("= `?`")
    document, end = {"uri": client.uri(name)}, {"line": 9, "character": 0}
    whole = {"start": {"line": 0, "character": 0}, "end": end}
    (hint,) = client.request("textDocument/inlayHint", textDocument=document, range=whole)
    assert hint["label"] == " = S + 2"


def test_a_text_that_was_never_saved(client: Client) -> None:
    uri = "untitled:Untitled-1"
    document = {"uri": uri, "languageId": "tnn", "version": 1, "text": "tnn 1\nlet a = q\n"}
    client.notify("textDocument/didOpen", textDocument=document)
    found = client.receive(lambda message: message.get("params", {}).get("uri") == uri)
    assert [each["code"] for each in found["params"]["diagnostics"]] == ["E0102"]
    client.notify("textDocument/didClose", textDocument={"uri": uri})
    found = client.receive(lambda message: message.get("params", {}).get("uri") == uri)
    assert found["params"]["diagnostics"] == []


def test_an_imported_text_is_read_as_it_stands_in_the_editor(client: Client) -> None:
    client.open("user2.tnn", "tnn 1\nfrom .base2 import Low\nlet M = Low(3)\n")
    assert [each["code"] for each in client.diagnostics("user2.tnn")] == ["E0107"]
    (client.folder / "base2.tnn").write_text("tnn 1\n", encoding="utf-8")
    client.open("base2.tnn", LAYER)

    def clean(message: dict[str, Any]) -> bool:
        params = message.get("params", {})
        return params.get("uri") == client.uri("user2.tnn") and params["diagnostics"] == []

    client.replace("base2.tnn", "## Low rank.", "## Of low rank.")
    client.receive(clean)


def test_a_text_that_is_closed_is_imported_as_it_is_saved(client: Client) -> None:
    (client.folder / "base3.tnn").write_text("tnn 1\n", encoding="utf-8")
    client.open("base3.tnn", LAYER)
    client.open("user3.tnn", "tnn 1\nfrom .base3 import Low\nlet M = Low(3)\n")
    assert client.diagnostics("user3.tnn") == []
    document = {"uri": client.uri("base3.tnn")}
    client.notify("textDocument/didClose", textDocument=document)

    def wrong(message: dict[str, Any]) -> bool:
        params = message.get("params", {})
        said = params.get("uri") == client.uri("user3.tnn") and params["diagnostics"]
        return bool(said) and said[0]["code"] == "E0103"

    client.receive(wrong)


def test_it_asks_to_be_told_of_files_that_change(tmp_path: Path) -> None:
    able = {"workspace": {"didChangeWatchedFiles": {"dynamicRegistration": True}}}
    client = Client(tmp_path, able)
    asked = client.receive(lambda message: message.get("method") == "client/registerCapability")
    client.send(id=asked["id"], result=None)
    (registration,) = asked["params"]["registrations"]
    assert registration["method"] == "workspace/didChangeWatchedFiles"
    assert registration["registerOptions"]["watchers"] == [{"globPattern": "**/*.tnn"}]
    assert client.close() == 0
