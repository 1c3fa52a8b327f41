from dataclasses import replace

from evomerge.search.records.record import ParameterGradient, ScoredTrial, Step, Twin
from evomerge.space.space import Space
from evomerge.tracking.projection import (
    allowed,
    outcome_metrics,
    outcome_tags,
    run_name,
    search_params,
    search_tags,
    trial_metrics,
    trial_params,
    trial_tags,
)

from .conftest import outcome, record


def test_a_search(space: Space) -> None:
    assert search_params(space)["tasks"] == "toy/acc"
    assert search_params(space)["sampler"] == "tpe"
    assert search_tags(space)["evomerge.parents"] == "org/base, org/a"


def test_later_stages_are_named(space: Space) -> None:
    trial = record(space, 3)
    assert run_name(trial) == "trial 3"
    assert run_name(replace(trial, stage="held_out")) == "held out: trial 3"


def test_scores_of_each_set_of_documents_have_their_own_objective(space: Space) -> None:
    trial = record(space, 3)
    assert trial_metrics(trial)["objective"] == 0.5
    later = trial_metrics(replace(trial, stage="confirm"))
    assert later["confirm/objective"] == 0.5
    assert "objective" not in later


def test_a_step_has_its_chain_and_loss(space: Space) -> None:
    trial = record(space, 3)
    assert "loss" not in trial_metrics(trial)
    assert "evomerge.chain" not in trial_tags(trial)
    step = replace(trial, step=Step(2, 5, 9, 0.1), gradient=ParameterGradient(1.5, {"w": 1.0}))
    assert trial_metrics(step)["loss"] == 1.5
    assert (trial_tags(step)["evomerge.chain"], trial_tags(step)["evomerge.step"]) == ("2", "5")


def test_a_trial_says_whose_scores_it_took(space: Space) -> None:
    trial = record(space, 3)
    assert isinstance(trial, ScoredTrial)
    tags = trial_tags(replace(trial, twin=Twin("search", 1)))
    assert tags["evomerge.duplicate_of"] == "search 1"
    assert tags["evomerge.number"] == "3"
    assert trial_params(trial, {}) == {"merge_method": "ties", "ties.weight[a]": 0.3}


def test_a_failed_trial_has_times_only(space: Space) -> None:
    failed = record(space, 3, None)
    assert set(trial_metrics(failed)) == {"seconds/merge", "seconds/score", "seconds/total"}
    assert trial_tags(failed)["evomerge.failure"] == "nan_weights"


def test_the_end(space: Space) -> None:
    end = outcome([record(space, 0)])
    assert outcome_tags(end)["evomerge.winner.parents"] == "org/base, org/a"
    assert outcome_metrics(end) == {"recipes": 1.0, "failed": 0.0}


def test_no_two_names_are_the_same() -> None:
    assert allowed({"w[a+b]": 1, "w[a@b]": 2}) == {"w.a_b": "1", "w.a_b-2": "2"}
    assert len(allowed({"x": "y" * 9000})["x"]) == 6000


def test_many_numbers_are_summed_up(space: Space) -> None:
    params = {f"w[q_proj][{layer}]": layer / 4 for layer in range(4)} | {"density": 0.5}
    params |= {"c[0]": "x", "c[1]": "y", "b[0]": True, "b[1]": False}
    params |= {"v[0]": 1e16, "v[1]": 1.0, "v[2]": -1e16}
    holes = {name: name[0] for name in params if "[" in name}
    shown = trial_params(replace(record(space, 3), params=params), holes)
    assert shown["w"] == "4 numbers from 0 to 0.75, mean 0.375"
    assert shown["c"] == "2 values: x, y"
    assert shown["b"] == "2 values: False, True"
    assert shown["v"] == "3 numbers from -1e+16 to 1e+16, mean 0.3333"
    assert shown["density"] == 0.5
    assert len(shown) == 6
