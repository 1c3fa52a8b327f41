"""The tiny family: a LLaMA of 0.8M parameters and four experts, trained on the spot in minutes."""

from pathlib import Path

from evomerge.zoo.family import Family, Progress


def _build(draft: Path, final: Path, progress: Progress) -> None:
    from evomerge.zoo.tiny.build import build

    build(draft, final, progress)


FAMILY = Family(
    name="tiny",
    summary="LLaMA of 0.8M parameters, four experts on letters and sums; trained in 2 minutes",
    version="1",
    models=("base", "reverse", "sort", "shift", "add"),
    build=_build,
)
