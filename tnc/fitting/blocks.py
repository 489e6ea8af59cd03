"""The compiled equations of one kernel: its value, and least squares in one factor at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod

from torch import Tensor

from tnc.driver.forward import forward_module
from tnc.emit.load import load_module
from tnc.fitting.equations import Equation, Given, grams, kernel_of, projection
from tnc.fitting.least_squares import Gram, times
from tnc.fitting.network import Network, length
from tnc.fitting.refusal import Unfit
from tnc.fitting.roles import Roles, lacking, roles_of
from tnc.ir.graph import IllTyped
from tnc.record import record

Tensors = Mapping[str, Tensor]


@record
class Formula:
    """A compiled equation, called with tensors by name."""

    call: Callable[..., Tensor]
    given: tuple[Given, ...]

    def __call__(self, tensors: Tensors) -> Tensor:
        like = next(iter(tensors.values()))
        given = [
            tensors[each] if isinstance(each, str) else like.new_ones(each) for each in self.given
        ]
        result: Tensor = self.call(*given)
        return result


@record
class Block:
    """One factor X[batch, bonds, free] of a kernel.

    `grams`: the Gram matrices, one for each group of bonds, each [batch, bonds, bonds].
    `projection`: Jᵀ(T − K'), [batch, bonds, free]. `rest`: K', the terms without the factor.
    `shape`: sizes of its modes as they are declared; `order`: their positions by role; `groups`:
    those of the bonds that each Gram matrix has.
    """

    name: str
    physical: tuple[int, ...]
    shape: tuple[int, ...]
    order: tuple[int, ...]
    groups: tuple[tuple[int, ...], ...]
    sizes: tuple[int, tuple[int, ...], int]
    grams: tuple[Formula, ...]
    projection: Formula
    rest: Formula | None

    def matrix(self, weight: Tensor) -> Tensor:
        """The factor as [batch, bonds, free]."""
        batch, bonds, free = self.sizes
        return weight.reshape(self.shape).permute(self.order).reshape(batch, prod(bonds), free)

    def weight(self, matrix: Tensor) -> Tensor:
        """The factor as the layer has it."""
        sizes = [self.shape[k] for k in self.order]
        back = sorted(range(len(sizes)), key=self.order.__getitem__)
        return matrix.reshape(sizes).permute(back).reshape(self.physical).contiguous()

    def gram(self, number: int, tensors: Tensors) -> Gram:
        """That of one group of bonds."""
        batch, bonds, _ = self.sizes
        return Gram(self.grams[number](tensors).reshape(batch, bonds[number], bonds[number]))

    def gram_matrices(self, tensors: Tensors) -> list[Gram]:
        """Those of all groups of bonds."""
        return [self.gram(number, tensors) for number in range(len(self.grams))]

    def applied(self, grams: Sequence[Gram], matrix: Tensor) -> Tensor:
        """JᵀJ times a block."""
        return times([gram.matrix for gram in grams], matrix)

    def projected(self, tensors: Tensors) -> Tensor:
        batch, bonds, free = self.sizes
        return self.projection(tensors).reshape(batch, prod(bonds), free)


@dataclass(frozen=True)
class System:
    """A kernel with all its equations; those of a factor are compiled when they are first used."""

    network: Network

    @cached_property
    def kernel(self) -> Formula:
        """The kernel, laid out as PyTorch does."""
        (formula,) = compiled([kernel_of(self.network, self.network.products)])
        return formula

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The factors in the order of their declaration. Errors: CompileError with E0503."""
        try:
            return self._blocks()
        except Unfit as error:
            raise error.refusal(self.network.layer) from None
        except IllTyped as error:
            why = f"least squares in its factors have no plan ({error})"
            raise Unfit(why, None).refusal(self.network.layer) from error

    def _blocks(self) -> tuple[Block, ...]:
        network = self.network
        roles = {name: roles_of(network, name) for name in network.names}
        written = {name: self._equations(name, roles[name]) for name in network.names}
        formulas = iter(compiled([each for some in written.values() for each in some]))
        return tuple(
            self._block(name, roles[name], [next(formulas) for _ in some])
            for name, some in written.items()
        )

    def _equations(self, name: str, roles: Roles) -> list[Equation]:
        rest = lacking(self.network, name)
        more = [kernel_of(self.network, rest)] if rest else []
        return [projection(self.network, name, roles), *grams(self.network, name, roles), *more]

    def _block(self, name: str, roles: Roles, formulas: Sequence[Formula]) -> Block:
        count = 1 + len(roles.bonds)
        axes = next(w.axes for w in self.network.layer.weights if w.name == name)
        shape = [length(mode) for axis in axes for mode in axis]

        def size(positions: Sequence[int]) -> int:
            return prod(shape[k] for k in positions)

        return Block(
            name,
            self.network.sizes[name],
            tuple(shape),
            roles.order,
            roles.bonds,
            (size(roles.batch), tuple(map(size, roles.bonds)), size(roles.free)),
            tuple(formulas[1:count]),
            formulas[0],
            formulas[count] if count < len(formulas) else None,
        )


def compiled(equations: Sequence[Equation]) -> list[Formula]:
    """Equations as functions of one generated module."""
    if not equations:
        return []
    layers = [
        replace(each.layer, name=f"Equation_{k}") for k, each in enumerate(equations, start=1)
    ]
    module = load_module(forward_module(layers))
    return [
        Formula(getattr(module, layer.name)(), each.given)
        for layer, each in zip(layers, equations, strict=True)
    ]
