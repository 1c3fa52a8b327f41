"""Domains draw what they contain, and say what they are."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evomerge.methods.types import is_int, is_number
from evomerge.space.domains import ChoiceDomain, Domain, FloatDomain, IntDomain, Parameter

from .examples import Drawn

DOMAINS: list[tuple[Domain, str, list[Any], list[Any]]] = [
    (FloatDomain(0, 1.2), "[0, 1.2]", [0, 0.3, 1.2], [-0.1, 1.3, True, "0"]),
    (FloatDomain(0.1, 0.7, step=0.2), "[0.1, 0.7] step 0.2", [0.1, 0.3, 0.7], [0.2, 0.9]),
    (FloatDomain(0.001, 1, log=True), "[0.001, 1] log", [0.001, 0.5], [0]),
    (IntDomain(1, 9), "[1, 9]", [1, 5, 9], [0, 10, 1.0, True]),
    (IntDomain(1, 9, step=4), "[1, 9] step 4", [1, 5, 9], [2, 13]),
    (ChoiceDomain((1, "a", True, None)), "1, a, True, None", [1, "a", True, None], [1.0, False]),
]


@pytest.mark.parametrize(("domain", "text", "inside", "outside"), DOMAINS)
def test_what_a_domain_contains(
    domain: Domain, text: str, inside: list[Any], outside: list[Any]
) -> None:
    assert domain.range_text() == text
    assert all(map(domain.contains, inside))
    assert not any(map(domain.contains, outside))
    assert all(map(domain.contains, domain.ends))


@pytest.mark.parametrize("domain", [row[0] for row in DOMAINS])
@given(data=st.data())
def test_it_draws_what_it_contains(domain: Domain, data: st.DataObject) -> None:
    parameter = Parameter("p", domain)
    assert domain.contains(parameter.suggest(Drawn(data)))


def test_what_a_domain_takes_only() -> None:
    assert not FloatDomain(0, 2).takes_only(is_int)
    assert FloatDomain(0, 2).takes_only(is_number)
    assert IntDomain(0, 2).takes_only(lambda value: value >= 0)
    assert not IntDomain(-1, 2).takes_only(lambda value: value >= 0)
    assert not ChoiceDomain((0, "a")).takes_only(is_number)
