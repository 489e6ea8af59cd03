"""Which of the programs of a layer runs: the guards in its body, and what these call."""

from __future__ import annotations

from collections.abc import Sequence

from tnc.emit.naming import attribute, variable
from tnc.emit.prose import comment
from tnc.emit.statement import INDENT, fits
from tnc.ir.layer import Layer
from tnc.ir.program import Guard, Invoke, Program, Variant

KEEP = "kept"
"""The variable for what a module keeps of its weights."""

FOLLOWED = '''\
def _followed():
    """Whether a compiler or an exporter follows: it gets one program for all calls."""
    return torch.compiler.is_compiling() or torch.jit.is_tracing()
'''

INFERS = '''\
def _infers(layer, *weights):
    """Whether a layer in eval mode runs on a CPU with parameters of its own (torch.func puts other
    tensors in their place), and nobody wants a gradient, or another type. If it does not, what it
    keeps is let go."""
    if _followed():
        return False
    trains = layer.training or torch.is_grad_enabled() or torch.is_autocast_enabled("cpu")
    if not trains and all(type(w) is nn.Parameter and w.device.type == "cpu" for w in weights):
        return True
    _KEPT.pop(layer, None)
    return False
'''

KEPT = '''\
_KEPT = weakref.WeakKeyDictionary()


def _kept(layer, make, *weights):
    """What `make` makes of weights alone for a layer that infers; nothing for one that does not."""
    return _renewed(layer, make, *weights) if _infers(layer, *weights) else ()


def _renewed(layer, make, *weights):
    """What `make` makes of weights alone, from call to call; anew when they are not what they were.
    They are compared by value: nobody tells when `weight.data` is written to, and by type. It is
    made of the copies: another thread may write to the weights."""
    known = _KEPT.setdefault(layer, {})
    copies, made = known.get(make, ((), ()))
    try:
        pairs = list(zip(weights, copies))
        if pairs and all(w.dtype == c.dtype and torch.equal(w, c) for w, c in pairs):
            return made
    except RuntimeError:
        pass  # Tensors without elements cannot be compared.
    with torch.inference_mode(False), torch.no_grad():
        copies = [each.detach().clone() for each in weights]
        made = make(*copies)
        made = [each.contiguous() for each in (made if isinstance(made, tuple) else (made,))]
        known[make] = copies, made
    return made
'''


def support(programs: Sequence[Program]) -> list[str]:
    """The functions that the guards of these layers call."""
    guards = [variant.guard for program in programs for variant in program.variants]
    inference = any(guard.inference for guard in guards)
    sections = [FOLLOWED] if guards else []
    return sections + ([*KEPT.split("\n\n\n"), INFERS] if inference else [])


def folds(program: Program) -> list[Invoke]:
    """What makes of weights alone what a program keeps, in both memory formats."""
    calls = [call.folded for form in program.formats for call in form.calls]
    return list(dict.fromkeys(call for call in calls if call is not None))


def guard(margin: str, variant: Variant, layer: Layer, kept: Sequence[str]) -> list[str]:
    """The lines before the steps of a variant. `kept`: the calls for what is kept of weights."""
    found = folds(variant.program)
    conditions = _conditions(variant.guard, [variable(port.name) for port in layer.inputs])
    if len(kept) == 1:
        call = f"{KEEP} := {kept[0]}"
        conditions.append(f"({call})" if conditions else call)
    elif variant.guard.inference:
        names = dict.fromkeys(name for each in found for name in each.arguments)
        weights = {variable(weight.name): attribute(weight.name) for weight in layer.weights}
        conditions.append(f"_infers({', '.join(['self', *(weights[name] for name in names)])})")
    text = " and ".join(conditions)
    lines = comment(margin, _said(variant))
    if fits(margin, "if ", text, ":"):
        return [*lines, f"{margin}if {text}:"]
    first, *others = conditions
    inside = [first, *(f"and {condition}" for condition in others)]
    return [*lines, f"{margin}if (", *(f"{margin}{INDENT}{each}" for each in inside), f"{margin}):"]


def _conditions(guard: Guard, inputs: Sequence[str]) -> list[str]:
    """All but what inference asks for."""
    conditions = [] if guard.inference and not guard.bounded else ["not _followed()"]
    if guard.frozen:
        conditions.append("torch.is_grad_enabled()")
        conditions += [f"not {name}.requires_grad" for name in inputs]
    size = f"{guard.batch}.shape[0]"
    if guard.least > 1 and guard.below is not None:
        conditions.append(f"{guard.least} <= {size} < {guard.below}")
    elif guard.bounded:
        bound = f"< {guard.below}" if guard.below is not None else f">= {guard.least}"
        conditions.append(f"{size} {bound}")
    return conditions


def _said(variant: Variant) -> str:
    guard = variant.guard
    if guard.inference:
        used = "Inference"
        if folds(variant.program):
            used += ", products of weights kept"
    else:
        used = "Inputs without gradient" if guard.frozen else "Another order for this batch"
    return f"{used}: {variant.branch.why}."
