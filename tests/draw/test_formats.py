"""Graphviz and Mermaid are read with small grammars of their own; texts are golden."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.draw.reading import LAYERS, layer_of
from tnc.draw.choices import FORMATS, SUFFIXES
from tnc.draw.diagram import Dangling, Diagram, Edge, Node
from tnc.draw.dot import dot
from tnc.draw.mermaid import mermaid
from tnc.draw.source import source
from tnc.draw.txt import txt

SUBJECTS = [
    *LAYERS,
    ("11_attention.tnn", "SelfAttention", {"E": 8, "heads": 2}),
    ("std.nets", "ResNet32", {}),
    ("std.nets", "TransformerBlock", {"E": 16}),
]
ODD = Diagram(
    'a "b" <c> #d',
    (Node('"', "weight", '"<&>"'), Node("\\", "layer", "\\", ("#1",)), Node("end", "sum", "Σ")),
    (Edge('"', "\\", 'm: "3"', directed=True), Edge('"', "end", "]")),
    (Dangling("\\", "|x|"),),
)

# ---------------------------------------------------------------- Graphviz
# https://graphviz.org/doc/info/lang.html

TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[A-Za-z_]\w*|->|[{}\[\];=,])')


class Dot:
    """A recursive descent over the grammar, as far as it is used; names are always quoted."""

    def __init__(self, text: str) -> None:
        self.tokens, at = [], 0
        while text[at:].strip():
            found = TOKEN.match(text, at)
            assert found, text[at : at + 40]
            self.tokens.append(found[1])
            at = found.end()
        self.nodes: set[str] = set()
        self.edges: list[tuple[str, str]] = []
        self.take("digraph")
        self.name()
        self.block()
        assert not self.tokens

    def take(self, *wanted: str) -> str:
        assert self.tokens
        assert self.tokens[0] in wanted, self.tokens[:8]
        return self.tokens.pop(0)

    def name(self) -> str:
        token = self.tokens.pop(0)
        assert re.fullmatch(r'".*"|\w+', token, re.DOTALL), token
        return token

    def block(self) -> None:
        self.take("{")
        while self.tokens[0] != "}":
            self.statement()
        self.take("}")

    def statement(self) -> None:
        if self.tokens[0] == "subgraph":
            self.take("subgraph")
            self.name()
            self.block()
            return
        one = self.name()
        if self.tokens[0] == "=":
            self.take("=")
            self.name()
        elif self.tokens[0] == "->":
            self.take("->")
            self.edges.append((one, self.name()))
            self.options()
        else:
            if one not in {"node", "edge"}:
                assert one.startswith('"')
                assert one not in self.nodes
                self.nodes.add(one)
            self.options()
        self.take(";")

    def options(self) -> None:
        if self.tokens[0] != "[":
            return
        self.take("[")
        while True:
            self.name()
            self.take("=")
            self.name()
            if self.take(",", "]") == "]":
                return


@pytest.mark.parametrize(("file", "name", "settings"), SUBJECTS)
def test_dot(file: str, name: str, settings: dict[str, object]) -> None:
    diagram = source(layer_of(file, name, **settings))
    read = Dot(dot(diagram))
    assert {end for edge in read.edges for end in edge} <= read.nodes
    plain = [node for node in diagram.walk() if node.inside is None]
    labelled = sum(1 for node in read.nodes if re.search(r"(^\"|/)end \d+\"$", node))
    doors = sum(1 for node in read.nodes if re.search(r"/(in|out)\"$", node))
    assert len(read.nodes) - labelled - doors == len(plain)


def test_dot_of_odd_names() -> None:
    read = Dot(dot(ODD))
    assert len(read.nodes) == 4
    assert {end for edge in read.edges for end in edge} == read.nodes


# ---------------------------------------------------------------- Mermaid

TEXT = r'"[^"<>]*(?:<br/>[^"<>]*)*"'
SHAPE = rf"(?:\(\({TEXT}\)\)|\(\[{TEXT}\]\)|\{{{TEXT}\}}|\[{TEXT}\])"
STATEMENTS = {
    "node": re.compile(rf"(n\d+){SHAPE}(?::::(\w+))?"),
    "edge": re.compile(rf"(n\d+) (?:-->|---)(?:\|{TEXT}\|)? (n\d+)"),
    "open": re.compile(rf"subgraph (n\d+)\[{TEXT}\]"),
    "close": re.compile(r"end"),
    "direction": re.compile(r"direction (?:LR|TB)"),
    "style": re.compile(r"style (n\d+) fill:none,stroke:none"),
    "class": re.compile(r"classDef (\w+) fill:#[0-9a-f]{6},color:#[0-9a-f]{6}"),
}


def read_mermaid(text: str) -> dict[str, list[re.Match[str]]]:
    """The statements, every line of which is one, by their kinds."""
    lines = text.splitlines()
    assert lines[0] == lines[2] == "---"
    assert re.fullmatch(r'title: "[^"]*"', lines[1])
    assert re.fullmatch(r"flowchart (LR|TB)", lines[3])
    found: dict[str, list[re.Match[str]]] = {kind: [] for kind in STATEMENTS}
    for line in lines[4:]:
        hits = [(k, p.fullmatch(line.strip())) for k, p in STATEMENTS.items()]
        (hit,) = [(kind, match) for kind, match in hits if match]
        found[hit[0]].append(hit[1])
    assert len(found["open"]) == len(found["close"])
    return found


@pytest.mark.parametrize(("file", "name", "settings"), SUBJECTS)
def test_mermaid(file: str, name: str, settings: dict[str, object]) -> None:
    diagram = source(layer_of(file, name, **settings))
    read = read_mermaid(mermaid(diagram))
    known = {match[1] for kind in ("node", "open") for match in read[kind]}
    assert {match[k] for match in read["edge"] for k in (1, 2)} <= known
    assert {match[2] for match in read["node"]} - {None} == {match[1] for match in read["class"]}
    nodes = len(read["node"]) - len(read["style"])
    assert nodes == sum(node.inside is None for node in diagram.walk())
    inside = [node.inside for node in diagram.walk() if node.inside is not None]
    loose = [each.label for inner in inside for each in inner.dangling if each.label]
    assert len(read["style"]) == len(diagram.dangling) + len(loose)
    assert len(read["open"]) == sum(node.inside is not None for node in diagram.walk())


def test_mermaid_of_odd_names() -> None:
    read = read_mermaid(mermaid(ODD))
    assert len(read["node"]) == 4
    assert len(read["edge"]) == 3


def test_what_is_no_mermaid_is_seen() -> None:
    with pytest.raises(ValueError, match="not enough values"):
        read_mermaid(mermaid(ODD).replace("]", ""))


# ---------------------------------------------------------------- text


@pytest.mark.parametrize(
    ("name", "file", "layer", "settings"),
    [
        ("cp", "01_cp_conv.tnn", "CPConv", {"S": 64, "T": 64}),
        ("attention", "11_attention.tnn", "SelfAttention", {"E": 64}),
        ("resnet32", "std.nets", "ResNet32", {}),
    ],
)
def test_texts(
    name: str,
    file: str,
    layer: str,
    settings: dict[str, object],
    golden: Callable[[str, str], None],
) -> None:
    golden(f"graph/{name}.txt", txt(source(layer_of(file, layer, **settings))))


def test_every_ending_has_a_format() -> None:
    assert set(SUFFIXES.values()) == set(FORMATS)
