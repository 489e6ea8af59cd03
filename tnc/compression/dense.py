"""Dense layers of PyTorch, described in the words of the standard library."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from tnc.record import record

Module = nn.Module
State = dict[str, Tensor]

DENSE = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
KINDS = ("Linear", "Conv1d", "Conv2d", "Conv3d", "Conv1D")
"""What can be replaced; `Conv1D` is the dense layer of Hugging Face's GPT-2, with its weight
transposed."""

FIXED = {
    nn.MultiheadAttention: "nn.MultiheadAttention reads the weight of its projections itself",
    nn.TransformerEncoderLayer: "nn.TransformerEncoderLayer reads the weights of its layers itself",
}
"""Modules whose dense layers cannot be replaced, and why."""


class Unfit(ValueError):
    """A layer cannot be replaced; the message says why, as the table shows it."""


@record
class Dense:
    """A dense layer, from `S` channels to `T`. Tuples have a number for each dimension of the
    signal; they are empty for layers of kind `Linear` and `Conv1D`."""

    kind: str
    S: int
    T: int
    bias: bool
    taps: tuple[int, ...] = ()
    stride: tuple[int, ...] = ()
    padding: str | tuple[int, ...] = ()
    dilation: tuple[int, ...] = ()
    groups: int = 1
    border: str = "zeros"

    @property
    def dimensions(self) -> int:
        return len(self.taps)

    @property
    def kernel(self) -> int:
        """Parameters without the bias."""
        return self.S // self.groups * self.T * math.prod(self.taps)

    @property
    def parameters(self) -> int:
        return self.kernel + (self.T if self.bias else 0)

    @property
    def depthwise(self) -> bool:
        """One kernel, or a few, for every channel."""
        return self.groups > 1 and self.groups == self.S

    @property
    def symmetric(self) -> bool:
        """Whether the padding leaves a signal as long as it is, at stride 1."""
        pairs = zip(self.padding, self.taps, self.dilation, strict=False)
        return all(2 * pad == d * (k - 1) for pad, k, d in pairs if isinstance(pad, int))

    def __str__(self) -> str:
        """`Conv2d 64→128 3×3/2`."""
        text = f"{self.kind} {self.S}→{self.T}"
        if self.taps:
            text += f" {'×'.join(map(str, self.taps))}"
        if any(step > 1 for step in self.stride):
            steps = dict.fromkeys(self.stride)
            text += f"/{'×'.join(map(str, steps if len(steps) == 1 else self.stride))}"
        return text + (f" g{self.groups}" if self.groups > 1 else "")


def described(module: nn.Module) -> Dense | None:
    """What a module computes; None for one that is no dense layer.

    Errors: Unfit for dense layers that cannot be replaced.
    """
    if isinstance(module, TRANSPOSED):
        raise Unfit("a transposed convolution: write its layer in .tnn, and fit it by tnc.fit")
    if not isinstance(module, DENSE) and not is_conv1d_of_gpt(module):
        return None
    if isinstance(getattr(module, "weight", None), nn.UninitializedParameter):
        raise Unfit("its sizes are not known before the first call")
    if isinstance(module, DENSE) and type(module) not in DENSE:
        raise Unfit(f"{type(module).__name__} may do more than the layer that it extends")
    _check(module)
    bias = bias_of(module) is not None
    if isinstance(module, nn.Linear):
        return Dense("Linear", module.in_features, module.out_features, bias)
    if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d):
        return _convolution(module, bias)
    S, T = weight_of(module).shape
    return Dense("Conv1D", S, T, bias)


def is_conv1d_of_gpt(module: nn.Module) -> bool:
    """Whether this is the `Conv1D` of transformers, by what it has."""
    weight = getattr(module, "weight", None)
    if type(module).__name__ != "Conv1D" or not isinstance(weight, Tensor) or weight.ndim != 2:
        return False
    return getattr(module, "nf", None) == weight.shape[1]


def weight_of(module: nn.Module) -> nn.Parameter:
    """The weight of a dense layer."""
    weight = module.weight
    assert isinstance(weight, nn.Parameter)
    return weight


def bias_of(module: nn.Module) -> nn.Parameter | None:
    """The bias of a dense layer, if it has one."""
    bias = getattr(module, "bias", None)
    return bias if isinstance(bias, nn.Parameter) else None


def kernel_of(module: nn.Module) -> Tensor:
    """The weight of a dense layer in the layout of `nn.Linear` and `nn.ConvNd`."""
    weight = weight_of(module).detach()
    return weight.mT if is_conv1d_of_gpt(module) else weight


def _check(module: nn.Module) -> None:
    """What stands in the way of replacing a dense layer. Errors: Unfit."""
    weight = getattr(module, "weight", None)
    if not isinstance(weight, nn.Parameter):
        raise Unfit("its weight is computed from other parameters")
    if not weight.is_floating_point() or weight.element_size() < torch.half.itemsize:
        raise Unfit(f"its weight is of {weight.dtype}")
    if weight.layout != torch.strided:
        raise Unfit("its weight is sparse")
    _check_additions(module)


def _check_additions(module: nn.Module) -> None:
    """What was added to one layer, and would be lost. Errors: Unfit."""
    if "forward" in vars(module):
        raise Unfit("its `forward` was replaced")
    hooks = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    if any(getattr(module, name) for name in hooks):
        raise Unfit("it has hooks")
    of_weights = ("_backward_hooks", "_post_accumulate_grad_hooks")
    for last, parameter in module.named_parameters():
        if any(getattr(parameter, name, None) for name in of_weights):
            raise Unfit(f"its {last} has hooks")
    own = [*module._parameters, *module._buffers, *module._modules]
    more = [name for name in own if name not in {"weight", "bias"}]
    if more:
        raise Unfit(f"it has `{more[0]}` besides")


def _convolution(module: nn.Conv1d | nn.Conv2d | nn.Conv3d, bias: bool) -> Dense:
    padding = module.padding
    return Dense(
        type(module).__name__,
        module.in_channels,
        module.out_channels,
        bias,
        tuple(module.kernel_size),
        tuple(module.stride),
        padding if isinstance(padding, str) else tuple(padding),
        tuple(module.dilation),
        module.groups,
        module.padding_mode,
    )


def size_of(parameters: Iterable[nn.Parameter]) -> int:
    """How many numbers there are; those are left out whose number is not known yet."""
    known = (each for each in parameters if not isinstance(each, nn.UninitializedParameter))
    return sum(each.numel() for each in known)
