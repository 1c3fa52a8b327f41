"""Tables of what `run.py` wrote: means over seeds, and paired differences to `gradient`.

python experiments/2026-11-25-gradient/table.py runs.jsonl
"""

import json
import math
import statistics
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

T = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}
"""97.5% quantile of Student's t, by number of pairs."""


def interval(values: Sequence[float]) -> str:
    """Return the mean with its 95% t interval."""
    mean = statistics.mean(values)
    if len(values) < 2:
        return f"{mean:+.3f}"
    half = T[len(values)] * statistics.stdev(values) / math.sqrt(len(values))
    return f"{mean:+.3f} [{mean - half:+.3f}, {mean + half:+.3f}]"


def main() -> None:
    """Print a table for each family, price and number of quick documents."""
    groups: dict[Any, dict[Any, dict[int, Any]]] = defaultdict(lambda: defaultdict(dict))
    for line in Path(sys.argv[1]).read_text().splitlines():
        run = json.loads(line)
        group = run["family"], run["budget"], run["quick"]
        groups[group][run["arm"], run["setting"]][run["seed"]] = run
    for (family, budget, quick), arms in sorted(groups.items()):
        print(f"\n{family}, price of {budget} trials, {quick} quick documents a task\n")
        print("| arm | setting | seeds | each seed | mean | gradient's gain, paired |")
        print("|---|---:|---:|---|---:|---|")
        learned = [arms[arm] for arm in arms if arm[0] == "gradient"]
        best = max(learned, key=_mean) if learned else {}
        for arm, runs in sorted(arms.items(), key=lambda item: -_mean(item[1])):
            seeds = sorted(runs)
            each = ", ".join(f"{runs[seed]['held_out']:.3f}" for seed in seeds)
            both = [s for s in seeds if s in best and runs is not best]
            gains = [best[s]["held_out"] - runs[s]["held_out"] for s in both]
            shown = interval(gains) if gains else ""
            told = f"{len(seeds)} | {each} | {_mean(runs):.3f} | {shown} |"
            print(f"| {arm[0]} | {arm[1]} | {told}")
        over = [run["held_out"] - run["best_blend"] for run in best.values()]
        if over:
            print(f"\ngradient over the best fixed blend: {interval(over)}")


def _mean(runs: dict[int, Any]) -> float:
    return statistics.mean(run["held_out"] for run in runs.values())


if __name__ == "__main__":
    main()
