"""What a family of local models is to the zoo."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from evomerge.recipe.reference import Reference

Progress = Callable[[str, float], None]
"""Told what is being done and which fraction of the whole is done, in [0, 1]."""


@dataclass(frozen=True)
class ZooFamily:
    """A base model, its experts, and their lm-eval tasks.

    Args:
        name: What stands after `zoo://`.
        summary: One line for people.
        version: Changes whenever a build would give other files; part of the folder's path.
        models: Names of its models; `tasks` is the folder of its task YAML.
        build: Makes the family in an empty draft folder. It also gets the folder's final path,
            for files that name each other, and a `Progress`.
        tensors: Names of the tensors of each of its full models.
        reference: Final folder and model name → what mergekit can open.
    """

    name: str
    summary: str
    version: str
    models: tuple[str, ...]
    build: Callable[[Path, Path, Progress], None]
    tensors: tuple[str, ...]
    reference: Callable[[Path, str], Reference] = lambda root, model: Reference(str(root / model))


def llama_tensors(layers: int, *, tied: bool) -> tuple[str, ...]:
    """Return the names of a LLaMA's tensors.

    Args:
        layers: Its depth.
        tied: Whether its head is its embeddings, and so not stored.
    """
    projections = [f"self_attn.{name}_proj" for name in "qkvo"]
    projections += [f"mlp.{name}_proj" for name in ("gate", "up", "down")]
    kinds = [*projections, "input_layernorm", "post_attention_layernorm"]
    names = [f"model.layers.{layer}.{kind}.weight" for layer in range(layers) for kind in kinds]
    names += ["model.embed_tokens.weight", "model.norm.weight"]
    return (*names, *([] if tied else ["lm_head.weight"]))
