"""Real models and real lm-eval tasks, small enough to make anew in every test session."""

import json
import os
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import pytest
from hypothesis import HealthCheck, settings

from evomerge.quiet import own_process

own_process()  # as the command line does; kernels are compiled once for all processes

# Nothing fails because a machine is slow, and what a commit's tests draw is always the same.
settings.register_profile(
    "evomerge", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("evomerge")

LETTERS = "abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(scope="session")
def family(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Four random LLaMA siblings (`base`, `a`, `b`, `c`): 4 layers, width 32, one tokenizer."""
    import torch
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    root = tmp_path_factory.mktemp("family")
    vocab = {token: i for i, token in enumerate(["<pad>", "<eos>", "<unk>", *LETTERS, " ", "\n"])}
    raw = Tokenizer(models.WordLevel(vocab, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=raw, pad_token="<pad>", eos_token="<eos>", unk_token="<unk>"
    )
    config = LlamaConfig(
        vocab_size=len(vocab),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        pad_token_id=0,
        eos_token_id=1,
        bos_token_id=None,
        tie_word_embeddings=False,
        dtype="float32",
    )
    paths = {}
    torch.manual_seed(0)
    base = LlamaForCausalLM(config)
    for name in ("base", "a", "b", "c"):
        model = LlamaForCausalLM(config)
        model.load_state_dict(base.state_dict())
        if name != "base":
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.add_(torch.randn_like(parameter) * 0.02)
        paths[name] = root / name
        model.save_pretrained(paths[name])
        tokenizer.save_pretrained(paths[name])
    return paths


@pytest.fixture(scope="session")
def locations(family: dict[str, Path]) -> dict[str, str]:
    """The siblings' folders as a search is given them."""
    return {name: str(path) for name, path in family.items()}


@pytest.fixture(scope="session")
def task_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two lm-eval tasks on local files: `toy_next` (loglikelihood), `toy_pick` (two choices)."""
    root = tmp_path_factory.mktemp("tasks")
    rows_next, rows_pick = [], []
    for i in range(60):
        a, b = LETTERS[i % 26], LETTERS[(i * 7 + 3) % 26]
        rows_next.append({"prompt": f"{a} {b}", "answer": f" {b}"})
        rows_pick.append({"prompt": f"{a}{b} ", "choices": [a, b], "label": i % 2})
    for name, rows in (("toy_next", rows_next), ("toy_pick", rows_pick)):
        (root / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    common = (
        "dataset_path: json\n"
        "dataset_kwargs:\n  data_files:\n    test: {file}\n"
        "test_split: test\nnum_fewshot: 0\nmetadata: {{version: 1}}\n"
    )
    (root / "toy_next.yaml").write_text(
        "task: toy_next\noutput_type: loglikelihood\n"
        'doc_to_text: "{{prompt}}"\ndoc_to_target: "{{answer}}"\ntarget_delimiter: ""\n'
        "metric_list:\n  - {metric: acc, aggregation: mean, higher_is_better: true}\n"
        + common.format(file=root / "toy_next.jsonl")
    )
    (root / "toy_pick.yaml").write_text(
        "task: toy_pick\noutput_type: multiple_choice\n"
        'doc_to_text: "{{prompt}}"\ndoc_to_choice: "{{choices}}"\ndoc_to_target: label\n'
        'target_delimiter: ""\n'
        "metric_list:\n  - {metric: acc, aggregation: mean, higher_is_better: true}\n"
        + common.format(file=root / "toy_pick.jsonl")
    )
    return root


@pytest.fixture(scope="session")
def tiny_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the zoo's tiny family in it, hardly trained; name it by `EVOMERGE_CACHE`."""
    from evomerge import zoo
    from evomerge.zoo.tiny.build import build

    cache = tmp_path_factory.mktemp("cache")
    folder = cache / "zoo" / "tiny" / zoo.family("tiny").version
    folder.mkdir(parents=True)
    build(folder, folder, lambda text, fraction: None, scale=0.01, batch=16)
    return cache


@pytest.fixture(scope="session")
def tiny_family(tiny_cache: Path) -> Path:
    """The folder of that family."""
    from evomerge import zoo

    return tiny_cache / "zoo" / "tiny" / zoo.family("tiny").version


@pytest.fixture(scope="session")
def empty_mlflow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MLflow's database without runs; to be copied, since making one takes seconds."""
    import mlflow

    path = tmp_path_factory.mktemp("mlflow") / "mlflow.db"
    mlflow.MlflowClient(f"sqlite:///{path}").search_experiments()
    return path
