"""In-memory merges against mergekit's `run_merge`, method by method, bit for bit.

    python benchmarks/merge.py --family smollm2

Ours is `Merger.merge`: parents resident, the result in a model that
can be scored. Theirs is `run_merge` into a folder in memory, parents in the page cache, loaders
made anew. Both run in turn on as many threads; every round draws other weights and densities.
"""

import argparse
import os
import shutil
import statistics
import sys
from pathlib import Path
from typing import Any

import measuring

from evomerge.files import cache_dir
from evomerge.merge.rebuild import merge_threads
from evomerge.recipe.recipe import Recipe

CACHE_BYTES = 8 * 2**30
"""What a worker may cache here, so that every method that draws or ranks is measured with it."""

_merger: Any = None


def start_ours(locations: dict[str, str], threads: int, first: Recipe) -> tuple[float, float]:
    """Make merger and live model; return bytes of one model's tensors and the copy rate."""
    global _merger
    import torch

    from evomerge.merge.merger import Merger

    torch.set_num_threads(threads)
    _merger = Merger(locations, cache_dir() / "adapters", "cpu", cache_bytes=CACHE_BYTES)
    model = _merger.merge(first).model
    size = sum(p.nbytes for p in model.parameters())
    return size, measuring.copy_rate("cpu", 0.5)


def ours(recipe: Recipe) -> tuple[float, float]:
    """Return seconds to merge, and to place the result in the live model."""
    _merger.merge(recipe)
    return _merger.seconds["merge"], _merger.seconds["place"]


def equal(recipe: Recipe, folder: Path) -> bool:
    """Whether the live model's weights are those in the folder, bit for bit."""
    import torch
    from safetensors.torch import load_file

    placed = _merger.merge(recipe).model.state_dict()
    written: dict[str, torch.Tensor] = {}
    for shard in folder.glob("*.safetensors"):
        written |= load_file(shard)
    return bool(written) and all(torch.equal(placed[name], t) for name, t in written.items())


def start_theirs() -> None:
    """Import mergekit, so that no merge pays for it."""
    import mergekit.merge  # noqa: F401


def theirs(recipe: Recipe, locations: dict[str, str], folder: Path, threads: int) -> float:
    """Return seconds of `run_merge` on this many threads."""
    import torch
    from mergekit.config import MergeConfiguration
    from mergekit.io.tasks import LoaderCache
    from mergekit.merge import run_merge
    from mergekit.options import MergeOptions

    located = recipe.with_models(locations)
    options = MergeOptions(
        random_seed=located.seed,
        lora_merge_cache=os.fspath(cache_dir() / "adapters"),
        num_threads=threads,
        write_model_card=False,
        quiet=True,
    )
    config = MergeConfiguration.model_validate(located.document)
    LoaderCache().loaders.clear()
    torch.set_num_threads(threads)  # as mergekit's command line does with that option
    shutil.rmtree(folder, ignore_errors=True)
    return measuring.seconds(lambda: run_merge(config, str(folder), options))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", choices=tuple(measuring.FAMILIES), default="smollm2")
    parser.add_argument("--methods", nargs="+", choices=measuring.METHODS, metavar="METHOD")
    parser.add_argument("--rounds", type=int, default=3, help="merges of each method and side")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    space, locations = measuring.family(args.family)
    places = {reference: locations[reference] for reference in space.references}
    experts = [reference for reference in space.references if reference != space.base]

    def drawn(method: str, seed: int) -> Recipe:
        return measuring.draw(method, space.base or "", experts, seed, **space.common)

    rows = []
    with measuring.contenders(2) as (us, them), measuring.scratch(2) as folder:
        out = folder / "merged"
        size, rate = us(start_ours, places, args.threads, drawn("linear", -2))
        them(start_theirs)
        for method in args.methods or measuring.METHODS:
            us(measuring.reset_peak)
            them(measuring.reset_peak)
            cold = sum(us(ours, drawn(method, -1)))
            fast, slow = [], []
            for seed in range(args.rounds):
                recipe = drawn(method, seed)
                slow.append(them(theirs, recipe, places, out, args.threads))
                fast.append(us(ours, recipe))
                taken = f"{sum(fast[-1]):.2f} s against {slow[-1]:.2f} s"
                print(f"round {seed}, {method}: {taken}", file=sys.stderr)
            peaks = us(measuring.peak_gib), them(measuring.peak_gib)
            if own := merge_threads(recipe):  # the number of threads that the export names
                them(theirs, recipe, places, out, own)
            same = us(equal, recipe, out)
            merge, place = (statistics.median(part) for part in zip(*fast, strict=True))
            both = statistics.median(map(sum, fast))
            touched = (len(recipe.models) + 1) * size  # parents read once, the result written
            row = [method, cold, merge, place, both, statistics.median(slow)]
            row += [
                f"**{statistics.median(slow) / both:.1f}**",
                measuring.share(touched / rate / both),
            ]
            rows.append([*row, "yes" if same else "NO", *peaks])
    print(f"{args.family}: one model {size / 1e6:.0f} MB; copying {rate / 1e9:.1f} GB/s\n")
    columns = ["method", "first", "merge", "place", "both", "run_merge", "ratio", "of copy rate"]
    print(measuring.table([*columns, "bit-equal", "peak GiB", "mergekit's"], rows))


if __name__ == "__main__":
    main()
