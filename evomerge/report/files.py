"""What a finished run leaves: `best.yaml`, `report.md`, `report.json`, perhaps a picture."""

import json
from collections.abc import Mapping
from pathlib import Path

from evomerge.files import write_whole
from evomerge.merge.export import export_yaml
from evomerge.recipe.recipe import Recipe
from evomerge.report.outcome_json import outcome_json
from evomerge.report.picture import PICTURE, draw
from evomerge.report.table import markdown_table, summary_lines
from evomerge.search.finals.outcome import Outcome
from evomerge.search.records.record import ScoredTrial, TrialRecord
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
    names = {reference: name for name, reference in space.models.items()}
    picture = draw(shown.recipe, folder / PICTURE, names)
    shows = f"## What it takes of each model\n\n![{_ABOUT}]({PICTURE})\n\n" if picture else ""
    report = (
        f"# {space.name}\n\n{markdown_table(outcome, space)}\n\n{summary}\n\n{shows}"
        f"## Best recipe\n\n```yaml\n{text}```\n"
    )
    write_whole(folder / "report.md", report)
    data = json.dumps(outcome_json(outcome), indent=1, ensure_ascii=False)
    write_whole(folder / "report.json", data + "\n")
    return best
