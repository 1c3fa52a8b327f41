from sampler_suite import MultiObjectiveSamplerTestCase, SamplerSuite

from evomerge.search.samplers.tpe import startup_trials


class TestTpe(SamplerSuite, MultiObjectiveSamplerTestCase):
    """Optuna's suite of relative sampling is not for it: that asks for values before the sampler
    has seen any trial of the group, and `group=True` has none for such a group.
    """

    name = "tpe"


def test_it_looks_at_many_recipes_before_it_chooses() -> None:
    assert [startup_trials(n) for n in (1, 2, 3, 4, 7)] == [10, 10, 10, 12, 24]
