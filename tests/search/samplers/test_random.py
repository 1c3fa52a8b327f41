from sampler_suite import MultiObjectiveSamplerTestCase, SamplerSuite


class TestRandom(SamplerSuite, MultiObjectiveSamplerTestCase):
    name = "random"
