from dataclasses import replace
from pathlib import Path

import pytest
from synthetic import BRANCHED, FLAT, formula, toy_space

from evomerge.errors import InputError
from evomerge.search.samplers import check_sampler, make_sampler
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


def test_nsga2_reaches_the_whole_range(tmp_path: Path) -> None:
    """Optuna's own seeding would never draw a mutated value from the top tenth of its range."""
    space = toy_space(FLAT, sampler="nsga2")
    study = RunStudy(tmp_path / "j")
    for number in range(20):
        pending = study.propose(space, make_sampler(space, number))
        scores = formula(pending.recipe, "quick")  # type: ignore[arg-type]
        study.finish(pending, TrialResult("k", scores), (0.0,))
    known = {v for record in study.records("search") for v in record.params.values()}
    mutated = [
        value / 1.2
        for number in range(20, 140)
        for value in study.propose(space, make_sampler(space, number)).params.values()
        if value not in known
    ]
    assert len(mutated) > 60
    assert max(mutated) > 0.93


def test_cmaes_keeps_to_what_every_recipe_shares(tmp_path: Path) -> None:
    text = BRANCHED.replace("{float: [0, 1.2]}", "{float: [0, 1.2], name: w}", 1).replace(
        "t: {float: [0, 1], layers: 3}", "t: {float: [0, 1.2], name: w}"
    )
    space = toy_space(text, sampler="cmaes")
    assert [p.name for p in space.shared_parameters] == ["recipe", "w"]
    study = RunStudy(tmp_path / "j")
    covered = []
    for number in range(12):
        sampler = make_sampler(space, number)
        pending = study.propose(space, sampler)
        trial = study._studies["search"].trials[number]
        covered.append(sampler.infer_relative_search_space(study._studies["search"], trial))
        study.finish(pending, TrialResult("k", formula(pending.recipe, "quick")), (0.5,))  # type: ignore[arg-type]
    assert all(set(names) == {"w"} for names in covered[1:])


def test_cmaes_refuses_several_objectives() -> None:
    space = toy_space(FLAT, objective="pareto", sampler="nsga2")
    check_sampler(space)
    with pytest.raises(InputError, match="pareto"):
        check_sampler(replace(space, search=replace(space.search, sampler="cmaes")))
