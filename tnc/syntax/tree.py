"""The syntax tree: one frozen dataclass per construct, each with the place where it is written.

Trees are equal if they mean the same text: spans take no part in comparison, nor do comments.
Expressions live in `expression` and are found here too.
"""

from dataclasses import field
from typing import Literal

from tnc.diagnostics.span import Span
from tnc.record import record
from tnc.syntax.expression import (
    Argument,
    Binary,
    Binder,
    Bool,
    Call,
    Compare,
    Ellipsis,
    Expr,
    Float,
    Generator,
    Group,
    If,
    Int,
    ListExpr,
    ListFor,
    Member,
    Name,
    Pipe,
    Repeat,
    Splat,
    String,
    Subscript,
    Unary,
    chain,
)
from tnc.syntax.node import Node, children, walk

__all__ = [
    "Argument", "Assert", "Binary", "Binder", "Bool", "Call", "Comment", "Compare", "Conv",
    "Edition", "Einsum", "Ellipsis", "Expr", "Extern", "File", "Float", "FromImport", "Generator",
    "Group", "If", "Import", "ImportName", "Int", "Item", "Layer", "Let", "ListExpr", "ListFor",
    "Member", "Mode", "ModeDecl", "ModeList", "ModulePath", "Name", "Node", "Output", "Param",
    "Pipe", "Ref", "Relation", "Repeat", "Require", "Signature", "Splat", "Statement", "String",
    "Subscript", "Target", "TensorDecl", "Tensors", "Test", "TypeExpr", "TypeList", "TypeName",
    "Unary", "chain", "children", "walk",
]  # fmt: skip

# ---------------------------------------------------------------- statements of a layer


@record
class ModeDecl(Node):
    """`n` (size at run time), `s: S` (size), `c = (s...)` (alias), `s[i in 1..d]: S[i]` (family).

    At most one of `size` and `alias` is set.
    """

    name: Name
    binder: Binder | None
    size: Expr | None
    alias: Expr | None


@record
class Mode(Node):
    """`mode n, s: S`."""

    declarations: tuple[ModeDecl, ...]


@record
class Ref(Node):
    """A mode in a relation: `h'`, `h[a]`."""

    name: Name
    indices: tuple[Expr, ...]


@record
class Relation(Node):
    """`result = signal * tap * …`, possibly `result for a in 1..D = …`; one tap or more."""

    result: Ref
    binder: Binder | None
    signal: Ref
    taps: tuple[Ref, ...]


@record
class Conv(Node):
    """`conv(stride: 2) h' = h * i, w' = w * j`; the options apply to every relation."""

    options: tuple[Argument | Generator, ...]
    relations: tuple[Relation, ...]


@record
class ModeList(Node):
    """`[n, (s...), h, ...]`, brackets included; items are Name, Subscript, Group, Splat."""

    items: tuple[Expr, ...]


@record
class TensorDecl(Node):
    """`A[r, s]`; a family: `G[i in 1..d][r[i - 1], s[i]]`."""

    name: Name
    binder: Binder | None
    modes: ModeList


@record
class Tensors(Node):
    """`input …`, `weight(init: zeros) …`, `buffer …`; options and doc hold for each declaration."""

    kind: Literal["input", "weight", "buffer"]
    options: tuple[Argument | Generator, ...]
    declarations: tuple[TensorDecl, ...]
    doc: str | None


@record
class Target(Node):
    """What a `let` or an `output` binds: `y[n, t]`, or `y` with `modes` None."""

    name: Name
    modes: ModeList | None


@record
class Let(Node):
    """`let a, b = Split(x)`; also stands in files and in tests."""

    targets: tuple[Target, ...]
    value: Expr
    doc: str | None


@record
class Output(Node):
    """`output y[n, t] = x * A`."""

    target: Target
    value: Expr


@record
class Require(Node):
    """`require len(S) == len(T), "…"`."""

    condition: Expr
    message: String | None


Statement = Mode | Conv | Tensors | Let | Output | Require


# ---------------------------------------------------------------- files


@record
class TypeName(Node):
    """`int`, `float`, `bool`, `str`, `layer`, or a name that is no type (to be reported)."""

    text: str


@record
class TypeList(Node):
    """`[element]`."""

    element: "TypeName | TypeList"


TypeExpr = TypeName | TypeList


@record
class Param(Node):
    """`R: int = 16`."""

    name: Name
    type: TypeExpr | None
    default: Expr | None
    doc: str | None


@record
class Layer(Node):
    """`layer L(…) { … }`. `header` covers what is written before the brace.

    `incomplete` says that parameters or statements were lost to syntax errors: that something is
    missing in such a layer, or never used, is no news. `poisoned` are the names in what was
    lost: that one of them is unknown in the layer needs no second error.
    """

    name: Name
    params: tuple[Param, ...]
    body: tuple[Statement, ...]
    doc: str | None
    header: Span = field(compare=False, repr=False)
    incomplete: bool = field(default=False, compare=False, repr=False)
    poisoned: frozenset[str] = field(default=frozenset(), compare=False, repr=False)


@record
class ModulePath(Node):
    """`std.nn` has `dots` 0, `.zoo.tt` 1, `..zoo` 2."""

    dots: int
    names: tuple[Name, ...]


@record
class Import(Node):
    """`import .zoo.tt as tt`."""

    path: ModulePath
    alias: Name | None


@record
class ImportName(Node):
    """`relu as r` in a `from … import …`."""

    name: Name
    alias: Name | None


@record
class FromImport(Node):
    """`from std.nn import relu, BatchNorm`."""

    path: ModulePath
    names: tuple[ImportName, ...]


@record
class Signature(Node):
    """`[n, c, ...] -> [n, c, ...]`."""

    inputs: tuple[ModeList, ...]
    outputs: tuple[ModeList, ...]


@record
class Extern(Node):
    """`extern Norm(C: int): [n, c, ...] -> [n, c, ...] = torch.nn.GroupNorm(8, C)`.

    `params` is None where no parentheses are written.
    """

    name: Name
    options: tuple[Argument | Generator, ...]
    params: tuple[Param, ...] | None
    signature: Signature | None
    target: Expr
    doc: str | None


@record
class Assert(Node):
    """`assert params(L()) == 88, "…"`."""

    condition: Expr
    message: String | None


@record
class Test(Node):
    """`test "…" { … }`."""

    title: String
    body: tuple[Let | Assert, ...]


Item = Import | FromImport | Layer | Extern | Test | Let


@record
class Edition(Node):
    """`tnn 1`."""

    number: int


@record
class Comment(Node):
    """A `#` comment, or a `##` that documents nothing; `text` as it is written, `#` included."""

    text: str


@record
class File(Node):
    """One `.tnn` text.

    `poisoned` are names whose declarations outside of layers were lost to syntax errors: an unknown
    name among them needs no second error. `comments` are all comments, in order, for the formatter.
    """

    edition: Edition | None
    items: tuple[Item, ...]
    poisoned: frozenset[str] = frozenset()
    comments: tuple[Comment, ...] = field(default=(), compare=False, repr=False)


@record
class Einsum(Node):
    """The equation of `tnc.einsum`, `n s, r s -> n r`.

    An operand or the result is a tuple of modes, perhaps with one `...`. Where no `->` is written,
    `result` is numpy's: `...`, then the modes that occur once, sorted. Each entry of `relations`
    is a group of relations which share their options, like the statement `conv` in a layer.
    """

    operands: tuple[tuple[Name | Ellipsis, ...], ...]
    result: tuple[Name | Ellipsis, ...]
    relations: tuple[Conv, ...]
