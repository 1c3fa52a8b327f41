"""Packed rows give lm-eval's log-likelihoods, for each architecture that is listed."""

import random
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from evomerge.evaluate.live_lm import LiveLM
from evomerge.evaluate.packing import onednn as products
from evomerge.evaluate.packing.passes import _READ, PACKABLE, _read, packable, seen_by
from evomerge.evaluate.packing.tries import pass_tokens, passes_of, rows_of

COMMON = {
    "vocab_size": 31,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "eos_token_id": 1,
    "bos_token_id": None,
    "dtype": "float32",
}
EXPERTS = {"num_experts": 2, "num_experts_per_tok": 1, "moe_intermediate_size": 16}
WINDOW = {"sliding_window": 64}
OWN: dict[str, dict[str, Any]] = {
    "cohere2": WINDOW,
    "exaone4": WINDOW,
    "gemma2": {"query_pre_attn_scalar": 8, **WINDOW},
    "gemma3_text": {"query_pre_attn_scalar": 8, **WINDOW},
    "gpt2": {"n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 64},
    "gpt_bigcode": {"n_embd": 32, "n_layer": 3, "n_head": 4},
    "gptj": {"n_embd": 32, "n_layer": 3, "n_head": 4, "rotary_dim": 4},
    "mixtral": {"num_local_experts": 2, "num_experts_per_tok": 1},
    "olmo3": WINDOW,
    "opt": {"ffn_dim": 48, "word_embed_proj_dim": 32},
    "qwen2_moe": EXPERTS | {"shared_expert_intermediate_size": 16},
    "qwen3_moe": EXPERTS,
    "smollm3": {"no_rope_layers": [1, 1, 0]},
}


QUICK = ("gemma3_text", "gpt2", "llama", "qwen3_moe")
"""One of each kind: windows, learned positions, rotated ones, experts; the others are slow."""


def build(kind: str, **given: Any) -> PreTrainedModel:
    config = AutoConfig.for_model(kind, **COMMON | OWN.get(kind, {}) | given)
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for weights in model.parameters():
            if weights.dim() > 1:
                weights.normal_(std=0.3)
    return model


@pytest.fixture(scope="module")
def tokenizer(family: dict[str, Path]) -> Any:
    return AutoTokenizer.from_pretrained(family["base"])


def asked() -> list[tuple[str, str]]:
    """Contexts that share beginnings, of many lengths, too long, empty; choices; doubles."""
    draw = random.Random(0)

    def word(low: int, high: int) -> str:
        return "".join(draw.choice("abcdefghijklm") for _ in range(draw.randint(low, high)))

    head = word(9, 9)
    pairs = []
    for index in range(20):
        context = head * (index % 2) + word(1, 14)
        pairs += [(context, word(1, 6)) for _ in range(draw.randint(1, 4))]
    return [*pairs, *pairs[:5], ("", word(5, 5)), (word(90, 90), word(4, 4)), (head, "a")]


def requests(kind: str, arguments: list[Any]) -> list[Instance]:
    return [Instance(request_type=kind, doc={}, arguments=a, idx=0) for a in arguments]


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=() if kind in QUICK else pytest.mark.slow)
        for kind in sorted(PACKABLE)
    ],
)
def test_log_likelihoods_are_those_of_lm_eval(kind: str, tokenizer: Any) -> None:
    model = build(kind)
    theirs = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=4)
    ours = LiveLM(model, tokenizer, "auto")
    pairs = requests("loglikelihood", asked())
    wanted = theirs.loglikelihood(pairs, disable_tqdm=True)
    for _ in range(2):
        got = ours.loglikelihood(pairs, disable_tqdm=True)
        assert [a for a, _ in got] == pytest.approx([a for a, _ in wanted], abs=2e-4)
        assert [greedy for _, greedy in got] == [greedy for _, greedy in wanted]
    texts = requests("loglikelihood_rolling", [(context,) for context, _ in asked() if context])
    rolled = ours.loglikelihood_rolling(texts, disable_tqdm=True)
    assert rolled == pytest.approx(theirs.loglikelihood_rolling(texts, disable_tqdm=True), abs=1e-3)
    assert len(ours._passes) >= 2


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_products_of_float32_are_onednns(
    kind: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []

    def product(*given: Any) -> torch.Tensor:
        taken.append(given)
        return own(*given)

    own = products._product
    monkeypatch.setattr(products, "_product", product)
    model = build(kind).to(dtype)
    ids = torch.randint(31, (2, 20))
    with torch.inference_mode():
        plain = model(input_ids=ids).logits
        with products.wide_products(model):
            wide = model(input_ids=ids).logits
    layers = 4 if kind == "gpt2" else 7
    assert len(taken) == (3 * layers + 1 if products._THERE and dtype == torch.float32 else 0)
    assert torch.allclose(wide, plain, atol=1e-4)


def test_shared_beginnings_are_computed_once(tokenizer: Any) -> None:
    model = build("llama")
    seen = 0

    def count(_: object, __: object, kwargs: dict[str, Any]) -> None:
        nonlocal seen
        seen += kwargs["input_ids"].numel()

    model.register_forward_pre_hook(count, with_kwargs=True)
    pairs = [("abcdefghijkl", choice) for choice in ("ab", "bc", "cd", "de")]
    LiveLM(model, tokenizer, "auto").loglikelihood(
        requests("loglikelihood", pairs), disable_tqdm=True
    )
    assert seen == 12 + 4


def test_smaller_batches_give_the_same(tokenizer: Any) -> None:
    model = build("llama")
    pairs = requests("loglikelihood", asked())
    whole = LiveLM(model, tokenizer, "auto").loglikelihood(pairs, disable_tqdm=True)
    lm = LiveLM(model, tokenizer, "auto", shrink=128)
    small = lm.loglikelihood(pairs, disable_tqdm=True)
    assert [a for a, _ in small] == pytest.approx([a for a, _ in whole], abs=1e-4)
    (passes,) = lm._passes.values()
    assert len(passes) > 4


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("mamba", {}),
        ("mistral", {"sliding_window": 8}),
        ("gemma3_text", {"sliding_window": 8, "query_pre_attn_scalar": 8}),
        (
            "llama",
            {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 10_000.0}},
        ),
    ],
)
def test_other_models_go_lm_evals_way(kind: str, given: dict[str, Any], tokenizer: Any) -> None:
    if kind == "mamba":
        config = transformers.MambaConfig(vocab_size=31, hidden_size=32, num_hidden_layers=2)
        model = AutoModelForCausalLM.from_config(config).eval()
    else:
        model = build(kind, **given)
    assert not packable(model, longest=40)
    pairs = requests("loglikelihood", asked()[:12])
    theirs = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=32)
    ours = LiveLM(model, tokenizer, "auto")
    assert ours.loglikelihood(pairs, disable_tqdm=True) == theirs.loglikelihood(
        pairs, disable_tqdm=True
    )


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_logits_read_in_parts_say_what_all_say(
    dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Log-probabilities of small logits round to equal ones in bfloat16; the first one wins."""
    source = torch.Generator().manual_seed(0)
    logits = (torch.randn(50, 300, generator=source) * 0.02).to(dtype)
    where = torch.randint(0, 50, (400,), generator=source)
    logs = torch.log_softmax(logits, dim=-1)
    tokens = torch.randint(0, 300, (400,), generator=source)
    tokens[::2] = logits.argmax(dim=-1)[where[::2]]
    tokens[::4] = logs.argmax(dim=-1)[where[::4]]
    monkeypatch.setitem(_READ, "cpu", 300 * 7)
    chosen, greedy = _read(logits, where, tokens)
    assert torch.equal(chosen, logs[where, tokens])
    assert torch.equal(greedy, logs.argmax(dim=-1)[where] == tokens)
    assert (logs.argmax(dim=-1) == logits.argmax(dim=-1)).all() == (dtype is torch.float32)


@pytest.mark.parametrize("length", [1, 7, 30, 1000])
def test_rows_hold_every_sequence_once(length: int) -> None:
    draw = random.Random(length)
    sequences = [tuple(draw.randrange(3) for _ in range(draw.randint(1, 12))) for _ in range(200)]
    rows = rows_of(sequences, length)
    assert sum(len(row.paths) for row in rows) == len(set(sequences))
    for row in rows:
        assert len(row) <= max(length, *(map(len, row.paths)))
        mask = seen_by(row)
        for sequence, path in row.paths.items():
            assert tuple(row.tokens[node] for node in path) == sequence
            assert [row.depths[node] for node in path] == list(range(len(path)))
            assert all(
                mask[node].nonzero()[0].tolist() == sorted(path[: at + 1])
                for at, node in enumerate(path)
            )
    passes = passes_of(rows, 60)
    assert sorted(map(id, (row for one in passes for row in one))) == sorted(map(id, rows))
    assert all(len(one) == 1 or len(one) * len(one[0]) <= 60 for one in passes)


def test_a_large_vocabulary_makes_passes_short() -> None:
    tiny, smollm2, gemma = (pass_tokens(size * 6, "cpu") for size in (42, 49_152, 262_144))
    assert tiny == 8192 > smollm2 > gemma == 1024
    assert smollm2 // 4 * 49_152 * 6 <= 2**28
    assert pass_tokens(0, "cuda") == 16_384
