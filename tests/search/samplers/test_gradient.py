import math
from pathlib import Path

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState
from sampler_suite import XYZ, SamplerSuite, SingleOnlySamplerTestCase, trial
from searching import Diary, search
from synthetic import BRANCHED, FLAT, FormulaPool, Troubled, failing, toy_space

from evomerge.errors import Failure
from evomerge.search.finals.ranking import scored
from evomerge.search.records.attributes import step_attributes
from evomerge.search.records.record import FailedTrial, ScoredTrial, Step, TrialRecord
from evomerge.search.samplers import make_sampler
from evomerge.workers.protocol import Failed, Scored, TrialResult

FIXED = 8
"""Recipes of generation 0: two models and the base alone, and five blends."""


class TestGradient(SamplerSuite, SingleOnlySamplerTestCase):
    """Optuna's suite of relative sampling is not for it: it has a point to step to only where a
    trial brought a gradient, and those of the suite bring none.
    """

    name = "gradient"

    def test_it_knows_of_running_trials_where_the_table_says_so(self) -> None:
        """Trials that run elsewhere tell it nothing: those of chains do."""
        space = toy_space(FLAT, sampler="gradient")

        def proposal(state: TrialState) -> dict[str, float]:
            study = optuna.create_study(direction="maximize")
            kept = step_attributes(Step(0, 0, 5, 0.1))
            study.add_trial(trial({"x": 0.5}, state=state, user_attrs=kept))
            study.sampler = make_sampler(space, 1)
            study.sampler.before_trial(study, study.ask()._cached_frozen_trial)
            return study.get_trials()[-1].user_attrs["step"]

        assert proposal(TrialState.RUNNING)["chain"] == 1


def steps_of(records: list[TrialRecord]) -> dict[int, list[ScoredTrial]]:
    chains: dict[int, list[ScoredTrial]] = {}
    for record in scored(records):
        assert record.step is not None
        chains.setdefault(record.step.chain, []).append(record)
    return chains


def test_it_starts_at_the_best_blend_and_descends(tmp_path: Path) -> None:
    space = toy_space(FLAT, sampler="gradient", trials=20)
    _, records = search(space, tmp_path)
    first, *_, last = steps_of(records)[0]
    assert first.params == {"task_arithmetic.weight[a]": 0.5, "task_arithmetic.weight[b]": 0.5}
    assert first.gradient and last.gradient
    assert last.gradient.loss < first.gradient.loss
    assert list(last.params.values()) == pytest.approx([0.55, 0.55], abs=0.01)


@pytest.mark.parametrize("text", [FLAT, BRANCHED], ids=["flat", "branched"])
@pytest.mark.parametrize("stop", [9, 12, 17, 21])
def test_killed_and_resumed_a_chain_goes_on_bit_for_bit(
    tmp_path: Path, text: str, stop: int
) -> None:
    space = toy_space(text, sampler="gradient", trials=16)

    def change(result: TrialResult, count: int) -> TrialResult:
        if count == stop:
            raise RuntimeError("killed")
        return result

    with pytest.raises(RuntimeError):
        search(space, tmp_path / "a", Troubled(FormulaPool(), change))
    resumed = search(space, tmp_path / "a")[1]
    assert resumed == search(space, tmp_path / "b")[1]
    assert any(record.step and record.step.number > 3 for record in resumed)


class Counting(FormulaPool):
    """Keeps how many trials of the search run as each of them ends."""

    @property
    def in_flight(self) -> list[int]:
        return self._counts

    def __init__(self, capacity: int, newest_first: bool) -> None:
        super().__init__(capacity, newest_first)
        self._counts: list[int] = []

    def next_result(self) -> TrialResult:
        if self._jobs[-1].key.startswith("search"):
            self._counts.append(len(self._jobs))
        return super().next_result()


def test_a_chain_a_worker_and_no_worker_idle(tmp_path: Path) -> None:
    space = toy_space(FLAT, sampler="gradient", trials=24, workers=3)
    pool = Counting(3, newest_first=True)
    _, records = search(space, tmp_path, pool)
    assert pool.in_flight == [3] * 22 + [2, 1]
    chains = steps_of(records)
    assert sum(map(len, chains.values())) == 24
    starts = [tuple(chain[0].params.values()) for chain in chains.values()]
    assert len(set(starts)) == len(starts) >= 3


