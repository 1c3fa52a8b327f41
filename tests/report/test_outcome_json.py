import json
import math
from dataclasses import replace

from evomerge.report.outcome_json import outcome_json, record_json
from evomerge.search.finals.outcome import Outcome
from evomerge.search.records.record import ParameterGradient, Step

from .conftest import failed, record


def test_a_scored_trial() -> None:
    data = record_json(record("sampled", "trial 3", 0.5, (16, 12)))
    assert data["value"] == [0.7]
    assert data["scores"] == {"my_next": 0.8, "my_pick": 0.6}
    assert (data["failure"], data["message"], data["duplicate_of"]) == (None, "", None)
    assert data["method"] == "linear"


def test_a_step_has_its_chain_and_loss() -> None:
    scored = record("sampled", "trial 3", 0.5, (16, 12))
    step = replace(scored, step=Step(2, 0, 9, 0.1), gradient=ParameterGradient(1.5, {"w": 1.0}))
    found = [(data["chain"], data["loss"]) for data in map(record_json, (scored, step))]
    assert found == [(None, None), (2, 1.5)]


def test_a_failed_trial_has_the_same_keys() -> None:
    data = record_json(failed("base", "base"))
    assert data.keys() == record_json(record("base", "base", 1, (1, 1))).keys()
    assert (data["value"], data["scores"]) == ([], {})
    assert json.loads(json.dumps(data))["failure"] == "out_of_memory"


def test_an_outcome_is_plain_json(outcome: Outcome) -> None:
    data = json.loads(json.dumps(outcome_json(outcome), allow_nan=False))
    assert data["best_parent"] == "parent a"
    assert data["gain_over_best_blend"]["gain"] == 0.275
    assert data["smallest_difference"] == 0.1234
    assert (data["n_failed"], data["failures"]) == (1, {"out_of_memory": 1})


def test_what_is_no_number_is_null(outcome: Outcome) -> None:
    assert outcome.judgement
    assert outcome.judgement.over_parent
    unknown = replace(outcome.judgement.over_parent, smallest_difference=math.nan)
    judged = replace(outcome, judgement=replace(outcome.judgement, over_parent=unknown))
    assert outcome_json(judged)["smallest_difference"] is None


def test_without_a_judgement_there_is_nothing_to_compare(outcome: Outcome) -> None:
    data = outcome_json(replace(outcome, judgement=None, best_blend=None))
    assert [data[key] for key in ("best_blend", "gain_over_best_blend", "smallest_difference")] == [
        None
    ] * 3
    assert data["best_parent"] == "parent a"
    assert data["warnings"] == []
