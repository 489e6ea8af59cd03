"""`tnc.layer`: write a layer in Python. It makes the same syntax tree as the parser."""

from __future__ import annotations

from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal

from tnc.api.compiled import Compiled, compile
from tnc.api.expressions import Expression, call, node_of
from tnc.api.places import Written, caller
from tnc.diagnostics import NOWHERE, CompileError, Span
from tnc.syntax import tree
from tnc.syntax.tree import Statement
from tnc.syntax.unparse import file_text, statement_text

if TYPE_CHECKING:
    from torch import nn

EDITION = 1
_TYPES: dict[object, tree.TypeExpr] = {
    int: tree.TypeName(NOWHERE, "int"),
    float: tree.TypeName(NOWHERE, "float"),
    bool: tree.TypeName(NOWHERE, "bool"),
    str: tree.TypeName(NOWHERE, "str"),
    list: tree.TypeList(NOWHERE, tree.TypeName(NOWHERE, "int")),
    list[int]: tree.TypeList(NOWHERE, tree.TypeName(NOWHERE, "int")),
}


class layer:  # noqa: N801
    """A layer, written in Python.

        with tnc.layer("CPConv", S=int, T=int, R=16) as L:
            n, h, w = L.modes("n h w")
            s, t, r = L.modes("s t r", L.S, L.T, L.R)
            i, j = L.modes("i j", 3, 3)
            h2, w2 = L.conv(h, i, pad="same"), L.conv(w, j, pad="same")
            x = L.input("x", n, s, h, w)
            A, B = L.weight("A", r, s), L.weight("B", r, t)
            C, D = L.weight("C", r, i), L.weight("D", r, j)
            L.output("y", (n, t, h2, w2), x * A * B * C * D)
        L.source()  # the `.tnn` text
        L(S=64, T=64)  # a torch.nn.Module

    Parameters are attributes: a type declares one that must be given, a value one with a default.
    """

    def __init__(self, name: str, /, *, doc: str | None = None, **parameters: Any) -> None:
        self._name = name
        self._doc = doc
        self._params = tuple(_param(each, value) for each, value in parameters.items())
        self._body: list[tree.Statement] = []
        self._begun = caller()
        self._calls: list[Span] = []

    def __enter__(self) -> layer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None

    def __getattr__(self, name: str) -> Expression:
        if name.startswith("_") or all(param.name.text != name for param in self._params):
            raise AttributeError(f"layer {self._name} has no parameter {name!r}")
        return Expression(tree.Name(NOWHERE, name))

    # ------------------------------------------------------------------ declarations
    def modes(self, names: str, *sizes: object) -> tuple[Expression, ...]:
        """Declare modes, separated by spaces: of the given sizes, or known at run time."""
        listed = names.split()
        if sizes and len(sizes) != len(listed):
            raise TypeError(f"{len(listed)} modes but {len(sizes)} sizes")
        declared = tuple(
            tree.ModeDecl(NOWHERE, _name(name), None, node_of(size) if sized else None, None)
            for name, size, sized in zip(
                listed, sizes or [None] * len(listed), [bool(sizes)] * len(listed), strict=True
            )
        )
        self._write(tree.Mode(NOWHERE, declared))
        return tuple(Expression(_name(name)) for name in listed)

    def mode(self, name: str, size: object = None) -> Expression:
        """Declare one mode."""
        (declared,) = self.modes(name) if size is None else self.modes(name, size)
        return declared

    def conv(
        self, signal: Expression, *taps: Expression, name: str | None = None, **options: object
    ) -> Expression:
        """Declare `name = signal * taps`, by default `signal` with a prime; gives the new mode.

        Options: `stride`, `dilation`, `pad` (a number, a pair, or a word such as `"same"`),
        `flip`, `border`.
        """
        result = name or f"{signal}'"
        relation = tree.Relation(
            NOWHERE,
            tree.Ref(NOWHERE, _name(result), ()),
            None,
            _ref(signal),
            tuple(map(_ref, taps)),
        )
        self._write(tree.Conv(NOWHERE, _options(options), (relation,)))
        return Expression(_name(result))

    def input(self, name: str, *modes: object) -> Expression:
        """Declare an input over its axes; a tuple of modes is one merged axis."""
        return self._tensor("input", name, modes, {})

    def weight(self, name: str, *modes: object, **options: object) -> Expression:
        """Declare a trained tensor; `init="zeros"` or `init=L.call("normal", std=0.1)`."""
        return self._tensor("weight", name, modes, options)

    def buffer(self, name: str, *modes: object, **options: object) -> Expression:
        """Declare a tensor which is saved but not trained."""
        return self._tensor("buffer", name, modes, options)

    def let(self, name: str, modes: tuple[object, ...] | None, value: object) -> Expression:
        """Name an intermediate; its modes say which survive."""
        self._write(tree.Let(NOWHERE, (_target(name, modes),), node_of(value), None))
        return Expression(_name(name))

    def output(self, name: str, modes: tuple[object, ...], value: object) -> None:
        """Declare an output over its axes."""
        self._write(tree.Output(NOWHERE, _target(name, modes), node_of(value)))

    def require(self, condition: Expression, message: str | None = None) -> None:
        """Refuse parameters for which the condition fails."""
        said = tree.String(NOWHERE, message) if message else None
        self._write(tree.Require(NOWHERE, condition.node, said))

    def call(self, function: str, *operands: object, **named: object) -> Expression:
        """`L.call("softmax", z, over=u)`, `L.call("sqrt", L.call("size", c))`."""
        return call(function, *operands, **named)

    # ------------------------------------------------------------------ results
    def tree(self) -> tree.File:
        """The syntax tree, equal to what parsing `source()` gives."""
        made = tree.Layer(
            NOWHERE, _name(self._name), self._params, tuple(self._body), self._doc, NOWHERE
        )
        return tree.File(NOWHERE, tree.Edition(NOWHERE, EDITION), (made,))

    def source(self) -> str:
        """The `.tnn` text."""
        return file_text(self.tree())

    def compile(self, **options: Any) -> Compiled:
        """As `tnc.compile`, of this layer: `set=`, `bind=`, `objective=` … Diagnostics point at
        the calls of the builder."""
        try:
            made = compile(source=self.source(), layer=self._name, **options)
        except CompileError as error:
            raise CompileError(self._written().located(error.diagnostics)) from None
        return replace(made, diagnostics=self._written().located(made.diagnostics))

    def __call__(self, **settings: Any) -> nn.Module:
        """The layer with these parameters, as a module."""
        made: nn.Module = getattr(self.compile(set=settings).module, self._name)()
        return made

    def _write(self, statement: Statement) -> None:
        self._body.append(statement)
        self._calls.append(caller())

    def _written(self) -> Written:
        """The calls behind the lines of `source()`."""
        text = self.source().splitlines()
        body = [
            (call, statement_text(each)) for call, each in zip(self._calls, self._body, strict=True)
        ]
        lines = [each for each in body for _ in each[1].splitlines()]
        ahead = len(text) - len(lines) - 1
        begun = (self._begun, text[ahead - 1].removesuffix(" {"))
        return Written([*[begun] * ahead, *lines, begun])

    def _tensor(
        self,
        kind: Literal["input", "weight", "buffer"],
        name: str,
        modes: tuple[object, ...],
        options: dict[str, object],
    ) -> Expression:
        declared = tree.TensorDecl(NOWHERE, _name(name), None, _modes(modes))
        self._write(tree.Tensors(NOWHERE, kind, _options(options), (declared,), None))
        return Expression(_name(name))


