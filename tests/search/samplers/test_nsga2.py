from pathlib import Path

import numpy as np
import pytest
from sampler_suite import MultiObjectiveSamplerTestCase, SamplerSuite
from synthetic import FLAT, formula, toy_space

from evomerge.search.records.record import Pending
from evomerge.search.records.study import RunStudy
from evomerge.search.samplers import make_sampler, seeds
from evomerge.workers.protocol import Scored


class TestNsga2(SamplerSuite, MultiObjectiveSamplerTestCase):
    """Optuna's suite of relative sampling is not for it: a genetic algorithm has no value for a
    parameter before a whole generation has ended, nor for one that mutates.
    """

    name = "nsga2"


def test_generations_are_found_by_later_versions(tmp_path: Path) -> None:
    space = toy_space(FLAT, sampler="nsga2")
    study = RunStudy(tmp_path / "j")
    for number in range(18):
        pending = study.propose(space, make_sampler(space, number))
        assert isinstance(pending, Pending)
        study.finish(pending, Scored("k", formula(pending.recipe, "quick")), (0.0,))
    assert '"Nsga2Sampler:generation":1' in (tmp_path / "j").read_text()


def test_it_mutates_independently_of_its_crossover(tmp_path: Path) -> None:
    space = toy_space(FLAT, sampler="nsga2")
    study = RunStudy(tmp_path / "j")
    for number in range(20):
        pending = study.propose(space, make_sampler(space, number))
        assert isinstance(pending, Pending)
        study.finish(pending, Scored("k", formula(pending.recipe, "quick")), (0.0,))
    known = {v for record in study.records("search") for v in record.params.values()}
    mutations = 0
    for number in range(20, 60):
        decided_crossover = np.random.RandomState(seeds(space.search.seed, number).model).rand()
        for value in study.propose(space, make_sampler(space, number)).params.values():
            mutations += value not in known
            assert value != pytest.approx(1.2 * decided_crossover)
    assert mutations > 20
