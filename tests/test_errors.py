import json
import pickle

import pytest

from evomerge.errors import Failure, InputError, did_you_mean, is_out_of_memory, raise_together


@pytest.mark.parametrize("failure", Failure)
def test_every_failure_has_a_cause_and_a_remedy(failure: Failure) -> None:
    """Short enough for a line of a terminal, and without a full stop of their own."""
    for text in (failure.cause, failure.remedy):
        assert 20 < len(text) < 95
        assert not text.endswith(".")
    assert failure.advice == f"{failure.cause}. help: {failure.remedy}"


@pytest.mark.parametrize("failure", Failure)
def test_a_failure_is_its_name(failure: Failure) -> None:
    """As it is written in studies, which later versions read."""
    assert failure == failure.name.lower() == str(failure)
    assert json.dumps(failure) == f'"{failure}"'
    assert pickle.loads(pickle.dumps(failure)) is failure


def test_names_in_studies_never_change() -> None:
    assert {str(failure) for failure in Failure} >= {
        "invalid_recipe",
        "merge_failed",
        "nan_weights",
        "shape_mismatch",
        "out_of_memory",
        "no_gradient",
        "score_failed",
        "time_limit",
        "worker_died",
    }


def test_mistakes_are_told_together_and_survive_a_process() -> None:
    with pytest.raises(InputError) as caught:
        raise_together([InputError("one", where="a:1"), InputError("two", help="do this")])
    assert str(caught.value) == "a:1: one\ntwo. help: do this"
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    raise_together([])


def test_the_nearest_name_is_meant() -> None:
    assert did_you_mean("tise", ["ties", "dare"]) == "did you mean 'ties'? known: dare, ties"
    assert did_you_mean("xyz", ["ties"]) == "known: ties"


def test_memory_is_short_in_many_words() -> None:
    assert is_out_of_memory(MemoryError())
    assert is_out_of_memory(RuntimeError("CUDA out of memory. Tried to allocate"))
    assert is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory"))
    assert not is_out_of_memory(RuntimeError("size mismatch"))
