"""Slopes: how a loss changes with the numbers of a recipe, from gradients of the merged weights.

For W = W₀ + Σ wᵢ τᵢ the derivative of a loss L by wᵢ is the dot product of ∂L/∂W with τᵢ; other
methods have derivatives alike, a tensor at a time. What a number of the recipe means for a tensor
(gradients, filters) is linear.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch

from evomerge.merge.tensors import Parameter
from evomerge.recipe.leaves import Leaf

Pull = Callable[[torch.Tensor], Mapping[Parameter, float | torch.Tensor]]
"""From a loss's gradient by a tensor to its derivatives by the tensor's parameters."""


@dataclass
class Part:
    """One tensor's part in the slopes.

    Args:
        shares: Parameter of the tensor → leaf of the recipe → its share in the value.
        pull: Gives the derivatives by these parameters.
        found: Derivatives so far.
    """

    shares: Mapping[Parameter, Mapping[Leaf, float]]
    pull: Pull
    found: dict[Parameter, float | torch.Tensor] = field(default_factory=dict)

    @property
    def leaves(self) -> set[Leaf]:
        """The numbers of the recipe that the tensor depends on."""
        return {leaf for shares in self.shares.values() for leaf in shares}


class Slopes:
    """Takes gradients of the merged model's tensors, in any order; gives slopes of the recipe.

    Valid until the next merge begins. A conversion of merged tensors to another dtype counts as
    none. One tensor may be added by each thread at a time.

    Args:
        parts: Name of a tensor of the model → its part.
        leaves: The numbers of the recipe that have a slope.

    Attributes:
        names: Tensors, by their names in `model.named_parameters()`, that depend on them.
    """

    def __init__(self, parts: Mapping[str, Part], leaves: frozenset[Leaf]) -> None:
        self._parts, self._leaves = parts, leaves
        self.names = frozenset(parts)

    @torch.no_grad()
    def add(self, name: str, gradient: torch.Tensor) -> None:
        """Add a gradient; several of one tensor count as their sum.

        Args:
            name: One of `names`.
            gradient: Of the loss with respect to that tensor; of its shape, on any device.
        """
        part = self._parts[name]
        for parameter, slope in part.pull(gradient.detach()).items():
            part.found[parameter] = part.found.get(parameter, 0.0) + slope

    def by_leaf(self) -> dict[Leaf, float]:
        """Return the derivative of the loss by each number of the recipe that has one.

        Numbers that no tensor depends on have the derivative 0.
        """
        slopes = dict.fromkeys(sorted(self._leaves, key=repr), 0.0)
        for part in self._parts.values():
            for parameter, slope in part.found.items():
                for leaf, share in part.shares.get(parameter, {}).items():
                    if leaf in slopes:
                        slopes[leaf] += share * float(slope)
        return slopes
