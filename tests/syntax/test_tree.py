"""The tree of each construct."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from tests.syntax.reading import PROGRAMS, body, clean, expression
from tnc.diagnostics import NOWHERE
from tnc.syntax import tree
from tnc.syntax.tree import Binary, Group, Int, Name, Node, Pipe, Splat, Subscript, Unary


def name(text: str) -> Name:
    return Name(NOWHERE, text)


def number(value: int) -> Int:
    return Int(NOWHERE, value)


A, B, C = name("a"), name("b"), name("c")


def binary(op: str, left: tree.Expr, right: tree.Expr) -> Binary:
    return Binary(NOWHERE, op, left, right)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.name)
def test_programs_are_read_without_a_word(path: Path) -> None:
    file = clean(path.read_text(encoding="utf-8"))
    assert file.edition is not None
    assert any(isinstance(item, tree.Layer) for item in file.items)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a + b * c", binary("+", A, binary("*", B, C))),
        ("a - b - c", binary("-", binary("-", A, B), C)),
        ("a * b / c", binary("/", binary("*", A, B), C)),
        ("a // b mod c", binary("mod", binary("//", A, B), C)),
        ("-a * b", binary("*", Unary(NOWHERE, "-", A), B)),
        ("a or b and c", binary("or", A, binary("and", B, C))),
        ("not a and b", binary("and", Unary(NOWHERE, "not", A), B)),
        ("not a == b", Unary(NOWHERE, "not", tree.Compare(NOWHERE, "==", A, B))),
        ("a + 1 >= b", tree.Compare(NOWHERE, ">=", binary("+", A, number(1)), B)),
        ("(a)", Group(NOWHERE, (A,))),
        ("(a, b,)", Group(NOWHERE, (A, B))),
        ("(a...)", Group(NOWHERE, (Splat(NOWHERE, A),))),
        ("[]", tree.ListExpr(NOWHERE, ())),
        ("[a, 1]", tree.ListExpr(NOWHERE, (A, number(1)))),
        ("a[...]", Subscript(NOWHERE, A, (tree.Ellipsis(NOWHERE),))),
        ("a[b][c]", Subscript(NOWHERE, Subscript(NOWHERE, A, (B,)), (C,))),
        ("a.b", tree.Member(NOWHERE, A, B)),
        ("a()", tree.Call(NOWHERE, A, ())),
        ("a |> b |> c", Pipe(NOWHERE, Pipe(NOWHERE, A, B), C)),
        ("if a then b else c", tree.If(NOWHERE, A, B, C)),
        ("true", tree.Bool(NOWHERE, True)),
        ("1e-5", tree.Float(NOWHERE, 1e-5)),
        ("0.5", tree.Float(NOWHERE, 0.5)),
        (r'"a\"b\n\d"', tree.String(NOWHERE, 'a"b\n\\d')),
    ],
)
def test_expressions(text: str, wanted: tree.Expr) -> None:
    assert expression(text) == wanted


def test_arguments() -> None:
    (positional, named), (generator,) = (
        cast(tree.Call, expression(text)).arguments for text in ("f(a, b: c)", "f(a for b in 1..c)")
    )
    assert positional == tree.Argument(NOWHERE, None, A)
    assert named == tree.Argument(NOWHERE, B, C)
    assert generator == tree.Generator(NOWHERE, A, tree.Binder(NOWHERE, B, number(1), C))


def test_repetition() -> None:
    counted, indexed = (
        cast(Pipe, expression(f"a |> repeat ({how}) b")).stage for how in ("5", "c in 1..3")
    )
    binder = tree.Binder(NOWHERE, C, number(1), number(3))
    assert counted == tree.Repeat(NOWHERE, number(5), None, B)
    assert indexed == tree.Repeat(NOWHERE, None, binder, B)


def test_list_for() -> None:
    binder = tree.Binder(NOWHERE, B, number(1), number(3))
    assert expression("[a for b in 1..3]") == tree.ListFor(NOWHERE, A, binder)


def test_ranges_and_splats_and_numbers_are_told_apart() -> None:
    (mode,) = cast(tree.Mode, body("mode s[i in 1..2]: 1.5")[0]).declarations
    assert mode.binder == tree.Binder(NOWHERE, name("i"), number(1), number(2))
    assert mode.size == tree.Float(NOWHERE, 1.5)


def test_modes() -> None:
    (mode,) = body("mode n, s: S, c = (s...), h'[i in 0..d]: i")
    run_time, sized, alias, family = cast(tree.Mode, mode).declarations
    assert (run_time.size, run_time.alias, run_time.binder) == (None, None, None)
    assert (sized.name.text, sized.size) == ("s", name("S"))
    assert (alias.size, alias.alias) == (None, Group(NOWHERE, (Splat(NOWHERE, name("s")),)))
    assert (family.name.text, family.size) == ("h'", name("i"))
    assert family.binder is not None


def test_relations() -> None:
    (conv,) = body("conv(stride: 2, pad: same) h' = h * i * j, g[a] for a in 1..D = h[a] * f[a]")
    assert isinstance(conv, tree.Conv)
    assert [cast(tree.Argument, each).name for each in conv.options] == [
        name("stride"),
        name("pad"),
    ]
    first, second = conv.relations
    assert (first.result.name.text, first.signal.name.text) == ("h'", "h")
    assert [tap.name.text for tap in first.taps] == ["i", "j"]
    assert second.result == tree.Ref(NOWHERE, name("g"), (A,))
    assert second.binder == tree.Binder(NOWHERE, A, number(1), name("D"))


def test_tensors() -> None:
    x, k, b = body(
        "input x[n, (s...)]\nweight(init: zeros) K[i in 1..d][r, s[i]], L[]\nbuffer b[n]"
    )
    assert isinstance(x, tree.Tensors)
    assert isinstance(k, tree.Tensors)
    assert isinstance(b, tree.Tensors)
    assert [each.kind for each in (x, k, b)] == ["input", "weight", "buffer"]
    family, scalar = k.declarations
    assert family.binder is not None
    assert family.modes.items == (name("r"), Subscript(NOWHERE, name("s"), (name("i"),)))
    assert (scalar.binder, scalar.modes.items) == (None, ())
    assert k.options == (tree.Argument(NOWHERE, name("init"), name("zeros")),)


def test_let_output_require() -> None:
    let, output, require = body('let a, b[n, t] = f(x)\noutput y = a\nrequire a == b, "no"')
    assert isinstance(let, tree.Let)
    assert [target.modes is None for target in let.targets] == [True, False]
    assert isinstance(output, tree.Output)
    assert output.target == tree.Target(NOWHERE, name("y"), None)
    assert isinstance(require, tree.Require)
    assert require.message == tree.String(NOWHERE, "no")


def test_layer_parameters() -> None:
    (layer,) = clean("tnn 1\nlayer L(S: [int], R: int = 16, act: layer = relu, q,) { }").items
    assert isinstance(layer, tree.Layer)
    sizes, rank, act, bare = layer.params
    assert sizes.type == tree.TypeList(NOWHERE, tree.TypeName(NOWHERE, "int"))
    assert (sizes.default, rank.default) == (None, number(16))
    assert (act.type, act.default) == (tree.TypeName(NOWHERE, "layer"), name("relu"))
    assert (bare.type, bare.default) == (None, None)
    assert layer.header.text == "layer L(S: [int], R: int = 16, act: layer = relu, q,)"
    assert not layer.incomplete


@pytest.mark.parametrize(
    ("path", "dots", "names"),
    [("std.nn", 0, ["std", "nn"]), (".zoo", 1, ["zoo"]), ("..zoo.tt", 2, ["zoo", "tt"]),
     ("...zoo", 3, ["zoo"]), ("....zoo", 4, ["zoo"])],
)  # fmt: skip
def test_imports(path: str, dots: int, names: list[str]) -> None:
    plain, chosen = clean(f"tnn 1\nimport {path} as m\nfrom {path} import relu, gelu as g").items
    assert isinstance(plain, tree.Import)
    assert isinstance(chosen, tree.FromImport)
    assert plain.path == chosen.path
    assert (plain.path.dots, [each.text for each in plain.path.names]) == (dots, names)
    assert plain.alias == name("m")
    assert chosen.names == (
        tree.ImportName(NOWHERE, name("relu"), None),
        tree.ImportName(NOWHERE, name("gelu"), name("g")),
    )


def test_externs() -> None:
    pointwise, norm = clean("""tnn 1
        extern(kind: pointwise) gelu = torch.nn.functional.gelu
        extern Norm(C: int): [n, c, ...], [c] -> [n, c, ...] = torch.nn.GroupNorm(8, C)
    """).items
    assert isinstance(pointwise, tree.Extern)
    assert isinstance(norm, tree.Extern)
    assert (pointwise.params, pointwise.signature) == (None, None)
    assert isinstance(pointwise.target, tree.Member)
    assert norm.signature is not None
    assert [len(each.items) for each in norm.signature.inputs] == [3, 1]
    assert [len(each.items) for each in norm.signature.outputs] == [3]


def test_tests() -> None:
    (test,) = clean('tnn 1\ntest "all" { let a = 1 assert a == 1, "one" }').items
    assert isinstance(test, tree.Test)
    assert test.title == tree.String(NOWHERE, "all")
    assert [type(each) for each in test.body] == [tree.Let, tree.Assert]


def test_documentation_is_attached() -> None:
    file = clean("""tnn 1
        ## A layer.
        ##
        ##   indented
        layer L(
          ## How many.
          S: int,
        ) {
          ## Weights.
          weight A[s], B[s]
          ## A value.
          let d = S
        }
        ## Extern.
        extern(kind: pointwise) gelu = torch.gelu
    """)
    layer, extern = file.items
    assert isinstance(layer, tree.Layer)
    assert isinstance(extern, tree.Extern)
    assert (layer.doc, extern.doc) == ("A layer.\n\n  indented", "Extern.")
    assert layer.params[0].doc == "How many."
    assert [cast(tree.Let, each).doc for each in layer.body] == ["Weights.", "A value."]
    assert layer.span.text.startswith("layer L(")
    assert layer.params[0].span.text == "S: int"


def test_comments_are_kept_for_the_formatter() -> None:
    file = clean("# one\r\ntnn 1 # two\r\nlayer L { # three\r\n}\r\n#four")
    assert [each.text for each in file.comments] == ["# one", "# two", "# three", "#four"]
    assert [each.span.line for each in file.comments] == [1, 2, 3, 5]


def test_names_are_normalised_as_python_does() -> None:
    (mode,) = body("mode ﬁ, e\u0301")
    assert [each.name.text for each in cast(tree.Mode, mode).declarations] == ["fi", "é"]


def test_trees_are_equal_if_they_mean_the_same() -> None:
    one = clean("tnn 1\nlayer L { mode n input x[n] output y[n] = x * x }")
    other = clean("tnn 1  # comment\nlayer L {\n mode n\n input x[n]\n output y[n] = x*x\n}")
    assert one == other
    assert one != clean("tnn 1\nlayer L { mode n input x[n] output y[n] = x + x }")


def test_walk_visits_every_node_before_what_it_holds() -> None:
    nodes = [*tree.walk(expression("a * f(b)"))]
    assert [type(each).__name__ for each in nodes] == [
        "Binary", "Name", "Call", "Name", "Argument", "Name",
    ]  # fmt: skip
    assert [each.text for each in nodes if isinstance(each, Name)] == ["a", "f", "b"]


def test_a_chain_is_flat() -> None:
    product = cast(Binary, expression("a * b * (c * a) * b"))
    inner = Group(NOWHERE, (binary("*", C, A),))
    assert tree.chain(product) == (A, B, inner, B)
    mixed = cast(Binary, expression("a * b + c * b"))
    assert tree.chain(mixed) == (binary("*", A, B), binary("*", C, B))


def test_a_chain_may_be_long() -> None:
    (let,) = body("let a = " + " * ".join(["b"] * 5000))
    value = cast(Binary, cast(tree.Let, let).value)
    assert len(tree.chain(value)) == 5000
    assert sum(isinstance(each, Name) for each in tree.walk(value)) == 5000


def test_nodes_cannot_be_changed() -> None:
    node: Node = expression("a")
    with pytest.raises(AttributeError):
        node.text = "b"  # type: ignore[attr-defined]
