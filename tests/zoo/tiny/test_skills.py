"""Documents of the four skills: right, the same everywhere, and never trained on."""

import numpy as np
import pytest

from evomerge.zoo.tiny.skills import SKILLS, task_documents, train_documents


def test_the_answers_are_right() -> None:
    for document in task_documents("reverse", 5):
        assert document.answer == document.prompt[len("reverse ") : -1][::-1]
    for document in task_documents("sort", 5):
        assert list(document.answer) == sorted(document.prompt[len("sort ") : -1])
    for document in task_documents("add", 5):
        a, b = document.prompt[len("add ") : -1].split("+")
        assert int(document.answer) == int(a) + int(b)
    assert task_documents("shift", 5) == task_documents("shift", 10)[:5]


@pytest.mark.parametrize("skill", SKILLS)
def test_no_task_document_is_trained_on(skill: str) -> None:
    kept = frozenset(task_documents(skill, 1024))
    assert len(kept) == 1024
    drawn = train_documents(skill, np.random.default_rng(0), 500, kept)
    assert not kept & set(drawn)
