from dataclasses import replace
from pathlib import Path

import pytest
from sampler_suite import RelativeSamplerTestCase, SamplerSuite, SingleOnlySamplerTestCase
from synthetic import BRANCHED, formula, toy_space

from evomerge.search.records.record import Pending
from evomerge.search.records.study import RunStudy
from evomerge.search.samplers import make_sampler
from evomerge.workers.protocol import Scored


class TestCmaes(SamplerSuite, RelativeSamplerTestCase, SingleOnlySamplerTestCase):
    name = "cmaes"


@pytest.mark.parametrize("seed", range(4))
def test_it_keeps_to_what_every_recipe_shares(tmp_path: Path, seed: int) -> None:
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
        assert isinstance(pending, Pending)
        study.finish(pending, Scored("k", formula(pending.recipe, "quick")), (0.5,))
