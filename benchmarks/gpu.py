"""Merging and scoring of 1B- and 7B-shaped families against what the device can do.

    python benchmarks/gpu.py                      # CUDA: 1b and 7b; a CPU: 20m
    python benchmarks/gpu.py --shape 7b --folder /scratch

Random weights are written to a temporary folder (a 7B-shaped family is 41 GB). Merges, placed in
the live model, are held against the rate of copying one large tensor, each parent counted as read
once and the result as written once; scoring against the rate of square matrix products. Both rates
are measured in the same run.
"""

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

import measuring
import torch
from random_family import MODELS, SHAPES, build, write_task
from transformers import AutoTokenizer

from evomerge.evaluate.scorer import Scorer
from evomerge.merge.merger import Merger
from evomerge.recipe.recipe import Recipe
from evomerge.settings import EvaluateSettings, TaskSettings

_METHODS = ("linear", "slerp", "ties")
_TOKENS = 512
_BASE, *_EXPERTS = MODELS


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    here = "cuda" if torch.cuda.is_available() else "cpu"
    parser.add_argument("--device", choices=("cuda", "cpu"), default=here)
    parser.add_argument("--shape", nargs="+", choices=SHAPES, metavar="|".join(SHAPES))
    parser.add_argument("--rounds", type=int, default=5, help="merges of each method, scorings")
    parser.add_argument("--documents", type=int, help="prompts that are scored")
    parser.add_argument("--folder", help="where families are written for the time being")
    args = parser.parse_args()
    on_gpu = args.device == "cuda"
    measuring.family("tiny")  # for its tokenizer
    copying = measuring.copy_rate(args.device, 8 if on_gpu else 0.5)
    products = measuring.product_rate(args.device, 8192 if on_gpu else 1024, "bfloat16")
    name = torch.cuda.get_device_name() if on_gpu else f"CPU, {torch.get_num_threads()} threads"
    print(f"{name}: copies {copying / 1e9:.1f} GB/s, products {products / 1e12:.2f} TFLOP/s (bf16)")
    documents = args.documents or (256 if on_gpu else 8)
    for shape in args.shape or (("1b", "7b") if on_gpu else ("20m",)):
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            _family(shape, Path(folder), args.device, args.rounds, documents, copying, products)


def _family(
    shape: str,
    folder: Path,
    device: str,
    rounds: int,
    documents: int,
    copying: float,
    products: float,
) -> None:
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    locations = build(shape, folder, device)
    merger = Merger(locations, folder / "adapters", device)
    model = merger.merge(_drawn("linear", -2)).model
    count = sum(p.numel() for p in model.parameters())
    size = sum(p.nbytes for p in model.parameters())

    def merge(method: str, seed: int) -> float:
        recipe = _drawn(method, seed)
        return measuring.seconds(lambda: merger.merge(recipe), device)

    rows: list[list[Any]] = []
    for method in _METHODS:
        first = merge(method, -1)
        middle = statistics.median(merge(method, seed) for seed in range(rounds))
        moved = (len(_drawn(method, 0).models) + 1) * size
        share = measuring.share(moved / middle / copying)
        rows.append([method, first, middle, moved / 1e9, moved / middle / 1e9, share])
    print(f"\n{shape}: {count / 1e9:.2f}B parameters\n")
    columns = ["merge and place", "first, s", "s", "GB moved", "GB/s", "of copy rate"]
    print(measuring.table(columns, rows))

    (folder / "tasks").mkdir()
    read, scored = write_task(folder / "tasks", documents, _TOKENS)
    tasks = (TaskSettings("random_choice", "acc"),)
    scorer = Scorer(EvaluateSettings(tasks, str(folder / "tasks"), documents, 0, 0))
    tokenizer = AutoTokenizer.from_pretrained(locations[_BASE])
    first = measuring.seconds(lambda: scorer.score(model, tokenizer), device)
    middle = measuring.seconds(lambda: scorer.score(model, tokenizer), device, rounds)
    head = model.get_output_embeddings().weight.numel()
    layers = sum(p.numel() for p in model.model.layers.parameters())
    needed = 2 * layers * read + 2 * head * scored  # embeddings are looked up
    share = measuring.share(needed / middle / products)
    columns = ["prompts", "first, s", "s", "tokens/s", "TFLOP/s", "of product rate"]
    row = [str(documents), first, middle, read / middle, needed / middle / 1e12, share]
    print("\n" + measuring.table(columns, [row]))
    if device == "cuda":
        print(f"\npeak {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB on the device")
    else:
        print(f"\npeak {measuring.peak_gib():.1f} GiB")


def _drawn(method: str, seed: int) -> Recipe:
    return measuring.draw(method, _BASE, _EXPERTS, seed, dtype="bfloat16")


if __name__ == "__main__":
    main()
