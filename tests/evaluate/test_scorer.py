"""Scores are lm-eval's own, whatever was scored before."""

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Literal

import lm_eval
import pytest
import torch
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from evomerge.errors import Failure, InputError, TrialError
from evomerge.evaluate.scorer import Scorer
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


@pytest.fixture(scope="module")
def all_tasks(task_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
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


@pytest.fixture(scope="module")
def model(family: dict[str, Path]) -> PreTrainedModel:
    return AutoModelForCausalLM.from_pretrained(family["a"]).eval()


@pytest.fixture(scope="module")
def tokenizer(family: dict[str, Path]) -> object:
    return AutoTokenizer.from_pretrained(family["a"])


def settings(
    path: Path, *tasks: tuple[str, str], batch_size: int | Literal["auto"] = 4
) -> EvaluateSettings:
    return EvaluateSettings(
        tasks=tuple(TaskSettings(*task) for task in tasks),
        task_path=str(path),
        quick=11,
        confirm=7,
        held_out=20,
        batch_size=batch_size,
    )


EVERY_KIND = (
    ("toy_next", "acc"),
    ("toy_pick", "acc"),
    ("toy_generate", "exact_match,raw"),
    ("toy_rolling", "word_perplexity"),
    ("toy_fewshot", "acc_norm"),
)


@pytest.mark.parametrize("documents", ["held_out", "quick"])
@pytest.mark.parametrize("batch_size", [4, "auto"])
def test_scores_equal_simple_evaluate(
    all_tasks: Path,
    model: PreTrainedModel,
    tokenizer: object,
    documents: str,
    batch_size: int | Literal["auto"],
) -> None:
    scorer = Scorer(settings(all_tasks, *EVERY_KIND, batch_size=batch_size))
    scorer.score(model, tokenizer, "confirm")
    scores = scorer.score(model, tokenizer, documents)
    ids = {task: list(found) for task, found in scorer.documents(documents).items()}
    theirs = lm_eval.simple_evaluate(
        model=HFLM(pretrained=model, tokenizer=tokenizer, batch_size=4),
        tasks=list(ids),
        samples=ids,
        task_manager=TaskManager(include_path=str(all_tasks), include_defaults=False),
        bootstrap_iters=0,
        log_samples=True,
    )
    for task, metric in EVERY_KIND:
        name, _, wanted = metric.partition(",")
        wanted = wanted or "none"
        expected = theirs["results"][task][f"{name},{wanted}"]
        rounding = 1e-6 if (batch_size, task) == ("auto", "toy_rolling") else 0.0
        assert scores[task].value == pytest.approx(expected, rel=rounding, abs=0.0), task
        samples = [s for s in theirs["samples"][task] if s["filter"] == wanted]
        assert tuple(s["doc_id"] for s in samples) == scores[task].doc_ids
        if task != "toy_rolling":
            assert tuple(float(s[name]) for s in samples) == scores[task].per_doc


@pytest.mark.parametrize("batch_size", [4, "auto"])
def test_scores_do_not_depend_on_what_was_scored_before(
    all_tasks: Path,
    family: dict[str, Path],
    model: PreTrainedModel,
    tokenizer: object,
    batch_size: int | Literal["auto"],
) -> None:
    other = AutoModelForCausalLM.from_pretrained(family["b"]).eval()
    chosen = settings(all_tasks, *EVERY_KIND, batch_size=batch_size)
    alone = Scorer(chosen).score(model, tokenizer)
    scorer = Scorer(chosen)
    scorer.score(other, tokenizer, "held_out")
    different = scorer.score(other, tokenizer)
    assert scorer.score(model, tokenizer) == alone
    assert scorer.score(model, tokenizer) == alone
    assert different != alone


def test_guards_are_given_for_generation_only(
    all_tasks: Path, model: PreTrainedModel, tokenizer: object
) -> None:
    scores = Scorer(
        settings(all_tasks, ("toy_generate", "exact_match,letter"), ("toy_next", "acc"))
    ).score(model, tokenizer)
    assert set(scores.guards) == {
        f"toy_generate/{name}" for name in ("truncated", "unparsed", "empty", "repeating")
    }
    assert scores.guards["toy_generate/truncated"] > 0


def test_a_replaced_data_file_is_not_read_stale(
    tmp_path: Path, model: PreTrainedModel, tokenizer: object
) -> None:
    file = tmp_path / "data.jsonl"
    (tmp_path / "fresh.yaml").write_text(
        "task: fresh\noutput_type: loglikelihood\n"
        'doc_to_text: "{{prompt}}"\ndoc_to_target: "{{answer}}"\n'
        "metric_list: [{metric: acc}]\n" + DATA.format(file=file)
    )
    chosen = replace(settings(tmp_path, ("fresh", "acc")), quick=2, confirm=0, held_out=0)
    prompts = []
    for letter in "ab":
        rows = [{"prompt": letter * n, "answer": "c"} for n in (1, 2, 3)]
        file.write_text("".join(json.dumps(row) + "\n" for row in rows))
        scorer = Scorer(chosen)
        prompts.append(scorer._tasks[0].task.eval_docs[0]["prompt"])
    assert prompts == ["a", "b"]


def test_outputs_that_are_no_numbers_fail_the_trial(
    all_tasks: Path, family: dict[str, Path], tokenizer: object
) -> None:
    broken = AutoModelForCausalLM.from_pretrained(family["b"]).eval()
    with torch.no_grad():
        broken.lm_head.weight.fill_(float("nan"))
    with pytest.raises(TrialError) as caught:
        Scorer(settings(all_tasks, ("toy_next", "acc"))).score(broken, tokenizer)
    assert caught.value.failure is Failure.SCORE_FAILED


@pytest.mark.parametrize(
    ("task", "metric", "message"),
    [
        ("toy_nxt", "acc", "lm-eval has no task 'toy_nxt'. help: did you mean 'toy_next'?"),
        ("toy_next", "accuracy", "no metric 'accuracy'. help: did you mean 'acc'?"),
        ("toy_generate", "exact_match,leter", "no filter 'leter'. help: did you mean 'letter'?"),
    ],
)
def test_unknown_names_give_the_nearest(
    all_tasks: Path, task: str, metric: str, message: str
) -> None:
    with pytest.raises(InputError) as caught:
        Scorer(settings(all_tasks, (task, metric)))
    assert message in str(caught.value)


def test_too_few_documents(all_tasks: Path) -> None:
    chosen = replace(settings(all_tasks, ("toy_next", "acc")), held_out=100)
    with pytest.raises(InputError, match=r"has 60 documents, but .* ask for 118"):
        Scorer(chosen)


@pytest.mark.parametrize("content", [None, "{broken\n", ""])
def test_data_that_cannot_be_read(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "data.jsonl"
    if content is not None:
        file.write_text(content)
    (tmp_path / "bad.yaml").write_text(
        "task: bad\noutput_type: loglikelihood\n"
        'doc_to_text: "{{prompt}}"\ndoc_to_target: "{{answer}}"\n'
        "metric_list: [{metric: acc}]\n" + DATA.format(file=file)
    )
    with pytest.raises(InputError) as caught:
        Scorer(settings(tmp_path, ("bad", "acc")))
    assert "task bad: " in str(caught.value)
    assert "\n" not in str(caught.value)


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


def test_a_metric_that_is_no_mean_has_no_values_of_single_documents(
    all_tasks: Path, task_path: Path, tmp_path: Path, model: PreTrainedModel, tokenizer: object
) -> None:
    """lm-eval's perplexity gives a log-likelihood a document and exponentiates their mean."""
    perplexity = (
        "task: toy_perplexity\noutput_type: loglikelihood\n"
        'doc_to_text: "{{prompt}}"\ndoc_to_target: "{{answer}}"\n'
        "metric_list: [{metric: perplexity, aggregation: perplexity, higher_is_better: false}]\n"
    )
    (tmp_path / "p.yaml").write_text(perplexity + DATA.format(file=task_path / "toy_next.jsonl"))
    scores = Scorer(settings(tmp_path, ("toy_perplexity", "perplexity"))).score(model, tokenizer)
    assert scores["toy_perplexity"].value > 1
    assert all(math.isnan(value) for value in scores["toy_perplexity"].per_doc)


def test_tasks_on_the_same_documents_hold_out_the_same(all_tasks: Path) -> None:
    both = Scorer(settings(all_tasks, ("toy_pick", "acc"), ("toy_fewshot", "acc")))
    for kind in ("quick", "confirm", "held_out"):
        documents = both.documents(kind)
        assert documents["toy_pick"] == documents["toy_fewshot"]
    other = Scorer(settings(all_tasks, ("toy_pick", "acc"), ("toy_next", "acc")))
    assert other.documents("quick")["toy_pick"] == both.documents("quick")["toy_pick"]
    assert other.documents("quick")["toy_pick"] != other.documents("quick")["toy_next"]


def sampling(all_tasks: Path, folder: Path, **settings: str) -> Path:
    text = (all_tasks / "toy_generate.yaml").read_text()
    text = text.replace("do_sample: false", "do_sample: true, temperature: 1.0")
    for old, new in settings.items():
        text = text.replace(old, new)
    (folder / "toy_generate.yaml").write_text(text)
    return folder


def test_memory_that_is_short_on_the_cpu_is_named_so(
    all_tasks: Path, family: dict[str, Path], tokenizer: object
) -> None:
    model = AutoModelForCausalLM.from_pretrained(family["a"]).eval()

    def too_large(*_: object) -> None:
        torch.empty(2**50)

    model.lm_head.register_forward_pre_hook(too_large)
    with pytest.raises(TrialError, match=r"while scoring: .*allocate") as caught:
        Scorer(settings(all_tasks, ("toy_next", "acc"))).score(model, tokenizer)
    assert caught.value.failure is Failure.OUT_OF_MEMORY


def test_sampled_answers_are_drawn_alike_each_time(
    all_tasks: Path, tmp_path: Path, model: PreTrainedModel, tokenizer: object
) -> None:
    path = sampling(all_tasks, tmp_path, max_gen_toks="max_new_tokens")
    scorer = Scorer(settings(path, ("toy_generate", "exact_match,letter")))
    state = torch.get_rng_state()
    first = scorer.score(model, tokenizer)
    assert scorer.score(model, tokenizer) == first
    assert torch.equal(torch.get_rng_state(), state)
    assert first.guards["toy_generate/truncated"] > 0.5


def test_what_cannot_be_sampled_fails_the_trial(
    all_tasks: Path, tmp_path: Path, family: dict[str, Path], tokenizer: object
) -> None:
    broken = AutoModelForCausalLM.from_pretrained(family["a"])
    with torch.no_grad():
        broken.lm_head.weight.fill_(float("inf"))
    scorer = Scorer(settings(sampling(all_tasks, tmp_path), ("toy_generate", "exact_match,letter")))
    with pytest.raises(TrialError) as caught:
        scorer.score(broken, tokenizer)
    assert caught.value.failure is Failure.SCORE_FAILED
