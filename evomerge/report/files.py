"""What a finished run leaves: `best.yaml`, `report.md`, `report.json`, perhaps a picture."""

import json
from collections.abc import Mapping
from pathlib import Path

from evomerge.errors import PlatformError
from evomerge.files import write_whole
from evomerge.merge.export import export_yaml
from evomerge.recipe.parts import settings
from evomerge.recipe.recipe import Recipe
from evomerge.report.outcome_json import outcome_json
from evomerge.report.picture import PICTURE, draw
from evomerge.report.table import markdown_table, summary_lines
from evomerge.search.finals.outcome import Outcome
from evomerge.search.records.record import ScoredTrial, TrialRecord
from evomerge.space.domains import FloatDomain
from evomerge.space.hole import Hole
from evomerge.space.space import Space

_ABOUT = "The winner's values by layer and kind of tensor"
RESUME = "resume.txt"
"""File of a run's folder that holds the command which resumes it."""


def recipe_yaml(
    recipe: Recipe,
    record: TrialRecord,
    space: Space,
    locations: Mapping[str, str],
    *,
    lora_cache: Path,
    file: str = "best.yaml",
) -> str:
    """Return a trial's recipe as mergekit YAML, with what it scored in the header.

    Args:
        recipe: The trial's recipe.
        record: The trial.
        space: The run's space.
        locations: Reference → what mergekit can open.
        lora_cache: Folder of merged adapters that the search used.
        file: The YAML's own name, for the commands in the header.
    """
    origin = [f"run {space.name}, {record.label}"]
    if isinstance(record, ScoredTrial):
        scores = record.result.scores
        shown = ", ".join(f"{t.task} {t.metric} {t.value:.4f}" for t in scores.tasks)
        count = sum(len(t.doc_ids) for t in scores.tasks)
        origin.append(f"{shown} on {count} {scores.documents} documents")
    device = "cuda" if space.workers.gpus else "cpu"
    return export_yaml(
        recipe,
        locations,
        origin=origin,
        lora_cache=lora_cache,
        file=file,
        device=device,
        methods=space.methods,
    )


def write_report(
    folder: Path,
    outcome: Outcome,
    space: Space,
    locations: Mapping[str, str],
    lora_cache: Path,
) -> Path:
    """Write the files of a finished run; return the path of `best.yaml`."""
    best = folder / "best.yaml"
    shown = outcome.judgement.winner if outcome.judgement else outcome.winner
    text = recipe_yaml(shown.recipe, shown, space, locations, lora_cache=lora_cache)
    write_whole(best, text)
    summary = "\n".join(f"- {line}" for line in summary_lines(outcome, space))
    head = f"# {space.name}\n\n{markdown_table(outcome, space)}\n\n{summary}\n\n"
    tail = f"## Best recipe\n\n```yaml\n{text}```\n"
    write_whole(folder / "report.md", head + tail)
    data = json.dumps(outcome_json(outcome), indent=1, ensure_ascii=False)
    write_whole(folder / "report.json", data + "\n")
    if picture := _picture(folder / PICTURE, shown.recipe, space):
        write_whole(
            folder / "report.md", f"{head}## What it takes of each model\n\n{picture}\n\n{tail}"
        )
    return best


def _picture(file: Path, recipe: Recipe, space: Space) -> str:
    """Return what a report shows of the winner's numbers, which never ends a finished search."""
    names = {reference: name for name, reference in space.models.items()}
    try:
        return f"![{_ABOUT}]({PICTURE})" if draw(recipe, file, names, counted_layers(space)) else ""
    except (ImportError, MemoryError, OSError, PlatformError, RuntimeError, ValueError) as error:
        return f"The picture could not be drawn: {error}"


def counted_layers(space: Space) -> int | None:
    """Return how many layers the models have, where numbers for each of them say so."""
    holes = [
        leaf
        for template in space.templates
        if "models" in template.document
        for setting in settings(template.document)
        for leaf in setting.leaves
        if isinstance(leaf, Hole) and isinstance(leaf.domain, FloatDomain)
    ]
    each = [hole for hole in holes if {"layers", "tensors"} & set(hole.each)]
    counts = {len(part.anchors) for hole in each for part in hole.parts if part.anchors}
    return counts.pop() if len(counts) == 1 else None
