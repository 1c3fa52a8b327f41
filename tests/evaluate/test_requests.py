"""Requests are built of a task's templates, once for all models."""

from pathlib import Path

import pytest
from transformers import PreTrainedModel

from evomerge.errors import InputError
from evomerge.evaluate.scorer import Scorer

from .conftest import DATA, settings


def test_templates_that_do_not_fit(
    task_path: Path, tmp_path: Path, model: PreTrainedModel, tokenizer: object
) -> None:
    (tmp_path / "misfit.yaml").write_text(
        "task: misfit\noutput_type: multiple_choice\n"
        'doc_to_text: "{{prompt}}"\ndoc_to_choice: "{{choices}}"\ndoc_to_target: "{{lable + 1}}"\n'
        "metric_list: [{metric: acc}]\n" + DATA.format(file=task_path / "toy_pick.jsonl")
    )
    with pytest.raises(InputError, match=r"task misfit: .*lable"):
        Scorer(settings(tmp_path, ("misfit", "acc"))).score(model, tokenizer)
