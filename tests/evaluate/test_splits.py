"""Tasks on the same documents share what is held out."""

from dataclasses import replace
from pathlib import Path

import pytest

from evomerge.errors import InputError
from evomerge.evaluate.documents import Split
from evomerge.evaluate.splits import split_tasks
from evomerge.evaluate.tasks import load_tasks

from .conftest import settings


def test_too_few_documents(all_tasks: Path) -> None:
    chosen = replace(settings(all_tasks, ("toy_next", "acc")), held_out=100)
    with pytest.raises(InputError, match=r"has 60 documents, but .* ask for 118"):
        split_tasks(load_tasks(chosen), chosen)


def test_tasks_on_the_same_documents_hold_out_the_same(all_tasks: Path) -> None:
    def split(*tasks: str) -> dict[str, Split]:
        chosen = settings(all_tasks, *((task, "acc") for task in tasks))
        return split_tasks(load_tasks(chosen), chosen)

    both, other = split("toy_pick", "toy_fewshot"), split("toy_pick", "toy_next")
    assert both["toy_pick"] == both["toy_fewshot"]
    assert both["toy_pick"].keys() == {"quick", "confirm", "held_out"}
    assert other["toy_pick"] == both["toy_pick"]
    assert other["toy_pick"]["quick"] != other["toy_next"]["quick"]
