"""What a layer is fitted to: a kernel, with the bias that goes with it."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from tnc.fitting.kernels import expand, system_of
from tnc.fitting.network import Network, length
from tnc.fitting.numbers import widened
from tnc.ir.layer import Weight
from tnc.record import record


@record
class Slide:
    """How a convolution of PyTorch's slides over one axis."""

    stride: int
    dilation: int
    left: int
    edge: str


@record
class Target:
    """A dense kernel in PyTorch's layout. With `biased`, `bias` says what the bias shall be; None,
    that there shall be none."""

    kernel: Tensor
    bias: Tensor | None = None
    biased: bool = False
    slides: tuple[Slide, ...] = ()


def target_of(given: Tensor | nn.Module) -> Target:
    """The kernel that a tensor is, or that a module stands for.

    Errors: TypeError for a module that is neither dense nor made by tnc; CompileError with E0503
    for one whose layer has no kernel.
    """
    if isinstance(given, Tensor):
        return Target(given.detach())
    if not isinstance(given, nn.Module):
        raise TypeError(f"a layer cannot be fitted to a {type(given).__name__}")
    weight, bias = getattr(given, "weight", None), getattr(given, "bias", None)
    bias = bias.detach() if isinstance(bias, Tensor) else None
    if isinstance(given, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        return Target(given.weight.detach(), bias, True, _slides(given))
    if isinstance(given, nn.Linear):
        return Target(given.weight.detach(), bias, True)
    if type(given).__name__ == "Conv1D" and isinstance(weight, Tensor) and weight.ndim == 2:
        return Target(weight.detach().mT, bias, True)  # of transformers: a linear layer, [s, t]
    own = bias_of(system_of(given).network)
    value = None if own is None else getattr(given, own.name).detach()
    return Target(expand(given).detach(), value, True)


def _slides(module: nn.Conv1d | nn.Conv2d | nn.Conv3d) -> tuple[Slide, ...]:
    reach = [d * (k - 1) for d, k in zip(module.dilation, module.kernel_size, strict=True)]
    pads = {"same": [each // 2 for each in reach], "valid": [0 for _ in reach]}
    left = pads[module.padding] if isinstance(module.padding, str) else module.padding
    edges = [module.padding_mode] * len(reach)
    return tuple(map(Slide, module.stride, module.dilation, left, edges))


def check_slides(network: Network, slides: Sequence[Slide]) -> None:
    """ValueError where the layer slides its kernel otherwise than the target."""
    for axis, (own, wanted) in enumerate(zip(network.windows, slides, strict=False)):
        one = length(own.taps) == 1
        pairs = [
            ("stride", own.stride, wanted.stride),
            ("dilation", own.dilation, own.dilation if one else wanted.dilation),
            ("padding", own.left.value, wanted.left if own.left.value is not None else None),
            ("padding mode", own.edge, wanted.edge if wanted.left else own.edge),
        ]
        for what, mine, theirs in pairs:
            if mine != theirs:
                raise ValueError(
                    f"the {what} of the target is {theirs} in dimension {axis}, "
                    f"that of {network.layer.name} {mine}"
                )


def laid_out(network: Network, kernel: Tensor) -> Tensor:
    """The kernel in float64 with the axes of the network's; its own may be those, or one per mode.

    Errors: ValueError where the sizes differ, and as `widened`.
    """
    own = [size for size in network.shape if size != 1]
    modes = [mode.size.value for mode in network.modes if mode.size.value != 1]
    if [size for size in kernel.shape if size != 1] not in (own, modes):
        raise ValueError(
            f"the target is {tuple(kernel.shape)}, "
            f"the kernel of {network.layer.name} is {network.shape}: {_axes(network)}"
        )
    if not kernel.is_floating_point():
        raise ValueError(f"the target is of {kernel.dtype}, not of real numbers")
    return widened("the target has", kernel).reshape(network.shape).contiguous()


def _axes(network: Network) -> str:
    """`[t, (s_1, s_2), i, j]`."""
    names = [", ".join(mode.name for mode in axis) for axis in network.axes]
    merged = [f"({name})" if ", " in name else name for name in names]
    return f"[{', '.join(merged)}]"


def bias_of(network: Network) -> Weight | None:
    """The trained tensor that a layer adds to its output, if that is all that it adds."""
    if len(network.biases) != 1:
        return None
    (term,) = network.biases
    if len(term.leaves) != 1 or term.patterns or term.borders or term.scale != 1:
        return None
    (leaf,) = term.leaves
    trained = {weight.name: weight for weight in network.layer.weights if weight.trained}
    kept = [mode for axis in network.outputs for mode in axis]
    return trained.get(leaf.op.name) if list(leaf.modes) == kept else None


class Bias:
    """What becomes of the bias of a layer. Errors: ValueError, before anything is changed, where
    the layer cannot have that of the target."""

    def __init__(self, network: Network, layer: nn.Module, target: Target) -> None:
        declared = bias_of(network)
        self._own = None if declared is None else getattr(layer, declared.name)
        self._target = target
        if target.bias is None:
            return
        if self._own is None:
            what = "one that cannot be set" if network.biases else "none"
            raise ValueError(f"the target has a bias, {network.layer.name} has {what}")
        if target.bias.numel() != self._own.numel():
            sizes = f"{target.bias.numel()} elements, that of {network.layer.name} "
            raise ValueError(f"the bias of the target has {sizes}{self._own.numel()}")

    def set(self) -> str:
        """Set it, and say how, in the words of `FitReport.bias`."""
        if self._own is None:
            return "none"
        if not self._target.biased or not self._own.requires_grad:
            return "kept"
        if self._target.bias is None:
            self._own.zero_()
            return "zeroed"
        self._own.copy_(self._target.bias.reshape(self._own.shape))
        return "copied"
