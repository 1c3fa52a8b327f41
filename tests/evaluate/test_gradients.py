"""Gradients of the documents' loss are the loss's own, and cost the scores nothing."""

import json
import math
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from transformers import AutoModelForCausalLM, MambaConfig, PreTrainedModel

from evomerge.errors import Failure, TrialError
from evomerge.evaluate.gradients import GradientError
from evomerge.evaluate.objective import total_loss
from evomerge.evaluate.scorer import Scorer
from evomerge.evaluate.targets import without_loss
from evomerge.evaluate.tasks import load_tasks
from evomerge.merge.merger import Merger
from evomerge.recipe.recipe import Recipe
from evomerge.settings import Objective

from .conftest import DATA, GENERATE, ROLLING, settings
from .packing.conftest import build

UNEVEN = """\
task: toy_uneven
output_type: multiple_choice
doc_to_text: "{{prompt}}"
doc_to_choice: "{{choices}}"
doc_to_target: label
target_delimiter: ""
metric_list: [{metric: acc}, {metric: acc_norm}]
"""
EVERY_KIND = (
    ("toy_next", "acc"),
    ("toy_uneven", "acc_norm"),
    ("toy_generate", "exact_match,raw"),
    ("toy_rolling", "word_perplexity"),
)


class Kept:
    """Adds up gradients.

    Args:
        names: The weights whose gradients are wanted.
    """

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
        self.sums: dict[str, torch.Tensor] = {}

    def add(self, name: str, gradient: torch.Tensor) -> None:
        self.sums[name] = self.sums.get(name, torch.zeros(())) + gradient


@pytest.fixture(scope="module")
def uneven(all_tasks: Path) -> Path:
    """The folder of tasks, with one more whose choices differ in length."""
    rows = [
        {"prompt": f"{a} ", "choices": [a, a + "bc", "defgh"], "label": at % 3}
        for at, a in enumerate("abcdefghijklmnopqrstuvwxyz" * 2)
    ]
    file = all_tasks / "toy_uneven.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (all_tasks / "toy_uneven.yaml").write_text(UNEVEN + DATA.format(file=file))
    return all_tasks


@pytest.fixture
def exact(family: dict[str, Path]) -> PreTrainedModel:
    """A model in float64."""
    model: Any = AutoModelForCausalLM.from_pretrained(family["a"], dtype=torch.float64)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.mul_(4.0)  # answers far from even
    return model.eval()


def names(model: PreTrainedModel) -> frozenset[str]:
    return frozenset(name for name, _ in model.named_parameters())


@pytest.mark.parametrize(
    ("batch_size", "kind"), [("auto", "mean"), ("auto", "min"), (4, "geometric")]
)
def test_gradients_of_every_kind_of_task_are_finite_differences(
    uneven: Path,
    exact: PreTrainedModel,
    tokenizer: object,
    batch_size: int | Literal["auto"],
    kind: Objective,
) -> None:
    chosen = settings(uneven, *EVERY_KIND, batch_size=batch_size)
    scorer, kept = Scorer(chosen, kind), Kept(names(exact))
    scores = scorer.score(exact, tokenizer, gradients=kept)
    assert all(score.losses for score in scores.tasks)
    size = float(torch.sqrt(sum((one**2).sum() for one in kept.sums.values())))
    step, found = 0.004, []
    for sign in (1, -1):
        with torch.no_grad():
            for name, weight in exact.named_parameters():
                weight.add_(kept.sums[name], alpha=sign * step / size)
        again = scorer.score(exact, tokenizer, gradients=Kept(frozenset()))
        found.append(total_loss(again, chosen.tasks, kind))
        with torch.no_grad():
            for name, weight in exact.named_parameters():
                weight.sub_(kept.sums[name], alpha=sign * step / size)
    assert (found[0] - found[1]) / (2 * step) == pytest.approx(size, rel=1e-3)


@pytest.mark.parametrize(
    ("kind", "shrink"), [("packed", 1), ("packed", 128), ("window", 1), ("mamba", 1)]
)
def test_gradients_are_those_of_plain_passes(
    uneven: Path, exact: PreTrainedModel, tokenizer: Any, kind: str, shrink: int
) -> None:
    """Of packed rows, of documents that lie in several passes, of models that are not packed."""
    if kind == "window":
        exact = build("mistral", sliding_window=4).double()
    elif kind == "mamba":
        exact = AutoModelForCausalLM.from_config(
            MambaConfig(vocab_size=31, hidden_size=32, num_hidden_layers=2, pad_token_id=0)
        ).double()
    chosen = settings(uneven, ("toy_uneven", "acc"), batch_size="auto")
    kept = Kept(names(exact) - {"lm_head.weight"})
    Scorer(chosen).score(exact.eval(), tokenizer, shrink=shrink, gradients=kept)
    rows = (uneven / "toy_uneven.jsonl").read_text().splitlines()
    ids = Scorer(chosen).documents("quick")["toy_uneven"]
    exact.zero_grad()
    for row in (json.loads(rows[at]) for at in ids):
        likelihoods = []
        for choice in row["choices"]:
            tokens = torch.tensor(tokenizer.encode(row["prompt"] + choice))
            logs = exact(input_ids=tokens[None]).logits[0, :-1].log_softmax(-1)
            picked = logs.gather(1, tokens[1:, None])
            likelihoods.append(picked[-len(choice) :].sum())
        loss = -torch.log_softmax(torch.stack(likelihoods), 0)[row["label"]] / len(ids)
        loss.backward()
    assert kept.sums.keys() == kept.names
    for name, weight in exact.named_parameters():
        if name in kept.names:
            off = (kept.sums[name] - weight.grad).norm()
            assert off < 1e-5 * weight.grad.norm(), name


