"""The tiny family: a LLaMA of 0.8M parameters and four experts, trained on the spot in minutes."""

from pathlib import Path

from evomerge.recipe.reference import Reference
from evomerge.zoo.family import Progress, ZooFamily, llama_tensors


def _build(draft: Path, final: Path, progress: Progress) -> None:
    from evomerge.zoo.tiny.build import build

    build(draft, final, progress)


def _reference(root: Path, model: str) -> Reference:
    own = Reference(str(root / model))
    return Reference(str(root / "base"), adapter=own) if model.endswith("-lora") else own


FAMILY = ZooFamily(
    name="tiny",
    summary="LLaMA of 0.8M parameters, 4 layers; four experts and two adapters, made in minutes",
    version="2",
    models=("base", "reverse", "sort", "shift", "add", "sort-lora", "shift-lora"),
    build=_build,
    tensors=llama_tensors(4, tied=False),
    reference=_reference,
)
