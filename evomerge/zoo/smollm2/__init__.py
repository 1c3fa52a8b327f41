"""SmolLM2-135M-Instruct, and experts fine-tuned from it on real questions."""

from pathlib import Path

from evomerge.recipe.reference import Reference
from evomerge.zoo.family import Progress, ZooFamily, llama_tensors
from evomerge.zoo.smollm2.experts import EXPERTS


def _build(draft: Path, final: Path, progress: Progress) -> None:
    from evomerge.zoo.smollm2.build import build

    build(draft, final, progress)


def _reference(root: Path, model: str) -> Reference:
    base = Reference(str(root / "base"))
    return base if model == "base" else base.with_adapter(str(root / "adapters" / model))


FAMILY = ZooFamily(
    name="smollm2",
    summary="SmolLM2-135M-Instruct and LoRA experts on real questions; downloads 141 MB",
    version="1",
    models=("base", *EXPERTS),
    build=_build,
    tensors=llama_tensors(30, tied=True),
    reference=_reference,
)