REPEATED = """\
task: {name}
output_type: multiple_choice
doc_to_text: "{{{{prompt}}}}"
doc_to_choice: ["a", "b", "c"]
doc_to_target: label
repeats: {repeats}
metric_list: [{{metric: acc}}]
"""


def write(folder: Path, text: str, rows: list[dict[str, Any]]) -> None:
    """Write a task of one's own beside its documents."""
    name = text.splitlines()[0].removeprefix("task: ")
    file = folder / f"{name}.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / f"{name}.yaml").write_text(text + DATA.format(file=file))


@pytest.mark.parametrize("batch_size", ["auto", 4])
def test_questions_that_are_asked_twice_leave_the_places_of_others_alone(
    tmp_path: Path, model: PreTrainedModel, tokenizer: object, batch_size: int | Literal["auto"]
) -> None:
    rows = [{"prompt": f"{a} ", "label": at % 3} for at, a in enumerate("abcdefghijklm" * 4)]
    write(tmp_path, REPEATED.format(name="toy_twice", repeats=2), rows)
    write(tmp_path, REPEATED.format(name="toy_once", repeats=1), rows)
    found = []
    for tasks in (("toy_once",), ("toy_twice", "toy_once")):
        kept = Kept(frozenset({"lm_head.weight"}))
        chosen = settings(tmp_path, *((task, "acc") for task in tasks), batch_size=batch_size)
        scores = Scorer(chosen).score(model, tokenizer, gradients=kept)
        assert scores.tasks[-1].losses and (len(tasks) == 1 or scores.tasks[0].losses is None)
        found.append(kept.sums["lm_head.weight"])
    assert torch.allclose(found[0], found[1], rtol=1e-4, atol=1e-7)


def test_an_empty_text_has_no_loss_and_is_scored(
    tmp_path: Path, model: PreTrainedModel, tokenizer: object
) -> None:
    rows = [{"prompt": "abc" if at % 2 else "", "answer": ""} for at in range(60)]
    write(tmp_path, ROLLING, rows)
    scorer = Scorer(settings(tmp_path, ("toy_rolling", "bits_per_byte")))
    scores = scorer.score(model, tokenizer)
    kept = Kept(frozenset({"lm_head.weight"}))
    assert scorer.score(model, tokenizer, gradients=kept).tasks[0].value == scores.tasks[0].value
    assert math.isfinite(scores.tasks[0].value) and kept.sums
    losses = scores.tasks[0].losses
    assert losses is not None
    ids = scorer.documents("quick")["toy_rolling"]
    assert [math.isnan(loss) for loss in losses] == [at % 2 == 0 for at in ids]


@pytest.mark.parametrize("batch_size", ["auto", 4])
def test_targets_longer_than_the_window_have_no_loss(
    tmp_path: Path, model: PreTrainedModel, tokenizer: object, batch_size: int | Literal["auto"]
) -> None:
    rows = [{"prompt": "abc", "answer": "abcdefgh" * (40 if at % 2 else 1)} for at in range(60)]
    write(tmp_path, GENERATE, rows)
    scorer = Scorer(settings(tmp_path, ("toy_generate", "exact_match,raw"), batch_size=batch_size))
    plain = scorer.score(model, tokenizer)
    found = scorer.score(model, tokenizer, gradients=Kept(frozenset({"lm_head.weight"})))
    assert found.tasks[0].value == plain.tasks[0].value
    losses = found.tasks[0].losses
    assert losses is not None
    ids = scorer.documents("quick")["toy_generate"]
    assert [math.isnan(loss) for loss in losses] == [at % 2 == 1 for at in ids]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize("batch_size", [4, "auto"])
def test_scores_are_those_of_a_trial_without_gradients(
    uneven: Path,
    family: dict[str, Path],
    tokenizer: object,
    batch_size: int | Literal["auto"],
    dtype: torch.dtype,
) -> None:
    model = AutoModelForCausalLM.from_pretrained(family["a"], dtype=dtype).eval()
    kinds = [kind for kind in EVERY_KIND if kind[0] != "toy_generate"]
    scorer = Scorer(settings(uneven, *kinds, ("toy_pick", "acc"), batch_size=batch_size))
    plain = scorer.score(model, tokenizer)
    wanted = names(model) - {"model.embed_tokens.weight"}
    kept = Kept(wanted)
    assert scorer.score(model, tokenizer, gradients=kept) == plain
    assert all(bool(kept.sums[name].any()) for name in wanted)
    assert all(one.grad is None and one.requires_grad for one in model.parameters())
    assert scorer.score(model, tokenizer) == plain


