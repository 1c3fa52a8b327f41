"""One validator of contracts, against mergekit's own and in the words of its callers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evomerge.methods.contract import Breach, Inputs, Missing, breaches, missing
from evomerge.methods.table import MERGEKIT


@given(
    st.sampled_from(sorted(MERGEKIT)),
    st.integers(1, 4),
    st.sampled_from(["none", "listed", "added"]),
)
def test_it_takes_what_mergekit_takes(name: str, models: int, base: str) -> None:
    from mergekit import merge_methods

    ids: list[str] = [f"m{i}" for i in range(models)]
    inputs = Inputs(models, base != "none", base == "listed")
    merged = ids if base != "added" else [*ids, "base"]
    spec = merge_methods.get(name).spec
    given_base = {"none": None, "listed": "m0", "added": "base"}[base]
    try:
        spec.contract.validate_ids(merged, given_base)
    except ValueError:
        assert breaches(MERGEKIT[name], inputs)
    else:
        assert not breaches(MERGEKIT[name], inputs)


def test_what_is_not_known_is_no_breach() -> None:
    slerp, ties = MERGEKIT["slerp"], MERGEKIT["ties"]
    assert breaches(slerp, Inputs(3, True, None)) == []
    assert breaches(ties, Inputs(2, True, None, base_is_added=False)) == []
    slices = Inputs(2, True, False, base_is_added=False)
    assert [breach.term for breach in breaches(ties, slices)] == ["listed base"]
    assert breaches(MERGEKIT["linear"], slices) == []


@pytest.mark.parametrize(
    ("low", "high", "words"), [(3, None, "at least 3"), (2, 2, "exactly 2"), (1, 3, "1 to 3")]
)
def test_numbers_in_words(low: int, high: int | None, words: str) -> None:
    assert Breach("models", 9, low, high).wanted == words


def test_the_base_alone_is_told_where_it_lacks() -> None:
    (breach,) = breaches(MERGEKIT["model_stock"], Inputs(1, False, False))
    assert breach.lacks_base
    assert not breaches(MERGEKIT["slerp"], Inputs(3, True, True))[0].lacks_base


def test_required_parameters() -> None:
    ties, linear, slerp = MERGEKIT["ties"], MERGEKIT["linear"], MERGEKIT["slerp"]
    own = [{"weight"}, {"density"}, set[str]()]
    assert list(missing(ties, (), own, 2, adds_base=False)) == [Missing("weight", 1)]
    assert list(missing(ties, ("weight",), own, None, adds_base=True)) == []
    assert list(missing(linear, (), [{"weight"}], None, adds_base=True)) == [
        Missing("weight", "base")
    ]
    assert list(missing(slerp, (), own, 0, adds_base=False)) == [Missing("t", "merge")]
