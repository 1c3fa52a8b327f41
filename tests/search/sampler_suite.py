"""What every sampler must pass: Optuna's own suites, and that its line in the table is true."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.samplers import BaseSampler
from optuna.testing.pytest_samplers import (
    BasicSamplerTestCase,
    MultiObjectiveSamplerTestCase,
    RelativeSamplerTestCase,
    SingleOnlySamplerTestCase,
)
from optuna.trial import FrozenTrial, TrialState
from synthetic import BRANCHED, FLAT, formula, toy_space

from evomerge.samplers import SAMPLERS
from evomerge.search.records.record import Pending
from evomerge.search.records.study import RunStudy
from evomerge.search.samplers import make_sampler
from evomerge.space.space import Space
from evomerge.workers.protocol import Scored

XYZ = """
name: toy
models: {base: /models/base, a: /models/a, b: /models/b}
recipes:
  - merge_method: ties
    base_model: base
    parameters: {density: {float: [0.1, 1], name: z}}
    models:
      - {model: a, parameters: {weight: {float: [0, 1], name: x}}}
      - {model: b, parameters: {weight: {float: [0, 1], name: y}}}
"""
"""A space whose parameters are called as those of Optuna's suites."""
XYZ_POINTS = [
    dict(zip("xyz", map(float, row), strict=True))
    for row in np.random.default_rng(0).uniform(0.1, 1, (20, 3))
]

__all__ = [
    "MultiObjectiveSamplerTestCase",
    "RelativeSamplerTestCase",
    "SamplerSuite",
    "SingleOnlySamplerTestCase",
    "maker",
]


def maker(name: str) -> Callable[[], BaseSampler]:
    """Return what makes the sampler, for parameters called `x`, `y` and `z`."""
    space = toy_space(XYZ, sampler=name)
    return lambda: make_sampler(space, 0)


def score(study: RunStudy, space: Space, count: int, reopen: Callable[[], RunStudy] | None) -> None:
    """Let the space's sampler propose so many trials, and score them."""
    for number in range(count):
        study = reopen() if reopen else study
        pending = study.propose(space, make_sampler(space, number))
        assert isinstance(pending, Pending)
        scores = formula(pending.recipe, "quick")
        study.finish(pending, Scored("k", scores), (scores["t0"].value,))


class SamplerSuite(BasicSamplerTestCase):
    """Optuna's basic suite, and what a search asks of a sampler beyond it."""

    name: str

    @pytest.fixture
    def sampler(self) -> Callable[[], BaseSampler]:
        return maker(self.name)

    def test_reopening_before_every_proposal_changes_nothing(self, tmp_path: Path) -> None:
        space = toy_space(BRANCHED, sampler=self.name)
        score(RunStudy(tmp_path / "a"), space, 14, None)
        score(RunStudy(tmp_path / "b"), space, 14, lambda: RunStudy(tmp_path / "b"))
        drawn = [
            [record.params for record in RunStudy(tmp_path / name).records("search")]
            for name in "ab"
        ]
        assert drawn[0] == drawn[1]

    def test_seeds_and_numbers_draw_apart(self, tmp_path: Path) -> None:
        space = toy_space(FLAT, sampler=self.name)
        study = RunStudy(tmp_path / "j")
        drawn = [study.propose(space, make_sampler(space, n)).params for n in range(3)]
        assert len({str(params) for params in drawn}) == 3

    def test_it_knows_of_running_trials_where_the_table_says_so(self) -> None:
        space = toy_space(XYZ, sampler=self.name)

        def proposal(state: TrialState, at: dict[str, float]) -> dict[str, float]:
            study = optuna.create_study(direction="maximize")
            for params in XYZ_POINTS:
                value = -sum((v - 0.6) ** 2 for v in params.values())
                study.add_trial(trial(params, value=value))
            for _ in range(6):
                study.add_trial(trial(at, state=state))
            study.sampler = make_sampler(space, study.get_trials()[-1].number + 1)
            return space.suggest(study.ask())

        idle = proposal(TrialState.FAIL, XYZ_POINTS[0])
        assert (proposal(TrialState.RUNNING, idle) != idle) == SAMPLERS[self.name].parallel


def trial(params: dict[str, float], **more: Any) -> FrozenTrial:
    ranges = {"x": (0, 1), "y": (0, 1), "z": (0.1, 1)}
    distributions: dict[str, Any] = {
        name: optuna.distributions.FloatDistribution(*ranges[name]) for name in params
    }
    return optuna.create_trial(params=params, distributions=distributions, **more)