@pytest.mark.parametrize("kind", ["mean", "min"])
def test_scores_of_all_kinds_are_the_same_beside_a_gradient(
    uneven: Path, model: PreTrainedModel, tokenizer: object, kind: Objective
) -> None:
    scorer = Scorer(settings(uneven, *EVERY_KIND, batch_size="auto"), kind)
    plain = scorer.score(model, tokenizer)
    found = scorer.score(model, tokenizer, gradients=Kept(frozenset({"lm_head.weight"})))
    for before, beside in zip(plain.tasks, found.tasks, strict=True):
        assert (beside.value, beside.per_doc) == (before.value, before.per_doc)
        assert beside.losses and before.losses in (None, beside.losses)


def test_a_weight_that_stands_in_two_places_gives_one_gradient(
    uneven: Path, tokenizer: object
) -> None:
    tied, free = (build("llama", tie_word_embeddings=tie) for tie in (True, False))
    free.load_state_dict(tied.state_dict())
    found = []
    for model in (tied, free):
        kept = Kept(names(model))
        Scorer(settings(uneven, ("toy_pick", "acc"))).score(model, tokenizer, gradients=kept)
        found.append(kept.sums)
    assert "lm_head.weight" not in found[0]
    both = found[1]["lm_head.weight"] + found[1]["model.embed_tokens.weight"]
    assert torch.allclose(found[0]["model.embed_tokens.weight"], both, atol=1e-5)


def test_weights_are_restored_when_a_backward_pass_fails(
    uneven: Path, family: dict[str, Path], tokenizer: object
) -> None:
    model = AutoModelForCausalLM.from_pretrained(family["a"]).eval()
    model.lm_head.weight.requires_grad_(False)

    class Short(Kept):
        def add(self, name: str, gradient: torch.Tensor) -> None:
            raise MemoryError("out of memory")

    with pytest.raises(TrialError) as caught:
        Scorer(settings(uneven, ("toy_pick", "acc"))).score(
            model, tokenizer, gradients=Short(names(model))
        )
    assert caught.value.failure is Failure.OUT_OF_MEMORY
    assert [n for n, w in model.named_parameters() if not w.requires_grad] == ["lm_head.weight"]
    assert all(weight.grad is None for weight in model.parameters())


def test_a_fault_in_what_takes_gradients_is_no_failure_of_the_trial(
    uneven: Path, model: PreTrainedModel, tokenizer: object
) -> None:
    class Faulty(Kept):
        def add(self, name: str, gradient: torch.Tensor) -> None:
            raise RuntimeError("shapes differ")

    scorer = Scorer(settings(uneven, ("toy_pick", "acc")))
    with pytest.raises(GradientError, match=r"lm_head\.weight"):
        scorer.score(model, tokenizer, gradients=Faulty(frozenset({"lm_head.weight"})))


def test_where_no_task_has_a_loss_there_is_no_gradient(
    uneven: Path, tmp_path: Path, model: PreTrainedModel, tokenizer: object
) -> None:
    text = (uneven / "toy_generate.yaml").read_text().replace('"{{answer}}"', "0")
    (tmp_path / "toy_generate.yaml").write_text(text)
    chosen = settings(tmp_path, ("toy_generate", "exact_match,raw"))
    scorer = Scorer(chosen)
    assert without_loss(load_tasks(chosen)) == {"toy_generate": "its target is a number, no text"}
    with pytest.raises(TrialError, match="no document has a loss") as caught:
        scorer.score(model, tokenizer, gradients=Kept(frozenset()))
    assert caught.value.failure is Failure.NO_GRADIENT


@pytest.mark.slow
def test_a_live_model_is_merged_into_after_its_gradient(
    uneven: Path, locations: dict[str, str], tmp_path: Path
) -> None:
    merger = Merger(locations, str(tmp_path), "cpu")
    scorer = Scorer(settings(uneven, ("toy_pick", "acc"), batch_size="auto"))
    recipes = [
        Recipe.from_document(
            {
                "merge_method": "task_arithmetic",
                "base_model": "base",
                "models": [{"model": "a", "parameters": {"weight": weight}}],
                "dtype": "float32",
            }
        )
        for weight in (0.3, 0.9)
    ]
    plain = []
    for recipe in recipes:
        live = merger.merge(recipe)
        plain.append(scorer.score(live.model, live.tokenizer))
    for recipe, expected in zip(recipes, plain, strict=True):
        live = merger.merge(recipe)
        kept = Kept(names(live.model))
        assert scorer.score(live.model, live.tokenizer, gradients=kept) == expected
        assert kept.sums.keys() == kept.names