@pytest.mark.parametrize("text", [FLAT, BRANCHED], ids=["flat", "branched"])
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("stop", [12, 19])
def test_so_do_chains_that_go_on_among_failures(
    tmp_path: Path, text: str, workers: int, stop: int
) -> None:
    settings = "steps: 4, chains: 2, learning_rate: 0.05, spread: 0.2"
    space = toy_space(text, sampler="gradient", trials=16, gradient=settings, workers=workers)

    def fail(result: TrialResult, count: int) -> TrialResult:
        stage, number = result.key.split("-")
        if stage != "search" or int(number) % 5 != 3:
            return result
        return Failed(result.key, Failure.OUT_OF_MEMORY, "no memory")

    def kill(result: TrialResult, count: int) -> TrialResult:
        if count == stop:
            raise RuntimeError("killed")
        return fail(result, count)

    with pytest.raises(RuntimeError):
        search(space, tmp_path / "a", Troubled(FormulaPool(workers), kill))
    resumed = search(space, tmp_path / "a", Troubled(FormulaPool(workers), fail))[1]
    assert resumed == search(space, tmp_path / "b", Troubled(FormulaPool(workers), fail))[1]
    assert [r.number for r in resumed if isinstance(r, FailedTrial)] == [3, 8, 13]
    assert any(record.step and record.step.origin is not None for record in resumed)


def test_settings_are_those_of_the_search(tmp_path: Path) -> None:
    def moved(spread: float) -> float:
        settings = f"steps: 6, chains: 2, learning_rate: 0.05, spread: {spread}"
        space = toy_space(FLAT, sampler="gradient", trials=12, gradient=settings)
        _, records = search(space, tmp_path / str(spread))
        chains = steps_of(records)
        assert [chain[0].step for chain in chains.values()] == [
            Step(0, 0, 6, 0.05),
            Step(1, 0, 6, 0.05),
        ]
        assert [len(chain) for chain in chains.values()] == [6, 6]
        first, last = chains[0][0].params, chains[0][-1].params
        return sum(abs(last[name] - first[name]) for name in first)

    assert moved(0.02) < moved(0.4) / 2


def test_each_recipe_and_method_gets_a_chain(tmp_path: Path) -> None:
    space = toy_space(BRANCHED, sampler="gradient", trials=30)
    _, records = search(space, tmp_path)
    chains = steps_of(records)
    firsts = [chains[number][0] for number in range(3)]
    assert [r.recipe.method for r in firsts] == ["ties", "dare_ties", "slerp"]
    for chain in chains.values():
        kept = [{k: v for k, v in r.params.items() if "density" in k} for r in chain]
        assert all(one == kept[0] for one in kept)
        assert len({str(r.params) for r in chain}) == len(chain)


def test_to_tpe_a_chain_is_its_best_trial() -> None:
    space = toy_space(XYZ, sampler="gradient")

    def proposed(steps: int, *, alone: bool) -> float:
        study = optuna.create_study(direction="maximize")
        for chain in range(8):
            for number in range(steps):
                kept = step_attributes(Step(chain, number, 5, 0.1))
                kept["gradient"] = {"loss": 1.0, "slopes": {"x": 1.0}}
                at, value = {"z": 0.1 + chain / 10 + number / 50}, -abs(chain - 4) - number
                study.add_trial(trial(at, value=value, user_attrs={} if alone else kept))
        asked = study.ask()._cached_frozen_trial
        among = optuna.distributions.FloatDistribution(0.1, 1)
        drawn = make_sampler(space, 99).sample_independent(study, asked, "z", among)
        assert isinstance(drawn, float)
        return drawn

    best = proposed(1, alone=True)
    assert proposed(4, alone=False) == best != proposed(4, alone=True)


def test_tpe_is_not_asked_for_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_study(*args: object, **kwargs: object) -> optuna.Study:
        raise AssertionError("a study was made for TPE")

    study = optuna.create_study(direction="maximize")
    study.sampler = make_sampler(toy_space(FLAT, sampler="gradient"), 0)
    monkeypatch.setattr(optuna, "create_study", no_study)
    study.ask()
    assert "step" in study.get_trials()[-1].user_attrs


