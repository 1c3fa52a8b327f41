"""A task of every kind on local files, and a model to score on them."""

from pathlib import Path
from typing import Literal

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from evomerge.settings import EvaluateSettings, TaskSettings

DATA = "dataset_path: json\ndataset_kwargs:\n  data_files:\n    test: {file}\ntest_split: test\n"


GENERATE = """\
task: toy_generate
output_type: generate_until
doc_to_text: "{{prompt}}"
doc_to_target: "{{answer}}"
generation_kwargs: {until: ["\\n"], max_gen_toks: 4, do_sample: false}
filter_list:
  - {name: letter, filter: [{function: regex, regex_pattern: "([a-m])"}, {function: take_first}]}
  - {name: raw, filter: [{function: take_first}]}
metric_list: [{metric: exact_match, aggregation: mean, higher_is_better: true}]
"""


ROLLING = """\
task: toy_rolling
output_type: loglikelihood_rolling
doc_to_text: ""
doc_to_target: "{{prompt}}{{answer}}"
metric_list: [{metric: word_perplexity}, {metric: bits_per_byte}]
"""


FEWSHOT = """\
task: toy_fewshot
output_type: multiple_choice
doc_to_text: "{{prompt}}"
doc_to_choice: "{{choices}}"
doc_to_target: label
num_fewshot: 2
metric_list: [{metric: acc}, {metric: acc_norm}]
"""


@pytest.fixture(scope="session")
def all_tasks(task_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every kind of task: generation, perplexity, few-shot, choices."""
    root = tmp_path_factory.mktemp("all_tasks")
    for path in task_path.glob("*.yaml"):
        (root / path.name).write_text(path.read_text())
    for name, text, file in (
        ("toy_generate", GENERATE, "toy_next"),
        ("toy_rolling", ROLLING, "toy_next"),
        ("toy_fewshot", FEWSHOT, "toy_pick"),
    ):
        data = DATA.format(file=task_path / f"{file}.jsonl")
        extra = "fewshot_split: test\n" if name == "toy_fewshot" else ""
        (root / f"{name}.yaml").write_text(text + data + extra)
    return root


@pytest.fixture(scope="session")
def model(family: dict[str, Path]) -> PreTrainedModel:
    """A sibling; do not write to it."""
    return AutoModelForCausalLM.from_pretrained(family["a"]).eval()


@pytest.fixture(scope="session")
def tokenizer(family: dict[str, Path]) -> object:
    """The siblings' tokenizer."""
    return AutoTokenizer.from_pretrained(family["a"])


def settings(
    path: Path, *tasks: tuple[str, str], batch_size: int | Literal["auto"] = 4
) -> EvaluateSettings:
    """Return settings for tasks, each with its metric, from a folder."""
    return EvaluateSettings(
        tasks=tuple(TaskSettings(*task) for task in tasks),
        task_path=str(path),
        quick=11,
        confirm=7,
        held_out=20,
        batch_size=batch_size,
    )
