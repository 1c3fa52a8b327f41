"""Sets of documents: disjoint, the same every time, and never the first n."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evomerge.errors import InputError
from evomerge.evaluate.documents import split_documents
from evomerge.settings import EvaluateSettings, TaskSettings


def settings(
    quick: int = 10, confirm: int = 10, held_out: int = 20, seed: int = 0
) -> EvaluateSettings:
    task = TaskSettings("t", "acc")
    return EvaluateSettings((task,), quick=quick, confirm=confirm, held_out=held_out, seed=seed)


@given(
    total=st.integers(1, 200),
    sizes=st.tuples(st.integers(1, 60), st.integers(0, 60), st.integers(0, 60)),
    seed=st.integers(0, 5),
)
def test_sets_are_disjoint_and_of_the_size_asked(
    total: int, sizes: tuple[int, int, int], seed: int
) -> None:
    chosen = settings(*sizes, seed=seed)
    if sum(sizes) > total:
        with pytest.raises(InputError, match="these sizes fit"):
            split_documents("t", total, chosen)
        return
    split = split_documents("t", total, chosen)
    assert tuple(map(len, split.values())) == sizes
    everything = [i for ids in split.values() for i in ids]
    assert len(set(everything)) == len(everything)
    assert all(0 <= i < total for i in everything)
    assert all(list(ids) == sorted(ids) for ids in split.values())


def test_the_draw_is_pinned_and_depends_on_seed_and_task_alone() -> None:
    first = split_documents("t", 100, settings())
    assert first == split_documents("t", 100, settings())
    assert first["quick"] == (8, 9, 12, 43, 57, 65, 70, 82, 83, 90)
    assert first != split_documents("t", 100, settings(seed=1))
    assert first != split_documents("u", 100, settings())
    assert first["quick"] != tuple(range(10))


def test_groups_keep_their_share() -> None:
    groups = ["rare"] * 20 + ["common"] * 80
    split = split_documents("t", 100, settings(), groups)
    for ids in split.values():
        assert sum(groups[i] == "rare" for i in ids) == pytest.approx(len(ids) / 5, abs=1)
