"""Records and outcomes as plain JSON types, for machines."""

import math
from dataclasses import asdict
from typing import Any

from evomerge.search.finals.outcome import Comparison, Outcome
from evomerge.search.records.record import ScoredTrial, TrialRecord


def record_json(record: TrialRecord) -> dict[str, Any]:
    """Return a trial without its per-document results, which the study keeps."""
    kept: dict[str, Any] = {
        "stage": record.stage,
        "number": record.number,
        "kind": record.kind,
        "label": record.label,
        "recipe_id": record.recipe.recipe_id if record.recipe else None,
        "method": record.recipe.method if record.recipe else None,
        "params": dict(record.params),
        "value": [],
        "scores": {},
        "guards": {},
        "failure": None,
        "message": "",
        "seconds": dict(record.result.seconds),
        "duplicate_of": None,
        "chain": record.step.chain if record.step else None,
        "loss": None,
    }
    if isinstance(record, ScoredTrial):
        scores = record.result.scores
        return kept | {
            "value": [_finite(value) for value in record.value],
            "scores": {t.task: _finite(t.value) for t in scores.tasks},
            "guards": dict(scores.guards),
            "duplicate_of": record.twin.number if record.twin else None,
            "loss": record.gradient.loss if record.gradient else None,
        }
    return kept | {"failure": record.result.failure, "message": record.result.message}


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """Return a search's end: winner, comparisons, verdict."""
    judgement = outcome.judgement
    parent = judgement.over_parent if judgement else None
    blend = judgement.over_blend if judgement else None
    nearest = parent or blend
    return {
        "winner": record_json(outcome.winner),
        "chosen_on": outcome.chosen_on,
        "held_out": [record_json(record) for record in outcome.held_out],
        "best_parent": outcome.best_parent.label if outcome.best_parent else None,
        "best_blend": outcome.best_blend.label if outcome.best_blend else None,
        "gain_over_best_parent": _gain(parent),
        "gain_over_best_blend": _gain(blend),
        "smallest_difference": _finite(nearest.smallest_difference) if nearest else None,
        "front": [record.label for record in outcome.front],
        "warnings": list(judgement.warnings) if judgement else [],
        "n_recipes": outcome.n_recipes,
        "n_failed": outcome.n_failed,
        "failures": dict(outcome.failures),
        "verdict": outcome.verdict,
    }


def _gain(found: Comparison | None) -> dict[str, Any] | None:
    return {key: _finite(v) for key, v in asdict(found.gain).items()} if found else None


def _finite(value: float) -> float | None:
    """Return a number as JSON can hold it: what is none becomes null."""
    return value if math.isfinite(value) else None
