"""What an editor does to a text with the server's help: over stdio, from a process of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lsp.client import Client, Failed
from tests.lsp.texts import FAMILY, LAYER
from tnc.diagnostics import Source
from tnc.driver.front import check
from tnc.syntax.format import formatted


def labels(client: Client, name: str, place: str) -> list[str]:
    found = client.ask("completion", name, place)
    return [each["label"] for each in found["items"]]


@pytest.fixture
def writing(client: Client) -> str:
    """A text in which a line is being written: the name of its file."""
    name = f"{len(client.texts)}.tnn"
    client.open(name, LAYER)
    client.diagnostics(name)
    return name


MODES = ["n", "h", "s", "t", "r", "i", "h'"]


@pytest.mark.parametrize(
    ("line", "first"),
    [
        ("let q[¦", MODES),
        ("let q[n, (¦", MODES),
        ("weight D[n, ¦", MODES),
        ("let q[n] = x[¦", MODES),
        ("let q[n] = softmax(x, over: ¦", MODES),
        ("let q[n] = sum(x, over: [h, ¦", MODES),
        ("let q = size(¦", MODES),
        ("conv ¦", MODES),
        ("let q = x |> Con¦", ["Conv", "CP", "Dense", "relu", "Low"]),
        ("let q = x |> Conv(¦", ["S", "T", "k", "stride", "pad"]),
        ("let q = x |> Conv(3, ¦", ["S", "T", "k", "stride", "pad"]),
        ("conv(¦", ["stride", "dilation", "pad", "border", "flip"]),
        ("conv(pad: ¦", ["valid", "same", "tf_same", "full", "causal", "circular"]),
        ("weight(¦", ["init"]),
        ("weight(init: ¦", ["auto", "zeros", "ones", "normal"]),
        ("buffer(init: kaiming(fan: [¦", MODES),
        ("¦", ["mode", "conv", "input", "weight", "buffer", "let", "output", "require"]),
        ("wei¦", ["mode", "conv", "input", "weight", "buffer", "let", "output", "require"]),
        ("let q[n] = x * ¦", ["S", "T", "R", "Conv", "x", "A", "B", "C", "y"]),
        ("mode q: ¦", ["S", "T", "R", "Conv"]),
    ],
)
def test_completion_within_a_layer(
    client: Client, writing: str, line: str, first: list[str]
) -> None:
    """The line is not finished, so that there is no tree of it."""
    client.replace(
        writing, "  output y[n, t, h']", f"  {line.replace('¦', '')}\n  output y[n, t, h']"
    )
    found = labels(client, writing, f"  {line}\n")
    if line.endswith("Con¦"):
        assert set(first) <= set(found)
    else:
        assert found[: len(first)] == first


@pytest.mark.parametrize(
    ("line", "among", "without"),
    [
        ("¦", ["import", "from", "layer", "extern", "test", "let"], ["mode", "weight"]),
        ("from ¦", ["std.nn", "std.convolution", "std.nets"], ["relu"]),
        ("from std.¦", ["nn", "convolution"], ["std.nn"]),
        ("import .¦", ["beside"], ["std.nn"]),
        ("from .¦", ["beside"], []),
        ("from std.nn import ¦", ["Linear", "BatchNorm"], ["std.nn", "layer"]),
        ("from .beside import ¦", ["Beside"], ["Linear"]),
        ("from std.nn import Linear, B¦", ["BatchNorm"], []),
        ("layer New(a: ¦", ["int", "float", "bool", "str", "layer"], ["relu"]),
        ("layer New(a: [¦", ["int"], ["n"]),
        ("layer New(¦", [], ["int", "Low"]),
        ("let q = Low(¦", ["S", "T", "R", "Conv"], ["n"]),
        ('test "it" { ¦', ["let", "assert"], ["weight"]),
        ('test "it" { assert ¦', ["params", "Low"], ["x"]),
        ('test "it" { assert Low == ¦', ["params", "Low"], ["x"]),
        ("# a comment ¦", [], ["let"]),
        ('let q = "str¦', [], ["Low"]),
        ("let ¦", [], ["Low", "let"]),
    ],
)
def test_completion_outside_of_layers(
    client: Client, writing: str, line: str, among: list[str], without: list[str]
) -> None:
    (client.folder / "beside.tnn").write_text(
        "tnn 1\nlayer Beside { mode n\n  input x[n]\n  output y[n] = x }\n", encoding="utf-8"
    )
    client.replace(writing, "layer Net", f"{line.replace('¦', '')}\n\nlayer Net")
    found = labels(client, writing, f"{line}\n\nlayer Net")
    assert set(among) <= set(found)
    assert not set(without) & set(found)
    if not among:
        assert found == []


def test_completion_within_a_test(client: Client, writing: str) -> None:
    test = 'test "it" { let q = Low(3) assert params(q) == 1 }\n'
    client.replace(writing, "layer Net", f"{test}layer Net")
    document = {"uri": client.uri(writing)}
    client.request("textDocument/documentSymbol", textDocument=document)  # so that `q` is known
    client.replace(writing, "assert params(q) == 1 }", "assert ")
    found = labels(client, writing, "assert ¦")
    assert {"q", "params", "Low"} <= {*found}
    assert "x" not in found


def test_completion_after_the_name_of_a_file(client: Client, writing: str) -> None:
    client.replace(writing, "tnn 1\n", "tnn 1\nimport std.dense as dense\n")
    client.diagnostics(writing)
    client.replace(writing, "|> low", "|> dense.")
    assert "rTT" in labels(client, writing, "|> dense.¦")
    assert "relu" not in labels(client, writing, "|> dense.¦")


def test_completion_within_families(client: Client) -> None:
    name = "families.tnn"
    client.open(name, FAMILY)
    client.diagnostics(name)
    client.replace(name, "output y[n] = x * G...", "output y[n] = x * G[")
    assert labels(client, name, "x * G[¦")[:2] == ["S", "R"]
    client.replace(name, "let d = len(S)", "let d = S[")
    assert "n" not in labels(client, name, "let d = S[¦")


def test_what_is_completed_takes_the_place_of_the_word(client: Client, writing: str) -> None:
    client.replace(writing, "output y[n, t, h']", 'let 𝒜 = "𝒜" outp y[n, t, h\']')
    found = client.ask("completion", writing, "outp¦ y[n")
    (item,) = [each for each in found["items"] if each["label"] == "x"]
    assert client.shown(writing, item["textEdit"]["range"]) == "outp"
    assert item["documentation" if "documentation" in item else "detail"]


def test_names_are_known_while_their_declaration_is_written(client: Client, writing: str) -> None:
    """The statement that declares A does not parse any more."""
    assert "A" in labels(client, writing, "h'] = ¦x")
    client.replace(writing, "weight A[s, r], B", "weight (A[s, r], B")
    client.diagnostics(writing)
    client.replace(writing, "= x * A * B * C", "= x * ")
    assert {"A", "x"} <= set(labels(client, writing, "h'] = x * ¦"))


# ---------------------------------------------------------------- renaming


def renamed(client: Client, name: str, place: str, new: str) -> dict[str, str]:
    """The texts after renaming, by file."""
    found = client.ask("rename", name, place, newName=new)
    texts = {}
    for uri, edits in found["changes"].items():
        path = Path(uri.removeprefix("file://"))
        text = client.texts.get(path.name) or path.read_text(encoding="utf-8")
        texts[path.name] = client.edited(path.name, edits, text)
    return texts


def errors(text: str, name: str = "a.tnn") -> list[str]:
    return [each.code for each in check(Source(name, text)) if each.severity == "error"]


@pytest.mark.parametrize(
    ("place", "new", "parts"),
    [
        ("mode n, ¦h, s", "height", ["mode n, height,", "h' = height * i", "x[n, s, height]"]),
        ("y[n, t, ¦h'] =", "k'", ["same) k' = h * i", "y[n, t, k']"]),
        ("input ¦x[n, s, h]\n  weight", "image", ["input image[", "= image * A"]),
        ("* ¦B *", "Second", ["Second[r, t]", "A * Second * C"]),
        ("  ¦R: int", "rank_", ["rank_: int = 4", "r: rank_", "Low(3, rank_: 2)"]),
        ("Low(3, ¦R", "Q", ["  Q: int = 4", "r: Q", "Low(3, Q: 2)"]),
        ("layer ¦Low", "High", ["layer High(", "= High(3"]),
        ("let ¦low", "lower", ["let lower = Low", "|> lower |>"]),
        ("as ¦Dense", "Full", ["Linear as Full"]),
        ("extern ¦flat", "flatter", ["extern flatter:", "|> flatter"]),
    ],
)
def test_rename(client: Client, place: str, new: str, parts: list[str]) -> None:
    name = f"rename_{new.strip(chr(39))}.tnn"
    client.open(name, LAYER)
    (text,) = renamed(client, name, place, new).values()
    assert all(part in text for part in parts), text
    assert errors(text) == errors(LAYER) == []
    pairs = zip(LAYER.split(), text.split(), strict=True)
    assert 0 < sum(a != b for a, b in pairs) <= 4  # nothing else was touched


def test_rename_across_files(client: Client) -> None:
    client.open("source.tnn", LAYER)
    client.open("uses.tnn", "tnn 1\nfrom .source import Low\nlet M = Low(3, R: 5)\n")
    (client.folder / "source.tnn").write_text(LAYER, encoding="utf-8")
    (client.folder / "other.tnn").write_text(
        "tnn 1\nimport .source as b\nlet N = b.Low(4, R: 6)\n", encoding="utf-8"
    )
    texts = renamed(client, "source.tnn", "layer ¦Low", "High")
    assert texts["uses.tnn"] == "tnn 1\nfrom .source import High\nlet M = High(3, R: 5)\n"
    assert texts["other.tnn"] == "tnn 1\nimport .source as b\nlet N = b.High(4, R: 6)\n"
    assert "let low = High(3, R: 2)" in texts["source.tnn"]
    texts = renamed(client, "uses.tnn", "Low(3, ¦R", "Q")
    assert "Low(3, Q: 5)" in texts["uses.tnn"]
    assert "b.Low(4, Q: 6)" in texts["other.tnn"]
    assert "  Q: int = 4" in texts["source.tnn"]


@pytest.mark.parametrize(
    ("place", "new", "why"),
    [
        ("mode n, ¦h, s", "s", "meaning already"),
        ("* ¦B *", "A", "meaning already"),
        ("* ¦B *", "R", "meaning already"),
        ("layer ¦Low", "Net", "declared twice"),
        ("layer ¦Low", "CP", "meaning already"),
        ("let ¦low", "flat", "meaning already"),
        ("* ¦B *", "weight", "is a keyword"),
        ("* ¦B *", "2x", "is no name"),
        ("* ¦B *", "B'", "only modes"),
        ("* ¦B *", "lambda", "no tensor can be called"),
        ("import ¦CP\n", "Q", "standard library"),
        ("|> ¦relu", "Q", "no name of the program"),
        ("std.¦nn", "Q", "is a file"),
        ("¦require", "Q", "no name of the program"),
    ],
)
def test_rename_is_refused(client: Client, place: str, new: str, why: str) -> None:
    if "refused.tnn" not in client.texts:
        client.open("refused.tnn", LAYER)
    with pytest.raises(Failed, match=why):
        client.ask("rename", "refused.tnn", place, newName=new)


def test_the_reason_is_what_would_be_wrong_then(client: Client) -> None:
    """And not what is wrong in any case."""
    client.open("reason.tnn", LAYER.replace("s: S, t: T", "s: S, t: TT"))
    with pytest.raises(Failed, match="declared twice"):
        client.ask("rename", "reason.tnn", "layer ¦Low", newName="Net")


def test_a_parameter_of_what_may_be_another_layer_keeps_its_name(client: Client) -> None:
    text = "tnn 1\nlayer A(k: int) { mode n, q: k\n  input x[n, q]\n  output y[n, q] = x }\n"
    text += "layer B(C: layer = A) { mode n, q: 3\n  input x[n, q]\n  output y = x |> C(k: 3) }\n"
    client.open("uncertain.tnn", text)
    with pytest.raises(Failed, match="which may be another layer"):
        client.ask("rename", "uncertain.tnn", "layer A(¦k", newName="size")


def test_what_can_be_renamed_is_marked_first(client: Client) -> None:
    client.open("prepare.tnn", LAYER)
    found = client.ask("prepareRename", "prepare.tnn", "y[n, t, h¦'] =")
    assert client.shown("prepare.tnn", found) == "h'"
    with pytest.raises(Failed, match="standard library"):
        client.ask("prepareRename", "prepare.tnn", "import ¦CP\n")


# ---------------------------------------------------------------- fixes and format


def actions(client: Client, name: str, part: str, **context: Any) -> list[dict[str, Any]]:
    text = client.texts[name]
    start = text.index(part)
    found: list[dict[str, Any]] = client.request(
        "textDocument/codeAction",
        textDocument={"uri": client.uri(name)},
        range=client.range(text, start, start + len(part)),
        context={"diagnostics": [], **context},
    )
    return found


WRONG = LAYER.replace("x * A * B", "xx * A * B").replace("|> relu", "|> rellu")


def test_quick_fixes_come_from_help(client: Client) -> None:
    name = "fix.tnn"
    client.open(name, WRONG)
    quick = [each for each in actions(client, name, "xx") if each["kind"] == "quickfix"]
    (fix,) = quick
    assert fix["title"] == "Replace `xx` by `x`"
    assert fix["diagnostics"][0]["code"] == "E0102"
    assert fix["isPreferred"]
    (edits,) = fix["edit"]["changes"].values()
    assert client.edited(name, edits) == WRONG.replace("xx *", "x *")


def test_everything_can_be_fixed_at_once(client: Client) -> None:
    name = "all.tnn"
    client.open(name, WRONG)
    (fix,) = actions(client, name, "tnn 1", only=["source.fixAll"])
    fixed = client.request("codeAction/resolve", **fix)
    (edits,) = fixed["edit"]["changes"].values()
    assert errors(WRONG) != []
    assert errors(client.edited(name, edits)) == []


def test_nothing_to_fix(client: Client) -> None:
    client.open("fine.tnn", FAMILY)
    assert actions(client, "fine.tnn", FAMILY) == []


def format_text(client: Client, name: str) -> list[dict[str, Any]]:
    options = {"tabSize": 2, "insertSpaces": True}
    document = {"uri": client.uri(name)}
    found: list[dict[str, Any]] = client.request(
        "textDocument/formatting", textDocument=document, options=options
    )
    return found


def test_formatting(client: Client) -> None:
    name = "format.tnn"
    text = LAYER.replace("x * A * B", "x*A   *B").replace("  weight", "     weight")
    client.open(name, text)
    edits = format_text(client, name)
    assert client.edited(name, edits) == formatted(Source(name, text)) != text
    client.open("formatted.tnn", formatted(Source(name, text)))
    assert format_text(client, "formatted.tnn") == []


def test_a_text_that_does_not_parse_is_left_as_it_is(client: Client) -> None:
    client.open("broken.tnn", LAYER.replace("layer Net {", "layer Net"))
    assert format_text(client, "broken.tnn") == []
