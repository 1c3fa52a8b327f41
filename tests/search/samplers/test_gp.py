from collections.abc import Callable

import pytest
from optuna.samplers import BaseSampler
from sampler_suite import (
    MultiObjectiveSamplerTestCase,
    RelativeSamplerTestCase,
    SamplerSuite,
    maker,
)


class TestGp(SamplerSuite, MultiObjectiveSamplerTestCase):
    name = "gp"


@pytest.mark.slow
class TestGpFromTheFirstTrial(RelativeSamplerTestCase):
    """Optuna's suite has one trial; ours starts its model later, and forgets to here."""

    @pytest.fixture
    def sampler(self) -> Callable[[], BaseSampler]:
        def eager() -> BaseSampler:
            sampler = maker("gp")()
            sampler._n_startup_trials = 0
            return sampler

        return eager
