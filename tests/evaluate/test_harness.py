"""A live model is exchanged under lm-eval, and what was prepared stays."""

from pathlib import Path

from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from transformers import AutoModelForCausalLM, PreTrainedModel

from evomerge.evaluate.harness import LiveLM, apply_filters, filter_names
from evomerge.evaluate.tasks import load_tasks

from .conftest import settings


def test_an_exchanged_model_answers_as_if_it_had_been_there_first(
    family: dict[str, Path], model: PreTrainedModel, tokenizer: object
) -> None:
    other = AutoModelForCausalLM.from_pretrained(family["b"]).eval()
    asked = [
        Instance(request_type="loglikelihood", doc={}, arguments=("abc", more), idx=0)
        for more in ("d", "ef")
    ]
    for batch_size in (2, "auto"):
        lm = LiveLM(model, tokenizer, batch_size)
        before = lm.loglikelihood(asked, disable_tqdm=True)
        lm.follow(other)
        alone = LiveLM(other, tokenizer, batch_size).loglikelihood(asked, disable_tqdm=True)
        assert lm.loglikelihood(asked, disable_tqdm=True) == alone != before
        lm.follow(model)
        assert lm.loglikelihood(asked, disable_tqdm=True) == before
    theirs = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=2)
    assert LiveLM(model, tokenizer, 2).loglikelihood(asked) == theirs.loglikelihood(asked)


def test_a_string_is_encoded_once(model: PreTrainedModel, tokenizer: object) -> None:
    lm = LiveLM(model, tokenizer, "auto")
    first = lm.tok_encode("abc")
    first.append(99)
    assert lm.tok_encode("abc") == first[:-1]
    assert lm.tok_encode("abc", add_special_tokens=False) == first[:-1]


def test_filters_read_the_answers_that_they_are_given(all_tasks: Path) -> None:
    (loaded,) = load_tasks(settings(all_tasks, ("toy_generate", "exact_match,letter")))
    assert filter_names(loaded.task) == ["letter", "raw"]
    answered = [
        Instance("generate_until", {}, ("", {}), 0, resps=[answer]) for answer in ("1 b", "2 c")
    ]
    apply_filters(loaded.task, answered[1:])
    assert [one.filtered_resps for one in answered] == [{}, {"letter": "c", "raw": "2 c"}]