def _name(text: str) -> tree.Name:
    return tree.Name(NOWHERE, text)


def _ref(mode: Expression) -> tree.Ref:
    if not isinstance(mode.node, tree.Name):
        raise TypeError(f"`{mode}` is not a mode")
    return tree.Ref(NOWHERE, mode.node, ())


def _target(name: str, modes: tuple[object, ...] | None) -> tree.Target:
    return tree.Target(NOWHERE, _name(name), None if modes is None else _modes(modes))


def _modes(modes: tuple[object, ...]) -> tree.ModeList:
    return tree.ModeList(NOWHERE, tuple(map(node_of, modes)))


def _options(options: dict[str, object]) -> tuple[tree.Argument | tree.Generator, ...]:
    """Words such as `same` and `zeros` are names in the language, strings in Python."""
    return tuple(
        tree.Argument(
            NOWHERE, _name(name), _name(value) if isinstance(value, str) else node_of(value)
        )
        for name, value in options.items()
    )


def _param(name: str, value: Any) -> tree.Param:
    if declared := _TYPES.get(value) if isinstance(value, type) or value == list[int] else None:
        return tree.Param(NOWHERE, _name(name), declared, None, None)
    kind = _TYPES.get(type(value))
    if kind is None:
        raise TypeError(f"parameter {name}: {value!r} is no type and no value of the language")
    return tree.Param(NOWHERE, _name(name), kind, node_of(value), None)
