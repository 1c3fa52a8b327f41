"""Generation 0: the fixed recipes that a search must beat before it has added anything."""

from dataclasses import dataclass
from typing import Any, Literal

from evomerge.recipe.recipe import Recipe
from evomerge.space.space import Space

LAMBDAS = (0.3, 0.5, 0.7, 1.0)
"""Scales of task arithmetic (Ilharco et al. 2022, arXiv:2212.04089, section 4)."""

BLENDS_AMONG_FINALISTS = 2
"""Of the blends, how many are scored again beside the best sampled recipes."""


@dataclass(frozen=True)
class Fixed:
    """A recipe scored before any sampling.

    Args:
        kind: `base`, `parent` (a model alone) or `blend`.
        label: For people, such as `parent rev` or `task_arithmetic λ=0.3`.
        recipe: The recipe, references as the space writes them.
    """

    kind: Literal["base", "parent", "blend"]
    label: str
    recipe: Recipe


def fixed_recipes(space: Space) -> tuple[Fixed, ...]:
    """Return the base and every parent alone, and the fixed blends of the parents.

    The uniform linear merge is the plain mean of the parents; task arithmetic adds λ times the
    mean of their task vectors times their number, each with weight 1, to the base.
    """
    names = {reference: name for name, reference in space.models.items()}
    parents = [reference for reference in space.parents if reference != space.base]
    fixed: list[Fixed] = []
    if space.base is not None:
        fixed.append(Fixed("base", "base", _alone(space, space.base)))
    fixed += [
        Fixed("parent", f"parent {names.get(reference, reference)}", _alone(space, reference))
        for reference in parents
    ]
    if len(parents) < 2:
        return tuple(fixed)
    inputs = [{"model": reference, "parameters": {"weight": 1.0}} for reference in parents]
    fixed.append(
        Fixed("blend", "linear uniform", _recipe(space, merge_method="linear", models=inputs))
    )
    if space.base is not None:
        fixed += [
            Fixed(
                "blend",
                f"task_arithmetic λ={scale:g}",
                _recipe(
                    space,
                    merge_method="task_arithmetic",
                    base_model=space.base,
                    models=inputs,
                    parameters={"lambda": scale},
                ),
            )
            for scale in LAMBDAS
        ]
    return tuple(fixed)


def _alone(space: Space, reference: str) -> Recipe:
    own = {k: v for k, v in space.common.items() if not k.startswith("tokenizer")}
    models = [{"model": reference}]
    return Recipe.from_document({"merge_method": "passthrough", "models": models} | own)


def _recipe(space: Space, **document: Any) -> Recipe:
    """Return a blend with the dtypes and the tokenizer that the space's recipes have."""
    common = space.common
    if "base_model" not in document and space.base is not None:  # whose tokenizer `base` means
        if common.get("tokenizer_source") == "base":
            common["tokenizer_source"] = space.base
        if isinstance(own := common.get("tokenizer"), dict) and own.get("source") == "base":
            common["tokenizer"] = {**own, "source": space.base}
    return Recipe.from_document(document | common)
