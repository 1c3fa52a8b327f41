"""The forward passes of a live model: timed as they happen, recorded, and run again bare."""

import copy
import time
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import Module
from torch.nn.modules.module import register_module_forward_pre_hook
from transformers import PreTrainedModel

from evomerge.evaluate.packing.onednn import wide_products


@dataclass
class Call:
    """One call into the model from outside.

    Args:
        module: The model, or a part that was called by itself.
        args: Its arguments, as they were before the call.
        kwargs: Its keywords, likewise.
        positions: How many positions the output embeddings were given, or None.
    """

    module: Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    positions: int | None = None


class ForwardPasses:
    """Watches the first model that runs: calls of it, and of its parts by themselves."""

    def __init__(self) -> None:
        self.seconds, self.count = 0.0, 0
        self.calls: list[Call] = []
        self.model: PreTrainedModel | None = None
        self._recording = False
        self._depth, self._started = 0, 0.0
        self._head: Module | None = None
        self._positions: int | None = None
        self._finder = register_module_forward_pre_hook(self._find)

    def start(self, *, record: bool = False) -> None:
        """Count from nothing; with `record`, keep the calls for `replay`."""
        self.seconds, self.count, self._recording = 0.0, 0, record
        if record:
            self.calls = []

    @torch.inference_mode()
    def replay(self) -> float:
        """Run the recorded calls again, as fast as a trial does, and return their seconds alone.

        Positions that the output embeddings did not get then, they do not get now.
        """
        assert self.model is not None and self._head is not None
        watching, hooks = self._head._forward_hooks.copy(), self._head._forward_pre_hooks.copy()
        self._head._forward_pre_hooks.clear()  # what chose positions then is not at work now
        self._head._forward_hooks.clear()
        narrow = self._head.register_forward_pre_hook(self._narrow)
        taken = 0.0
        for call in self.calls:
            args, kwargs = copy.deepcopy((call.args, call.kwargs))  # caches grow
            self._positions = call.positions
            started = time.perf_counter()
            with wide_products(self.model):
                call.module(*args, **kwargs)
            taken += time.perf_counter() - started
        narrow.remove()
        self._head._forward_hooks.update(watching)
        self._head._forward_pre_hooks.update(hooks)
        return taken

    def _find(self, module: Module, _: Any) -> None:
        if isinstance(module, PreTrainedModel):
            self._finder.remove()
            self.model = module
            self._head = module.get_output_embeddings()
            for part in (module, *module.children()):
                part.register_forward_pre_hook(self._before, with_kwargs=True)
                part.register_forward_hook(self._after, with_kwargs=True, always_call=True)

    def _before(self, module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self._depth += 1
        if self._depth == 1:
            if self._recording:
                self.calls.append(Call(module, *copy.deepcopy((args, kwargs))))
            self._started = time.perf_counter()

    def _after(self, module: Module, args: tuple[Any, ...], *_: Any) -> None:
        if not self._depth:  # the call in which the model was found
            return
        if self._recording and module is self._head:
            self.calls[-1].positions = args[0].shape[:-1].numel()
        self._depth -= 1
        if self._depth == 0:
            self.seconds += time.perf_counter() - self._started
            self.count += 1

    def _narrow(self, _: Module, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
        hidden = args[0]
        if self._positions in (None, hidden.shape[:-1].numel()):
            return None
        return (hidden.reshape(1, -1, hidden.shape[-1])[:, : self._positions],)
