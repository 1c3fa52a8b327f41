"""Matrix products of float32 models on a CPU: oneDNN's where torch would take MKL's.

MKL keeps to 256-bit vectors on AMD's processors, oneDNN uses 512 bits wherever there are any.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode
from transformers import PreTrainedModel


def wide_products(model: PreTrainedModel | torch.Tensor) -> AbstractContextManager[Any]:
    """Return a context in which a model's linear layers are computed with the widest vectors.

    Their values agree with torch's up to the order in which products are summed.

    Args:
        model: A model, or a tensor of the dtype and on the device of its weights.
    """
    wider = _THERE and model.dtype == torch.float32 and model.device.type == "cpu"
    return _OneDNN() if wider else nullcontext()


class _OneDNN(TorchFunctionMode):
    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        if not kwargs:
            if func is F.linear and _fits(*args[:2]):
                inputs, weights, *bias = args
                return _product(inputs, weights, bias[0] if bias else None)
            if func is torch.addmm and _fits(*args[1:]) and args[0].dim() == 1:
                bias, inputs, weights = args
                return _product(inputs, weights.t(), bias)
        return func(*args, **(kwargs or {}))


def _fits(inputs: torch.Tensor, weights: torch.Tensor) -> bool:
    return inputs.dtype == weights.dtype == torch.float32 and inputs.device.type == "cpu"


def _product(
    inputs: torch.Tensor, weights: torch.Tensor, bias: torch.Tensor | None
) -> torch.Tensor:
    given = (inputs, weights, bias)
    if torch.is_grad_enabled() and any(one is not None and one.requires_grad for one in given):
        found: torch.Tensor = _Linear.apply(*given)  # type: ignore[no-untyped-call]
        return found
    return _wide(*given)


def _wide(
    inputs: torch.Tensor, weights: torch.Tensor, bias: torch.Tensor | None = None
) -> torch.Tensor:
    out: torch.Tensor = torch.ops.mkldnn._linear_pointwise(inputs, weights, bias, "none", [], "")
    return out


class _Linear(torch.autograd.Function):
    """The same product, and its two derivatives by oneDNN as well; torch has none for it."""

    @staticmethod
    def forward(
        ctx: Any, inputs: torch.Tensor, weights: torch.Tensor, bias: torch.Tensor | None
    ) -> torch.Tensor:
        ctx.save_for_backward(inputs, weights)
        return _wide(inputs, weights, bias)

    @staticmethod
    def backward(ctx: Any, *pulls: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        inputs, weights = ctx.saved_tensors
        (pull,) = pulls
        to_inputs, to_weights, to_bias = ctx.needs_input_grad
        flat = pull.reshape(-1, pull.shape[-1])
        rows = inputs.reshape(-1, inputs.shape[-1])
        return (
            _wide(pull, weights.t()) if to_inputs else None,
            _wide(flat.t(), rows.t()) if to_weights else None,
            flat.sum(dim=0) if to_bias else None,
        )


_THERE = (
    torch.backends.cpu.get_cpu_capability() == "AVX512"
    and torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    and hasattr(torch.ops.mkldnn, "_linear_pointwise")
)
