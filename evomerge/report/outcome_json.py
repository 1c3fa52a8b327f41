"""Records and outcomes as plain JSON types, for machines."""

import math
from dataclasses import asdict
from typing import Any

from evomerge.evaluate.statistics import Gain
from evomerge.search.outcome import Outcome
from evomerge.search.record import TrialRecord


def record_json(record: TrialRecord) -> dict[str, Any]:
    """Return a trial without its per-document results, which the study keeps."""
    scores = record.result.scores
    return {
        "stage": record.stage,
        "number": record.number,
        "kind": record.kind,
        "label": record.label,
        "recipe_id": record.recipe.recipe_id if record.recipe else None,
        "method": record.recipe.method if record.recipe else None,
        "params": dict(record.params),
        "value": [_finite(value) for value in record.value],
        "scores": {t.task: _finite(t.value) for t in scores.tasks} if scores else {},
        "guards": dict(scores.guards) if scores else {},
        "failure": record.result.failure,
        "message": record.result.message,
        "seconds": dict(record.result.seconds),
        "duplicate_of": record.duplicate_of,
    }


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """Return a search's end: winner, comparisons, verdict."""
    return {
        "winner": record_json(outcome.winner),
        "chosen_on": outcome.chosen_on,
        "held_out": [record_json(record) for record in outcome.held_out],
        "best_parent": outcome.best_parent.label if outcome.best_parent else None,
        "best_blend": outcome.best_blend.label if outcome.best_blend else None,
        "gain_over_best_parent": _gain(outcome.gain_over_best_parent),
        "gain_over_best_blend": _gain(outcome.gain_over_best_blend),
        "smallest_difference": _finite(outcome.smallest_difference),
        "front": [record.label for record in outcome.front],
        "warnings": list(outcome.warnings),
        "n_recipes": outcome.n_recipes,
        "n_failed": outcome.n_failed,
        "verdict": outcome.verdict,
    }


def _gain(gain: Gain | None) -> dict[str, Any] | None:
    return None if gain is None else {key: _finite(v) for key, v in asdict(gain).items()}


def _finite(value: float | None) -> float | None:
    """Return a number as JSON can hold it: what is none becomes null."""
    return None if value is None or not math.isfinite(value) else value
