"""LLaMA families of random weights, of any size, and a task for them: speed needs no skill."""

import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

from evomerge import zoo

_SHAPES = {  # width, layers, MLP's width, heads, heads of keys and values, vocabulary, tied
    "mini": (64, 2, 176, 4, 2, 64, False),
    "20m": (512, 4, 1408, 8, 4, 8192, False),
    "1b": (2048, 16, 8192, 32, 8, 128256, True),  # Llama 3.2 1B
    "7b": (4096, 32, 11008, 32, 32, 32000, False),  # Llama 2 7B
}
SHAPES = tuple(_SHAPES)
MODELS = ("base", "left", "right")
_SHARD_BYTES = 4 * 2**30
_LETTERS = "abcdefghijklmnop"
_CHOICES, _CHOICE_TOKENS = 4, 8
_TASK = """\
task: random_choice
dataset_path: json
dataset_kwargs: {{data_files: {{test: {file}}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{prompt}}}}"
doc_to_choice: "{{{{choices}}}}"
doc_to_target: label
target_delimiter: ""
num_fewshot: 0
metric_list: [{{metric: acc, aggregation: mean, higher_is_better: true}}]
metadata: {{version: 1}}
"""


def build(shape: str, folder: Path, device: str) -> dict[str, str]:
    """Write a base and two models close to it, bfloat16, and return their folders by name.

    Weights are drawn on the device and written shard by shard: no model is ever whole in memory.
    The tokenizer is that of the zoo's tiny family, a token for each letter.
    """
    width, layers, inner, heads, key_heads, vocabulary, tied = _SHAPES[shape]
    config = LlamaConfig(
        hidden_size=width,
        num_hidden_layers=layers,
        intermediate_size=inner,
        num_attention_heads=heads,
        num_key_value_heads=key_heads,
        vocab_size=vocabulary,
        max_position_embeddings=2048,
        pad_token_id=0,
        bos_token_id=None,
        eos_token_id=1,
        tie_word_embeddings=tied,
        architectures=["LlamaForCausalLM"],
        dtype="bfloat16",
    )
    with torch.device("meta"):
        shapes = {n: p.shape for n, p in LlamaForCausalLM(config).named_parameters()}
    for number, name in enumerate(MODELS):
        (folder / name).mkdir()
        config.save_pretrained(folder / name)
        for file in Path(zoo.locate("zoo://tiny/base")).glob("*token*"):
            shutil.copy(file, folder / name)
        _write(folder / name, _weights(shapes, number, device))
    return {name: str(folder / name) for name in MODELS}


def write_task(folder: Path, documents: int, tokens: int) -> tuple[int, int]:
    """Write an lm-eval task of four choices, each request of so many tokens.

    Returns:
        Tokens that a model must read, a document's prompt once; and positions at which the
        answer needs its logits.
    """
    rng = random.Random(0)

    def letters(count: int) -> str:
        return "".join(rng.choices(_LETTERS, k=count))

    file = folder / "random_choice.jsonl"
    with file.open("w") as lines:
        for number in range(documents):
            choices = [letters(_CHOICE_TOKENS) for _ in range(_CHOICES)]
            prompt = letters(tokens - _CHOICE_TOKENS)
            row = {"prompt": prompt, "choices": choices, "label": number % _CHOICES}
            lines.write(json.dumps(row) + "\n")
    (folder / "random_choice.yaml").write_text(_TASK.format(file=json.dumps(str(file))))
    read = tokens - _CHOICE_TOKENS + _CHOICES * (_CHOICE_TOKENS - 1)
    scored = 1 + _CHOICES * (_CHOICE_TOKENS - 1)
    return documents * read, documents * scored


def _weights(
    shapes: dict[str, torch.Size], number: int, device: str
) -> Iterator[tuple[str, torch.Tensor]]:
    generator = torch.Generator(device)
    for place, (name, shape) in enumerate(shapes.items()):
        if name.endswith("norm.weight"):
            yield name, torch.ones(shape, dtype=torch.bfloat16)
            continue
        generator.manual_seed(place)
        tensor = torch.randn(shape, generator=generator, device=device).mul_(0.02)
        if number:
            generator.manual_seed(place + number * len(shapes))
            tensor += torch.randn(shape, generator=generator, device=device).mul_(0.002)
        yield name, tensor.bfloat16().cpu()


def _write(folder: Path, weights: Iterator[tuple[str, torch.Tensor]]) -> None:
    shard: dict[str, torch.Tensor] = {}
    places: dict[str, str] = {}
    count = 0

    def flush() -> None:
        nonlocal count
        count += 1
        file = f"model-{count:05}.safetensors"
        save_file(shard, folder / file, metadata={"format": "pt"})
        places.update(dict.fromkeys(shard, file))
        shard.clear()

    for name, tensor in weights:
        shard[name] = tensor
        if sum(t.nbytes for t in shard.values()) >= _SHARD_BYTES:
            flush()
    if shard:
        flush()
    index = {"metadata": {}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
