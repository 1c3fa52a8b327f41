"""What takes the place of mergekit's writer of shards: the tensors stay in memory."""

import torch

from evomerge.merge.mergekit.engine import check_finite


class Collector:
    """Keeps every tensor that mergekit would write. Attributes: `tensors`, by checkpoint name."""

    def __init__(self, device: str = "cpu") -> None:
        self._device = device
        self.tensors: dict[str, torch.Tensor] = {}

    def save_tensor(self, name: str, tensor: torch.Tensor, clone: bool = False) -> None:
        """Keep one tensor.

        Raises:
            TrialError: It holds NaN or infinity (`NAN_WEIGHTS`).
        """
        check_finite(name, tensor)
        self.tensors[name] = tensor.to(self._device)

    def finalize(self) -> None:
        """Nothing is left to write."""
