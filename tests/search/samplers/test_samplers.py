from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from synthetic import BRANCHED, FLAT, formula, toy_space

from evomerge.errors import InputError
from evomerge.search.samplers.samplers import check_sampler, make_sampler, seeds, startup_trials
from evomerge.search.study import RunStudy
from evomerge.workers.protocol import TrialResult

SAMPLERS = ["tpe", "cmaes", "nsga2", "gp", "random"]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_reopening_before_every_proposal_changes_nothing(tmp_path: Path, sampler: str) -> None:
    space = toy_space(BRANCHED, sampler=sampler)
    drawn = []
    for reopen in (False, True):
        path = tmp_path / str(reopen)
        study = RunStudy(path)
        for number in range(14):
            if reopen:
                study = RunStudy(path)
            pending = study.propose(space, make_sampler(space, number))
            assert pending.recipe
            scores = formula(pending.recipe, "quick")
            study.finish(pending, TrialResult("k", scores), (scores["t0"].value,))
        drawn.append([record.params for record in study.records("search")])
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_seeds_and_numbers_draw_apart(tmp_path: Path, sampler: str) -> None:
    space = toy_space(FLAT, sampler=sampler)
    study = RunStudy(tmp_path / "j")
    drawn = [study.propose(space, make_sampler(space, n)).params for n in range(3)]
    assert len({str(params) for params in drawn}) == 3


def test_nsga2_mutates_independently_of_its_crossover(tmp_path: Path) -> None:
    space = toy_space(FLAT, sampler="nsga2")
    study = RunStudy(tmp_path / "j")
    for number in range(20):
        pending = study.propose(space, make_sampler(space, number))
        study.finish(pending, TrialResult("k", formula(pending.recipe, "quick")), (0.0,))  # type: ignore[arg-type]
    known = {v for record in study.records("search") for v in record.params.values()}
    mutations = 0
    for number in range(20, 60):
        decided_crossover = np.random.RandomState(seeds(space.search.seed, number)[0]).rand()
        for value in study.propose(space, make_sampler(space, number)).params.values():
            mutations += value not in known
            assert value != pytest.approx(1.2 * decided_crossover)
    assert mutations > 20


@pytest.mark.parametrize("seed", range(4))
def test_cmaes_keeps_to_what_every_recipe_shares(tmp_path: Path, seed: int) -> None:
    text = BRANCHED.replace("{float: [0, 1.2]}", "{float: [0, 1.2], name: w}", 1).replace(
        "t: {float: [0, 1], layers: 3}", "t: {float: [0, 1.2], name: w}"
    )
    space = toy_space(text, sampler="cmaes")
    space = replace(space, search=replace(space.search, seed=seed))
    assert [p.name for p in space.shared_parameters] == ["recipe", "w"]
    study = RunStudy(tmp_path / "j")
    for number in range(4):
        sampler = make_sampler(space, number)
        pending = study.propose(space, sampler)
        trial = study._studies["search"].trials[number]
        covered = sampler.infer_relative_search_space(study._studies["search"], trial)
        assert set(covered) == ({"w"} if number else set())
        study.finish(pending, TrialResult("k", formula(pending.recipe, "quick")), (0.5,))  # type: ignore[arg-type]


def test_cmaes_refuses_several_objectives() -> None:
    space = toy_space(FLAT, objective="pareto", sampler="nsga2")
    check_sampler(space)
    with pytest.raises(InputError, match="pareto"):
        check_sampler(replace(space, search=replace(space.search, sampler="cmaes")))


def test_tpe_looks_at_many_recipes_before_it_chooses() -> None:
    assert [startup_trials(n) for n in (1, 2, 3, 4, 7)] == [10, 10, 10, 12, 24]
