"""What MLflow shows of a search: names and values of parameters, metrics and tags."""

from collections.abc import Mapping
from math import fsum

from mlflow.utils.mlflow_tags import MLFLOW_RUN_NOTE

from evomerge.search.finals.outcome import Outcome
from evomerge.search.records.record import FailedTrial, ScoredTrial, TrialRecord
from evomerge.space.space import Space

STAGE, NUMBER = "evomerge.stage", "evomerge.number"
"""Tags that tell which trial a run is."""
_MAX_NAME, _MAX_MESSAGE, _MAX_PARAM = 250, 5000, 6000


def search_params(space: Space) -> dict[str, object]:
    """Return the parameters of a search."""
    evaluate = space.evaluate
    return {
        "sampler": space.search.sampler,
        "seed": space.search.seed,
        "objective": space.objective,
        "recipes": ", ".join(template.label for template in space.templates),
        "tasks": ", ".join(f"{t.task}/{t.metric}" for t in evaluate.tasks),
        "documents": f"quick {evaluate.quick}, confirm {evaluate.confirm}, "
        f"held out {evaluate.held_out}",
    }


def search_tags(space: Space) -> dict[str, str]:
    """Return the tags of a search."""
    return {
        "evomerge.kind": "search",
        "evomerge.base": space.base or "",
        "evomerge.parents": ", ".join(space.references),
    }


def run_name(record: TrialRecord) -> str:
    """Return what a trial's run is called: its label, with the stage where that is a later one."""
    if record.stage in ("generation0", "search"):
        return record.label
    return f"{record.stage.replace('_', ' ')}: {record.label}"


def trial_params(record: TrialRecord, holes: Mapping[str, str]) -> dict[str, object]:
    """Return the parameters of a trial; those of a hole for each layer or tensor summed up.

    MLflow's table has a column for each, and its server takes a hundred at once.

    Args:
        record: The trial.
        holes: Parameter → path of the hole that makes many of them; the others are left out.
    """
    method = {"merge_method": record.recipe.method} if record.recipe else {}
    alone = {name: value for name, value in record.params.items() if name not in holes}
    many: dict[str, list[object]] = {}
    for name, value in record.params.items():
        if name in holes:
            many.setdefault(holes[name], []).append(value)
    return {**method, **alone, **{path: _summed_up(many[path]) for path in sorted(many)}}


def trial_metrics(record: TrialRecord) -> dict[str, float]:
    """Return what was measured of a trial."""
    metrics = {f"seconds/{stage}": value for stage, value in record.result.seconds.items()}
    if isinstance(record, FailedTrial):
        return metrics
    scores = record.result.scores
    metrics |= {f"{t.task}/{_allowed_name(t.metric)}": t.value for t in scores.tasks}
    metrics |= {f"guard/{name}": share for name, share in scores.guards.items()}
    if record.gradient is not None:
        metrics["loss"] = record.gradient.loss
    if len(record.value) == 1:
        quick = record.documents == "quick"
        metrics["objective" if quick else f"{record.documents}/objective"] = record.value[0]
    return metrics


def trial_tags(record: TrialRecord) -> dict[str, str]:
    """Return the tags of a trial: which it is, what it descends from, why it failed."""
    return {
        STAGE: record.stage,
        NUMBER: str(record.number),
        "evomerge.kind": record.kind,
        **_place(record),
        **_lineage(record),
    }


def outcome_metrics(outcome: Outcome) -> dict[str, float]:
    """Return what a search came to, in numbers."""
    metrics = {"recipes": float(outcome.n_recipes), "failed": float(outcome.n_failed)}
    judgement = outcome.judgement
    if judgement and judgement.over_parent:
        metrics["held_out/gain_over_best_parent"] = judgement.over_parent.gain.gain
    if judgement and judgement.over_blend:
        metrics["held_out/gain_over_best_blend"] = judgement.over_blend.gain.gain
    return metrics


def outcome_tags(outcome: Outcome) -> dict[str, str]:
    """Return what a search came to, in words."""
    winner = _lineage(outcome.winner)
    return {
        MLFLOW_RUN_NOTE: outcome.verdict,
        "evomerge.verdict": outcome.verdict,
        "evomerge.winner": outcome.winner.label,
        **{f"evomerge.winner.{key.partition('.')[2]}": value for key, value in winner.items()},
    }


def _summed_up(values: list[object]) -> str:
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if len(numbers) < len(values):
        return f"{len(values)} values: {', '.join(sorted(set(map(str, values))))}"
    mean = fsum(numbers) / len(numbers)
    return f"{len(numbers)} numbers from {min(numbers):.4g} to {max(numbers):.4g}, mean {mean:.4g}"


def allowed(values: Mapping[str, object]) -> dict[str, str]:
    """Return parameters with names that MLflow allows and no two of which are the same."""
    named: dict[str, str] = {}
    for key, value in values.items():
        name, copy = _allowed_name(key), 2
        while name in named:
            name, copy = f"{_allowed_name(key)}-{copy}", copy + 1
        named[name] = str(value)[:_MAX_PARAM]
    return named


def _place(record: TrialRecord) -> dict[str, str]:
    """Return where a step down a gradient stands."""
    if record.step is None:
        return {}
    return {"evomerge.chain": str(record.step.chain), "evomerge.step": str(record.step.number)}


def _lineage(record: TrialRecord) -> dict[str, str]:
    """Return what a model made by this recipe descends from, or why there is none."""
    tags: dict[str, str] = {}
    if record.recipe is not None:
        base = record.recipe.document.get("base_model")
        tags |= {
            "evomerge.recipe_id": record.recipe.recipe_id,
            "evomerge.parents": ", ".join(record.recipe.models),
            "evomerge.base": base if isinstance(base, str) else "",
        }
    if isinstance(record, ScoredTrial) and record.twin:
        tags["evomerge.duplicate_of"] = f"{record.twin.stage} {record.twin.number}"
    if isinstance(record, FailedTrial):
        tags |= {
            "evomerge.failure": str(record.result.failure),
            "evomerge.message": record.result.message[:_MAX_MESSAGE],
            "evomerge.advice": record.result.failure.advice,
        }
    return tags


def _allowed_name(key: str) -> str:
    """Return a key as MLflow allows it: `weight[rev]` becomes `weight.rev`."""
    plain = key.replace("://", "_").replace("[", ".").replace("]", "")
    kept = "".join(c if c.isalnum() or c in "_-. /" else "_" for c in plain)
    return kept.strip("/")[:_MAX_NAME]
