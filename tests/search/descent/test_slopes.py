import math

import pytest

from evomerge.search.descent.slopes import by_parameter
from evomerge.search.records.record import ParameterGradient
from evomerge.workers.protocol import Gradient

SOURCES = {("a",): "x", ("b",): "y", ("c",): "x", ("d",): "z"}


def test_a_parameter_has_the_sum_over_its_leaves_whatever_their_order() -> None:
    slopes = {("a",): 1e16, ("b",): 1 / 3, ("c",): -1e16, ("elsewhere",): 5.0}
    found = by_parameter(Gradient(2.0, slopes), SOURCES)
    assert found == ParameterGradient(2.0, {"x": 0.0, "y": 0.3333333})
    turned = dict(reversed(SOURCES.items()))
    assert by_parameter(Gradient(2.0, slopes), turned) == found


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_what_is_no_number_is_no_gradient(bad: float) -> None:
    assert by_parameter(Gradient(2.0, {("a",): bad}), SOURCES) is None
    assert by_parameter(Gradient(bad, {("a",): 1.0}), SOURCES) is None
    assert by_parameter(Gradient(2.0, {("e",): bad}), SOURCES) is None