def test_bounds_and_roundness_hold(tmp_path: Path) -> None:
    text = FLAT.replace("[0, 1.2]", "[0.6, 1.2]")
    _, records = search(toy_space(text, sampler="gradient", trials=20), tmp_path)
    values = [value for record in records for value in record.params.values()]
    assert min(values) == 0.6
    assert values == [round(value, 5) for value in values]


def test_failures_shorten_the_step_and_end_no_search(tmp_path: Path) -> None:
    pool = failing(FormulaPool(), lambda count: count % 4 == 2)
    _, records = search(toy_space(FLAT, sampler="gradient", trials=16), tmp_path, pool)
    assert len(records) == 16
    assert [r.number for r in records if isinstance(r, FailedTrial)] == [2, 6, 10, 14]
    assert {record.step.chain for record in records if record.step} == {0}
    for number in (2, 6, 10, 14):
        before, whole, half = (
            np.array(list(records[n].params.values())) for n in range(number - 1, number + 2)
        )
        rates = [1 + math.cos(math.pi * n / 15) for n in (number - 1, number)]
        assert half - before == pytest.approx((whole - before) / 2 * rates[1] / rates[0], abs=2e-5)


def test_without_gradients_it_samples_on(tmp_path: Path) -> None:
    def change(result: TrialResult, count: int) -> TrialResult:
        assert isinstance(result, Scored)
        why = "it is made through a disk" if result.gradient else ""
        return Scored(result.key, result.scores, no_gradient=why)

    space = toy_space(FLAT, sampler="gradient", trials=12)
    diary = Diary()
    _, records = search(space, tmp_path, Troubled(FormulaPool(), change), diary)
    assert [record.step is not None for record in records] == [True] * 2 + [False] * 10
    assert len({str(record.params) for record in records}) == 12
    told = [note for note in diary.notes if "gradient" in note]
    assert told == [
        "gradient learns 2 numbers",
        "trial 0 has no gradient: it is made through a disk",
        "no trial of task_arithmetic has brought a gradient: TPE proposes further ones, without "
        "steps",
    ]


def test_failures_of_another_kind_at_the_start_end_no_descent(tmp_path: Path) -> None:
    pool = failing(FormulaPool(), lambda count: count in (FIXED, FIXED + 1))
    diary = Diary()
    _, records = search(toy_space(FLAT, sampler="gradient", trials=8), tmp_path, pool, diary)
    assert [len(record.params) for record in records if isinstance(record, FailedTrial)] == [2, 2]
    assert all(record.step for record in records)
    assert [note for note in diary.notes if "gradient" in note] == ["gradient learns 2 numbers"]


def test_a_space_without_anything_to_learn_is_sampled(tmp_path: Path) -> None:
    text = FLAT.replace("{float: [0, 1.2]}", "{choice: [0.1, 0.2, 0.3, 0.4]}")
    _, records = search(toy_space(text, sampler="gradient", trials=6), tmp_path)
    assert not any(record.step for record in records)


def test_a_blend_that_generation_0_scored_is_run_for_its_gradient(tmp_path: Path) -> None:
    """A start is the recipe of a blend in all but its form, and may be one in every word."""
    text = """
name: toy
models: {base: /models/base, a: /models/a, b: /models/b}
recipes:
  - merge_method: linear
    models:
      - {model: a, parameters: {weight: {float: [0.1, 1], name: w}}}
      - {model: b, parameters: {weight: {float: [0.1, 1], name: w}}}
    dtype: float32
"""
    space = toy_space(text, sampler="gradient", trials=3, gradient="start: 1")
    pool = FormulaPool()
    _, records = search(space, tmp_path, pool)
    first = scored(records)[0]
    alike = [job for job in pool.scored if job.recipe == first.recipe and job.documents == "quick"]
    assert [(job.key.split("-")[0], job.gradient) for job in alike] == [
        ("generation0", False),
        ("search", True),
    ]
    assert first.gradient
    assert first.twin is None


def test_slopes_are_the_derivatives_of_the_loss(tmp_path: Path) -> None:
    _, records = search(toy_space(FLAT, sampler="gradient", trials=3), tmp_path)
    first = scored(records)[0]
    assert first.gradient is not None
    values = np.array(list(first.params.values()))
    expected = np.mean([2 * (values - 0.4 - 0.3 * i) / 2 for i in range(2)], axis=0)
    assert list(first.gradient.slopes.values()) == pytest.approx(expected)
