"""Programs written by hand, as the lowering would make them, and what they compute.

Each comes with a plain torch function, written from the equation alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import torch

from tnc.diagnostics import Source, Span
from tnc.emit import emit
from tnc.emit.errors import ShapeError
from tnc.emit.expression import names, parse
from tnc.emit.load import load_module
from tnc.ir.graph import Builder
from tnc.ir.layer import Axes, Initial, Layer, Port, RunTimeSize, Weight
from tnc.ir.plan import Alternative, Plan, Step
from tnc.ir.program import Invoke, Line, Program, Routine
from tnc.ir.size import Size
from tnc.ir.tensor import Mode
from tnc.ops.leaf import Leaf

HASH = "0" * 64


@dataclass(frozen=True)
class Case:
    """A program, the equation as a function of inputs and weights, and shapes to try it with."""

    program: Program
    equation: Callable[..., object]
    shapes: tuple[tuple[int, ...], ...]

    @property
    def plan(self) -> Plan:
        return plan_of(self.program.layer)


def axes(*groups: Mode | tuple[Mode, ...]) -> Axes:
    return tuple(group if isinstance(group, tuple) else (group,) for group in groups)


def size_of(axis: Iterable[Mode]) -> Size:
    return Size.product(mode.size for mode in axis)


class Written:
    """Declares the tensors of a layer, one per line of an imagined `.tnn`."""

    def __init__(self, name: str, lines: Sequence[str], file: str = "layers/hand.tnn") -> None:
        self.name = name
        self.source = Source(file, "\n".join(lines))
        self.builder = Builder()

    def at(self, line: int) -> Span:
        start = self.source.starts[line - 1]
        return self.source.span(start, start + 1)

    def port(self, name: str, line: int, *groups: Mode | tuple[Mode, ...]) -> Port:
        where = axes(*groups)
        value = self.builder.make(Leaf("input", name, where))
        return Port(name, where, value, self.at(line))

    def weight(
        self, name: str, line: int, *groups: Mode | tuple[Mode, ...], **options: object
    ) -> Weight:
        where = axes(*groups)
        value = self.builder.make(Leaf("weight", name, where))
        initial = options.pop("initial", Initial("normal", (("std", 0.5),)))
        return Weight(name, where, value, initial, self.at(line), **options)  # type: ignore[arg-type]

    def layer(
        self,
        modes: Sequence[Mode],
        inputs: Sequence[Port],
        weights: Sequence[Weight],
        outputs: Sequence[Port],
        run_time: Sequence[tuple[str, Sequence[Size]]],
        doc: str = "",
    ) -> Layer:
        equations = tuple(
            line.strip() for line in self.source.text.splitlines() if "=" in line and "[" in line
        )
        return Layer(
            self.name,
            doc,
            tuple((str(m).upper(), str(m.size)) for m in modes if m.size.value is not None),
            tuple(modes),
            tuple(inputs),
            tuple(weights),
            tuple(outputs),
            equations,
            tuple(RunTimeSize(symbol, tuple(sources)) for symbol, sources in run_time),
            self.source,
            self.at(1),
            builder=self.builder,
        )


def plan_of(layer: Layer, macs: int = 8_388_608) -> Plan:
    step = Step(
        ("x[n s]", "A[r s]"),
        "[n r]",
        "matrix product",
        macs,
        (macs, macs),
        1_572_864,
        65_536,
        True,
        (),
        4,
    )
    conv = replace(step, kind="convolution", relations=("h 32 -> h' 16, stride 2, pad 1 1",))
    binding = tuple((entry.symbol, 32) for entry in layer.run_time)
    return Plan(
        layer.name,
        "time",
        "cpu",
        binding,
        (step, conv),
        macs * 2,
        macs * 4,
        3_145_728,
        65_536,
        131_072,
        0.001,
        1_024,
        4_096,
        (Alternative("left to right", macs * 3, 1, 0.1),),
    )


def line(target: str, expression: str, comment: str = "", **more: object) -> Line:
    targets = tuple(part.strip() for part in target.split(","))
    reads = tuple(sorted(names(parse(expression)) - {"torch"}))
    return Line(targets, expression, reads, comment, **more)  # type: ignore[arg-type]


def mode(name: str, size: int | None = None) -> Mode:
    return Mode(name, Size.symbol(name) if size is None else Size.of(size))


def matmul(leading: bool = False, bias: bool = False, prefix: str = "") -> Case:
    """y[n, t] = x[n, s] * A[r, s] * B[r, t] (+ b[t])."""
    n, s, r, t = mode("..." if leading else "n"), mode("s", 5), mode("r", 3), mode("t", 4)
    lines = [
        "tnn 1",
        "layer Matmul {",
        "  input x[n, s]",
        "  weight A[r, s]",
        "  weight B[r, t]",
        "  weight b[t]",
        "  output y[n, t] = x * A * B" + " + b" * bias,
    ]
    made = Written(f"{prefix}Matmul", lines)
    weights = [made.weight("A", 4, r, s), made.weight("B", 5, r, t, doc="the second factor")]
    if bias:
        weights.append(made.weight("b", 6, t, initial=Initial("uniform", (("low", -1.0),))))
    layer = made.layer(
        [n, s, r, t],
        [made.port("x", 3, n, s)],
        weights,
        [made.port("y", 7, n, t)],
        [(str(n), [Size.symbol("x.0")])],
        'Two matrices in a row, of which the product is "low rank".\n\nSee `A` and\n  `B`.',
    )
    at = made.at(7)
    routine = Routine(
        "matmul",
        ("x", "A", "B"),
        (line("n", "x.shape[0]"),),
        (
            line("u", "torch.mm(x, A.t())", "n s · r s -> n r", origin=at),
            line("y", "torch.mm(u, B)", "n r · r t -> n t", origin=at),
        ),
        ("y",),
        ("u",),
        ("y_bar",),
        (
            line("B_bar", "torch.mm(u.t(), y_bar)", "r t <- n r · n t", needs=frozenset({2})),
            line("u_bar", "torch.mm(y_bar, B.t())", needs=frozenset({0, 1})),
            line("x_bar", "torch.mm(u_bar, A)", needs=frozenset({0})),
            line("A_bar", "torch.mm(u_bar.t(), x)", needs=frozenset({1})),
        ),
        ("x_bar", "A_bar", "B_bar"),
        ("x_dot", "A_dot", "B_dot"),
        (
            line("u_dot", "torch.mm(x_dot, A.t()) + torch.mm(x, A_dot.t())"),
            line("y_dot", "torch.mm(u_dot, B) + torch.mm(u, B_dot)"),
        ),
        ("y_dot",),
    )
    body: list[Line | Invoke] = [Invoke(routine, ("z",), ("x", "A", "B"), at)]
    if bias:
        body.append(line("y", "z + b", "n t + t", origin=at))
    program = Program(layer, (routine,), tuple(body), ("y" if bias else "z",), ((str(n), "batch"),))

    def equation(x: torch.Tensor, A: torch.Tensor, B: torch.Tensor, *b: torch.Tensor) -> object:
        y = torch.einsum("...s,rs,rt->...t", x, A, B)
        return y + b[0] if b else y

    return Case(program, equation, ((2, 3, 5) if leading else (6, 5),))


def depthwise() -> Case:
    """y[n, c, h', w'] = x[n, c, h, w] * C[c, i] * D[c, j] + z[n, c, h', w'], same padding."""
    n, h, w, c, i, j = mode("n"), mode("h"), mode("w"), mode("c", 3), mode("i", 3), mode("j", 3)
    h2, w2 = Mode("h'", h.size), Mode("w'", w.size)
    lines = [
        "tnn 1",
        "layer Depthwise {",
        "  input x[n, c, h, w], z[n, c, h', w']",
        "  weight C[c, i], D[c, j]",
        "  let k[c, i, j] = C * D",
        "  output y[n, c, h', w'] = x * k + z",
    ]
    made = Written("Depthwise", lines)
    layer = made.layer(
        [n, h, w, c, i, j, h2, w2],
        [made.port("x", 3, n, c, h, w), made.port("z", 3, n, c, h2, w2)],
        [made.weight("C", 4, c, i), made.weight("D", 4, c, j)],
        [made.port("y", 6, n, c, h2, w2)],
        [
            (name, [Size.symbol(f"x.{k}"), Size.symbol(f"z.{k}")])
            for name, k in (("n", 0), ("h", 2), ("w", 3))
        ],
    )
    back = (
        "torch.ops.aten.convolution_backward(y_bar, x, k.unsqueeze(1), None, [1, 1], [1, 1], "
        "[1, 1], False, [0, 0], 3, [needs_x, needs_k, False])"
    )
    first = line("k", "C.unsqueeze(2) * D.unsqueeze(1)", "c i * c j -> c i j", origin=made.at(5))
    second = "n c h w * c i j -> n c h' w'   depthwise"
    forward = "torch.conv2d(x, k.unsqueeze(1), None, 1, 1, 1, 3)"
    varied = "C_dot.unsqueeze(2) * D.unsqueeze(1) + C.unsqueeze(2) * D_dot.unsqueeze(1)"
    routine = Routine(
        "depthwise",
        ("x", "C", "D", "z"),
        (line("n, h, w", "x.shape[0], x.shape[2], x.shape[3]"),),
        (
            first,
            line("v", forward, second, origin=made.at(6)),
            line("y", "v + z", origin=made.at(6)),
        ),
        ("y",),
        ("k",),
        ("y_bar",),
        (
            line(
                "x_bar",
                back.replace("needs_x, needs_k", "True, False") + "[0]",
                "n c h w <- n c h' w' * c i j",
                needs=frozenset({0}),
            ),
            line(
                "k_bar",
                back.replace("needs_x, needs_k", "False, True") + "[1].squeeze(1)",
                "c i j <- n c h w * n c h' w'",
                needs=frozenset({1, 2}),
            ),
            line("C_bar", "(k_bar * D.unsqueeze(1)).sum(2)", needs=frozenset({1})),
            line("D_bar", "(k_bar * C.unsqueeze(2)).sum(1)", needs=frozenset({2})),
        ),
        ("x_bar", "C_bar", "D_bar", "y_bar"),
        ("x_dot", "C_dot", "D_dot", "z_dot"),
        (
            line("k_dot", varied),
            line("a", "torch.conv2d(x_dot, k.unsqueeze(1), None, 1, 1, 1, 3)"),
            line("y_dot", "a + torch.conv2d(x, k_dot.unsqueeze(1), None, 1, 1, 1, 3) + z_dot"),
        ),
        ("y_dot",),
    )
    body = (Invoke(routine, ("y",), ("x", "C", "D", "z"), made.at(6)),)
    program = Program(layer, (routine,), body, ("y",), (("n", "n"), ("h", "h"), ("w", "w")))

    def equation(
        x: torch.Tensor, z: torch.Tensor, C: torch.Tensor, D: torch.Tensor
    ) -> torch.Tensor:
        kernel = torch.einsum("ci,cj->cij", C, D)[:, None]
        return torch.nn.functional.conv2d(x, kernel, padding=1, groups=3) + z

    return Case(program, equation, ((2, 3, 5, 4), (2, 3, 5, 4)))


def attention() -> Case:
    """p = softmax(x * Q * K), y = p * x * V: two routines with a barrier between, and a mask."""
    n, t, u, e, f = mode("n"), mode("t"), Mode("u", Size.symbol("t")), mode("e", 4), mode("f", 3)
    lines = [
        "tnn 1",
        "layer Attention {",
        "  input x[n, t, e]",
        "  weight Q[e, f], V[e, f]",
        "  let a[n, t, u] = x * Q * x[n, u, e'] * Q[e', f]",
        "  output y[n, t, f] = softmax(a, over: u) * x[n, u, e] * V",
    ]
    made = Written("Attention", lines)
    layer = made.layer(
        [n, t, u, e, f],
        [made.port("x", 3, n, t, e)],
        [
            made.weight("Q", 4, e, f, initial=Initial("orthogonal")),
            made.weight("V", 4, e, f, initial=Initial("identity")),
            made.weight("scale", 4, trained=False, initial=Initial("ones")),
        ],
        [made.port("y", 6, n, t, f)],
        [("n", [Size.symbol("x.0")]), ("t", [Size.symbol("x.1")])],
    )
    scores = Routine(
        "scores",
        ("x", "Q"),
        (),
        (
            line("q", "torch.matmul(x, Q)", "n t e · e f -> n t f", origin=made.at(5)),
            line("a", "torch.bmm(q, q.mT)", "n t f · n u f -> n t u", origin=made.at(5)),
        ),
        ("a",),
        ("q",),
        ("a_bar",),
        (
            line("q_bar", "torch.bmm(a_bar, q) + torch.bmm(a_bar.mT, q)", needs=frozenset({0, 1})),
            line("x_bar", "torch.matmul(q_bar, Q.t())", needs=frozenset({0})),
            line(
                "Q_bar",
                "torch.mm(x.reshape(-1, 4).t(), q_bar.reshape(-1, 3))",
                needs=frozenset({1}),
            ),
        ),
        ("x_bar", "Q_bar"),
        ("x_dot", "Q_dot"),
        (
            line("q_dot", "torch.matmul(x_dot, Q) + torch.matmul(x, Q_dot)"),
            line("a_dot", "torch.bmm(q_dot, q.mT) + torch.bmm(q, q_dot.mT)"),
        ),
        ("a_dot",),
    )
    values = Routine(
        "values",
        ("p", "x", "V"),
        (),
        (
            line("v", "torch.matmul(x, V)", origin=made.at(6)),
            line("y", "torch.bmm(p, v)", origin=made.at(6)),
        ),
        ("y",),
        ("v",),
        ("y_bar",),
        (
            line("p_bar", "torch.bmm(y_bar, v.mT)", needs=frozenset({0})),
            line("v_bar", "torch.bmm(p.mT, y_bar)", needs=frozenset({1, 2})),
            line("x_bar", "torch.matmul(v_bar, V.t())", needs=frozenset({1})),
            line(
                "V_bar",
                "torch.mm(x.reshape(-1, 4).t(), v_bar.reshape(-1, 3))",
                needs=frozenset({2}),
            ),
        ),
        ("p_bar", "x_bar", "V_bar"),
        ("p_dot", "x_dot", "V_dot"),
        (
            line("v_dot", "torch.matmul(x_dot, V) + torch.matmul(x, V_dot)"),
            line("y_dot", "torch.bmm(p_dot, v) + torch.bmm(p, v_dot)"),
        ),
        ("y_dot",),
    )
    body = (
        Invoke(scores, ("a",), ("x", "Q"), made.at(5)),
        line("steps", "torch.arange(t, device=x.device)", origin=made.at(6)),
        line("past", "steps.unsqueeze(1) >= steps", origin=made.at(6)),
        line("m", 'torch.where(past, a * scale, float("-inf"))', "causal", origin=made.at(6)),
        line("p", "torch.softmax(m, 2)", "softmax over u", origin=made.at(6)),
        Invoke(values, ("y",), ("p", "x", "V"), made.at(6)),
    )
    program = Program(layer, (scores, values), body, ("y",), (("n", "n"), ("t", "t")))

    def equation(
        x: torch.Tensor, Q: torch.Tensor, V: torch.Tensor, scale: torch.Tensor
    ) -> torch.Tensor:
        a = torch.einsum("nte,ef,nug,gf->ntu", x, Q, x, Q) * scale
        future = torch.triu(torch.ones(a.shape[1:], dtype=torch.bool, device=a.device), 1)
        p = a.masked_fill(future, -torch.inf).softmax(2)
        return torch.einsum("ntu,nue,ef->ntf", p, x, V)

    return Case(program, equation, ((2, 3, 4),))


def outputs() -> Case:
    """a[n, r] = x * A, b[n, t] = x * A * B, and a sum without any saved intermediate."""
    n, s, r, t = mode("n"), mode("s", 5), mode("r", 3), mode("t", 4)
    lines = [
        "tnn 1",
        "layer Outputs {",
        "  input x[n, s]",
        "  weight A[s, r], B[r, t]",
        "  output a[n, r] = x * A",
        "  output b[n, t] = x * A * B",
        "  output c[n] = sum(x, over: s)",
    ]
    made = Written("Outputs", lines)
    layer = made.layer(
        [n, s, r, t],
        [made.port("x", 3, n, s)],
        [made.weight("A", 4, s, r), made.weight("B", 4, r, t)],
        [made.port("a", 5, n, r), made.port("b", 6, n, t), made.port("c", 7, n)],
        [("n", [Size.symbol("x.0")])],
    )
    routine = Routine(
        "products",
        ("x", "A", "B"),
        (),
        (line("a", "torch.mm(x, A)"), line("b", "torch.mm(a, B)")),
        ("a", "b"),
        (),
        ("a_bar", "b_bar"),
        (
            line("v", "a_bar + torch.mm(b_bar, B.t())", needs=frozenset({0, 1})),
            line("x_bar", "torch.mm(v, A.t())", needs=frozenset({0})),
            line("A_bar", "torch.mm(x.t(), v)", needs=frozenset({1})),
            line("w", "torch.mm(x, A)", needs=frozenset({2})),
            line("B_bar", "torch.mm(w.t(), b_bar)", needs=frozenset({2})),
        ),
        ("x_bar", "A_bar", "B_bar"),
        ("x_dot", "A_dot", "B_dot"),
        (
            line("a_dot", "torch.mm(x_dot, A) + torch.mm(x, A_dot)"),
            line("b_dot", "torch.mm(a_dot, B) + torch.mm(torch.mm(x, A), B_dot)"),
        ),
        ("a_dot", "b_dot"),
    )
    total = Routine(
        "total",
        ("x",),
        (line("n, s", "x.shape"),),
        (line("c", "x.sum(1)"),),
        ("c",),
        (),
        ("c_bar",),
        (line("x_bar", "c_bar.unsqueeze(1).expand(n, s)"),),
        ("x_bar",),
        ("x_dot",),
        (line("c_dot", "x_dot.sum(1)"),),
        ("c_dot",),
    )
    body = (
        Invoke(routine, ("a", "b"), ("x", "A", "B"), made.at(6)),
        Invoke(total, ("c",), ("x",), made.at(7)),
    )
    program = Program(layer, (routine, total), body, ("a", "b", "c"), (("n", "n"),))

    def equation(x: torch.Tensor, A: torch.Tensor, B: torch.Tensor) -> object:
        return x @ A, x @ A @ B, x.sum(1)

    return Case(program, equation, ((6, 5),))


def merged() -> Case:
    """y[n, (t u)] = x[n, (s q)] * A[s, t] * z[(n q), u]: merged axes, one with a run-time size."""
    n, s, q, t, u = mode("n"), mode("s", 2), mode("q", 3), mode("t", 4), mode("u", 2)
    lines = [
        "tnn 1",
        "layer Merged {",
        "  input x[n, (s q)]",
        "  input z[(n q), u]",
        "  weight A[s, t]",
        "  output y[n, (t u)] = x * A * z",
    ]
    made = Written("Merged", lines)
    layer = made.layer(
        [n, s, q, t, u],
        [made.port("z", 4, (n, q), u), made.port("x", 3, n, (s, q))],
        [made.weight("A", 5, s, t)],
        [made.port("y", 6, n, (t, u))],
        [("n", [Size.symbol("z.0") // 3, Size.symbol("x.0")])],
    )
    body = (
        line("a", "x.reshape(n, 2, 3)"),
        line("b", "torch.matmul(A.t(), a)"),
        line("y", "torch.bmm(b, z.reshape(n, 3, 2)).flatten(1)"),
    )
    program = Program(layer, (), body, ("y",), (("n", "n"),))

    def equation(z: torch.Tensor, x: torch.Tensor, A: torch.Tensor) -> object:
        parts = x.unflatten(1, (2, 3)), A, z.unflatten(0, (-1, 3))
        return torch.einsum("nsq,st,nqu->ntu", *parts).flatten(1)

    return Case(program, equation, ((12, 2), (4, 6)))


CASES: dict[str, Callable[[], Case]] = {
    "matmul": matmul,
    "leading": lambda: matmul(leading=True, prefix="Leading"),
    "bias": lambda: matmul(bias=True, prefix="Bias"),
    "depthwise": depthwise,
    "attention": attention,
    "outputs": outputs,
    "merged": merged,
}


def text_of(case: Case, backward: str = "derived") -> str:
    return emit(
        [(case.program, case.plan)],
        sources=[(case.program.layer.source.name, HASH)],
        version="0.1.0",
        backward=backward,  # type: ignore[arg-type]
    )


def instance(case: Case, backward: str = "derived", **options: object) -> torch.nn.Module:
    """A layer of the generated module."""
    module = load_module(text_of(case, backward), "hand", shape_error=ShapeError)
    made: torch.nn.Module = getattr(module, case.program.layer.name)(**options)
    return made


def tensors(case: Case, dtype: torch.dtype = torch.float64) -> list[torch.Tensor]:
    return [torch.randn(shape, dtype=dtype) for shape in case.shapes]


def held(layer: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Parameters and buffers."""
    return dict(layer.state_dict(keep_vars=True))


def reference(case: Case, layer: torch.nn.Module) -> Callable[..., object]:
    """The equation, with the weights of `layer`."""
    return lambda *inputs: case.equation(*inputs, *held(layer).values())
