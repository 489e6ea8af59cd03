"""Declared tensors: inputs, weights and buffers, one leaf of the graph each."""

from __future__ import annotations

from collections.abc import Iterator

from tnc.diagnostics import Label, Report
from tnc.elaborate.evaluate import indices, options
from tnc.elaborate.modes import Single, written
from tnc.elaborate.names import FAULTY, Family, Tensor
from tnc.elaborate.reserved import refuse_reserved
from tnc.elaborate.scope import Scope
from tnc.elaborate.values import UNSET
from tnc.ir.layer import Axes
from tnc.ops import Leaf
from tnc.record import record
from tnc.syntax import tree

OPTIONS = frozenset({"init"})

ATTRIBUTES = frozenset(
    [
        "add_module",
        "apply",
        "bfloat16",
        "buffers",
        "call_super_init",
        "children",
        "compile",
        "cpu",
        "cuda",
        "double",
        "dump_patches",
        "eval",
        "extra_repr",
        "float",
        "forward",
        "get_buffer",
        "get_extra_state",
        "get_parameter",
        "get_submodule",
        "half",
        "ipu",
        "load_state_dict",
        "modules",
        "mtia",
        "named_buffers",
        "named_children",
        "named_modules",
        "named_parameters",
        "parameters",
        "register_backward_hook",
        "register_buffer",
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
        "register_load_state_dict_post_hook",
        "register_load_state_dict_pre_hook",
        "register_module",
        "register_parameter",
        "register_state_dict_post_hook",
        "register_state_dict_pre_hook",
        "requires_grad_",
        "reset_parameters",
        "set_extra_state",
        "set_submodule",
        "share_memory",
        "state_dict",
        "to",
        "to_empty",
        "train",
        "training",
        "type",
        "xpu",
        "zero_grad",
        "T_destination",
    ]
)
"""What every module has: no weight can be called so."""


@record(eq=False)
class Declared:
    """A tensor that is given, with the statement that declares it."""

    tensor: Tensor
    statement: tree.Tensors
    node: tree.TensorDecl
    init: tree.Expr | None


def declare(statement: tree.Tensors, scope: Scope) -> Iterator[Declared]:
    """Declare the tensors of a statement; families spread out."""
    known = OPTIONS if statement.kind != "input" else frozenset()
    init = options(statement.options, known, statement.kind, scope).get("init")
    for node in statement.declarations:
        refuse_reserved(node.name, "tensor", scope.report)
        if statement.kind != "input":
            refuse_attribute(node.name, statement.kind, scope.report)
        if node.binder is None:
            tensor = _tensor(node, statement, node.name.text, scope)
            if scope.declare(node.name, tensor or FAULTY) and tensor:
                yield Declared(tensor, statement, node, init)
            continue
        members = {
            index: _tensor(node, statement, f"{node.name.text}_{index}", inner)
            for index, inner in indices(node.binder, scope)
        }
        # While checking, a family whose bounds are unknown has no member that could be used.
        known_bounds = members or not scope.checking
        entry = Family(node.name.text, node.name.span, members) if known_bounds else FAULTY
        if scope.declare(node.name, entry):
            for tensor in members.values():
                if tensor is not None and _free(tensor, node, scope):
                    yield Declared(tensor, statement, node, init)


def refuse_attribute(name: tree.Name, what: str, report: Report) -> None:
    """Report a name that every module has already."""
    if name.text in ATTRIBUTES:
        text = f"no {what} can be called `{name.text}`"
        report.error("E0104", text, name.span, "every torch module has this")


def _tensor(
    node: tree.TensorDecl, statement: tree.Tensors, name: str, scope: Scope
) -> Tensor | None:
    found = scope.modes.axes(node.modes, scope)
    if found is None:
        return None
    axes: Axes = tuple(tuple(map(scope.sizes.mode, axis)) for axis in found)
    if statement.kind != "input":
        for single in (single for axis in found for single in axis):
            _need_static(single, node.modes, name, scope)
    leaf = scope.build.make(Leaf(statement.kind, name, axes), (), node.name.span)
    return Tensor(name, node.name.span, axes, leaf)


def _need_static(single: Single, modes: tree.ModeList, name: str, scope: Scope) -> None:
    mode = scope.sizes.mode(single)
    symbols = [each for each in mode.size.symbols if not each.startswith(UNSET)]
    if symbols and not scope.sizes.reported.issuperset(symbols):
        scope.sizes.reported.update(symbols)
        shown = scope.modes.shown(mode.name)
        scope.report.error(
            "E0304",
            f"the size of `{shown}` is known at run time only, "
            f"so `{name}` cannot be created before",
            written(modes, single),
            f"needs a size: `mode {single.name}: 4`",
        )


def _free(tensor: Tensor, node: tree.TensorDecl, scope: Scope) -> bool:
    """Whether no other tensor is called like this member of a family."""
    if (other := scope.spans.setdefault(tensor.name, node.name.span)) is node.name.span:
        return True
    scope.report.error(
        "E0104",
        f"member `{tensor.name}` of the family `{node.name.text}` has the name of another tensor",
        node.name.span,
        "the family",
        Label(other, "the other tensor"),
    )
    return False
