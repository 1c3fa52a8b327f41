"""Two workers against one on the same cores, and start-up, by the commands that people type.

    python benchmarks/scaling.py --pairs 3

`evomerge search search_spaces/methods.yaml` with one worker of two threads, then with two
workers of one thread each (Ray actors), a fresh run each time. The sampler is `random`, whose
proposals do not hang on results: both runs of a pair merge and score the same recipes.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass

import measuring

_EVOMERGE = (sys.executable, "-m", "evomerge")
_SPACE = str(measuring.SPACES / "methods.yaml")


@dataclass(frozen=True)
class Timing:
    """When things happened, in seconds from the command.

    Args:
        first: The first trial, one of generation 0, was done.
        begun: The search stage began.
        ended: Its last trial was done.
        trials: How many of its trials were merged and scored; repeated recipes do not count.
    """

    first: float
    begun: float
    ended: float
    trials: int

    @property
    def searching(self) -> float:
        """Trials an hour of the search stage alone."""
        return self.trials / (self.ended - self.begun) * 3600

    @property
    def overall(self) -> float:
        """Trials an hour from the command on, start-up and generation 0 with them."""
        return self.trials / self.ended * 3600


def search(workers: int, threads: int, trials: int, sampler: str, seed: int) -> Timing:
    """Run a search whose finals are as short as can be, and watch what it prints."""
    with tempfile.TemporaryDirectory() as runs:
        words = [*_EVOMERGE, "search", _SPACE, "--json", "--runs-dir", runs]
        words += ["--trials", str(trials), "--workers", str(workers)]
        settings = {
            "workers.threads": threads,
            "search.sampler": sampler,
            "search.seed": seed,
            "evaluate.confirm": 0,
            "evaluate.held_out": 0,
        }
        for path, value in settings.items():
            words += ["--set", f"{path}={value}"]
        started = time.perf_counter()
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        begun, done = 0.0, []
        for line in process.stdout:
            event, now = json.loads(line), time.perf_counter() - started
            if event["event"] == "stage" and event["stage"] == "search":
                begun = now
            elif event["event"] == "trial":
                done.append((now, event))
        if process.wait():
            sys.exit(f"the search ended with {process.returncode}")
    own = [(now, event) for now, event in done if event["stage"] == "search"]
    scored = [event for _, event in own if event["duplicate_of"] is None]
    return Timing(done[0][0], begun, own[-1][0], len(scored))


def command(*words: str) -> float:
    """Return the seconds of one `evomerge` command."""
    started = time.perf_counter()
    subprocess.run([*_EVOMERGE, *words], capture_output=True, check=True)
    return time.perf_counter() - started


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=3, help="searches of each kind, in turn")
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--sampler", default="random", help="another one may try other recipes")
    args = parser.parse_args()
    measuring.family("tiny")
    one, two, brief, check = [], [], [], []
    for seed in range(args.pairs):
        one.append(search(1, 2, args.trials, args.sampler, seed))
        two.append(search(2, 1, args.trials, args.sampler, seed))
        brief.append(command("--help"))
        check.append(command("check", _SPACE))

    rows: list[Sequence[str | float]] = []
    for name, value in (
        ("trials an hour, search stage", lambda timing: timing.searching),
        ("trials an hour, from the command on", lambda timing: timing.overall),
        ("first trial done after, s", lambda timing: timing.first),
    ):
        ratio = statistics.median(value(b) / value(a) for a, b in zip(one, two, strict=True))
        middles = (statistics.median(map(value, timings)) for timings in (one, two))
        rows.append([name, *middles, ratio])
    print(measuring.table(["", "1 worker, 2 threads", "2 workers, 1 thread", "ratio"], rows))
    seconds = [statistics.median(taken) for taken in (brief, check)]
    print("\nevomerge --help {:.2f} s, check {:.2f} s".format(*seconds))


if __name__ == "__main__":
    main()
