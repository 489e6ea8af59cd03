"""Networks as plain data: the `.tnn` text, the einsum equation, and the oracle's value of each."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from tests.oracle import Reference, Relation, evaluate


@dataclass(frozen=True)
class Factor:
    """One use of a tensor, with the modes of this use."""

    name: str
    modes: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.name}[{', '.join(self.modes)}]"


@dataclass(frozen=True)
class Term:
    """A product, and the relations that it contains."""

    factors: tuple[Factor, ...]
    relations: tuple[Relation, ...] = ()

    @property
    def modes(self) -> frozenset[str]:
        legs = [leg for r in self.relations for leg in (r.result, r.signal, *r.taps)]
        return frozenset([m for factor in self.factors for m in factor.modes] + legs)

    def __str__(self) -> str:
        return " * ".join(map(str, self.factors))


@dataclass(frozen=True)
class Equation:
    """The sum of the terms, each broadcast to `keep`."""

    keep: tuple[str, ...]
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Network:
    """A layer: sizes of all modes but the results of relations, tensors with their declared modes.

    `running` are the modes whose size is known at run time only.
    """

    sizes: dict[str, int]
    inputs: dict[str, tuple[str, ...]]
    equations: tuple[Equation, ...]
    weights: dict[str, tuple[str, ...]] = field(default_factory=dict)
    running: frozenset[str] = frozenset()

    @property
    def relations(self) -> tuple[Relation, ...]:
        terms = (term for equation in self.equations for term in equation.terms)
        return tuple(dict.fromkeys(relation for term in terms for relation in term.relations))

    @property
    def known(self) -> dict[str, int]:
        """The sizes of all modes."""
        known = dict(self.sizes)
        for relation in self.relations:
            known[relation.result] = relation.window(known)[1]
        return known

    def text(self, name: str = "L") -> str:
        """The network as a `.tnn` program of one layer."""
        declared = [
            mode if mode in self.running else f"{mode}: {size}" for mode, size in self.sizes.items()
        ]
        lines = [f"mode {', '.join(declared)}"] if declared else []
        lines += map(statement, self.relations)
        for kind, tensors in (("input", self.inputs), ("weight(init: ones)", self.weights)):
            written = [str(Factor(tensor, modes)) for tensor, modes in tensors.items()]
            lines += [f"{kind} {', '.join(written)}"] if written else []
        for number, equation in enumerate(self.equations):
            terms = " + ".join(map(str, equation.terms))
            lines.append(f"output y{number}[{', '.join(equation.keep)}] = {terms}")
        body = "\n".join(f"  {line}" for line in lines)
        return f"tnn 1\nlayer {name} {{\n{body}\n}}\n"

    def einsum(self) -> str:
        """The only term of the only equation, for `tnc.einsum`."""
        ((term,),) = (equation.terms for equation in self.equations)
        operands = ", ".join(" ".join(factor.modes) for factor in term.factors)
        equation = f"{operands} -> {' '.join(self.equations[0].keep)}"
        if not term.relations:
            return equation
        return f"{equation} | {', '.join(map(clause, term.relations))}"

    def signals(self, dtype: torch.dtype = torch.float64) -> list[Tensor]:
        """Random inputs."""
        shapes = ([self.known[mode] for mode in modes] for modes in self.inputs.values())
        return [torch.randn(shape, dtype=dtype) for shape in shapes]

    def reference(self) -> Reference:
        """The oracle, as a function of the inputs in order and of the weights by name."""

        def outputs(*inputs: Tensor, **weights: Tensor) -> tuple[Tensor, ...]:
            tensors = dict(zip(self.inputs, inputs, strict=True)) | weights
            return tuple(self._value(equation, tensors) for equation in self.equations)

        return outputs

    def _value(self, equation: Equation, tensors: dict[str, Tensor]) -> Tensor:
        known = self._sizes(equation, tensors)
        shape = [known[mode] for mode in equation.keep]
        total = torch.zeros(())
        for term in equation.terms:
            operands = [(tensors[factor.name], factor.modes) for factor in term.factors]
            kept = [mode for mode in equation.keep if mode in term.modes]
            value = evaluate(operands, kept, term.relations, self.sizes_unseen(term))
            holes = tuple(slice(None) if m in term.modes else None for m in equation.keep)
            total = total + value[holes].expand(shape)
        return total

    def _sizes(self, equation: Equation, tensors: dict[str, Tensor]) -> dict[str, int]:
        """The sizes of this call, which may differ from `sizes` in running modes."""
        known = {mode: size for mode, size in self.sizes.items() if mode not in self.running}
        for term in equation.terms:
            for factor in term.factors:
                known |= dict(zip(factor.modes, tensors[factor.name].shape, strict=True))
            for relation in term.relations:
                known.setdefault(relation.result, relation.window(known)[1])
        return known

    def sizes_unseen(self, term: Term) -> dict[str, int]:
        """Declared sizes of the modes which no factor of the term carries."""
        carried = {mode for factor in term.factors for mode in factor.modes}
        legs = {leg for r in term.relations for leg in (r.signal, *r.taps)}
        return {mode: self.sizes[mode] for mode in sorted(legs - carried)}


def options(relation: Relation) -> dict[str, str]:
    """The options which differ from their defaults, as text."""
    several = len(relation.taps) > 1
    dilations = relation.dilations
    written = {
        "stride": str(relation.stride),
        "dilation": f"({', '.join(map(str, dilations))})" if several else str(dilations[0]),
        "pad": str(relation.pad),
        "border": relation.border,
        "flip": str(relation.flip).lower(),
    }
    plain = {"stride": "1", "dilation": "1", "pad": "valid", "border": "zero", "flip": "false"}
    return {name: value for name, value in written.items() if value != plain[name]}


def product(relation: Relation) -> str:
    return f"{relation.result} = {' * '.join((relation.signal, *relation.taps))}"


def statement(relation: Relation) -> str:
    written = ", ".join(f"{name}: {value}" for name, value in options(relation).items())
    return f"conv{f'({written})' if written else ''} {product(relation)}"


def clause(relation: Relation) -> str:
    """A relation with its options, as after the `|` of an einsum equation.

    `pad` is always written: relations without options share those of the next one.
    """
    shown = {"pad": str(relation.pad)} | options(relation)
    written = [f"{name}={value}" for name, value in shown.items()]
    return "; ".join([product(relation).replace(" ", ""), *written])
