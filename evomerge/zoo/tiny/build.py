"""Build the tiny family: train base and experts, write models and tasks."""

import copy
from pathlib import Path

import torch

from evomerge.zoo.family import Progress
from evomerge.zoo.tiny.skills import SKILLS
from evomerge.zoo.tiny.tasks import write_tasks
from evomerge.zoo.tiny.tokenizer import make_tokenizer
from evomerge.zoo.tiny.train import Course, new_model, train, with_adapter

_THREADS = 2
_REPLAY = 0.03
_BASE = Course({"reverse": 0.25, "sort": 0.12, "shift": 0.25, "add": 0.38}, 260, 2e-3, seed=0)
_STEPS = {"reverse": 90, "sort": 90, "shift": 60, "add": 120}
_ADAPTERS = {"sort-lora": "sort", "shift-lora": "shift"}
_ADAPTER_STEPS = 60


def courses(scale: float = 1.0) -> dict[str, Course]:
    """Return what each model is trained on, the base first; experts start from the base.

    An expert sees a little of the other skills, far too little to keep them: each loses part
    of what the base could do, which is what makes merging worth searching.

    Args:
        scale: Factor on the number of steps, in (0, 1]; 1 is the family itself.
    """
    plan = {"base": _BASE}
    plan |= {skill: Course(_shares(skill), steps, 3e-4, seed=1) for skill, steps in _STEPS.items()}
    return {
        name: Course(c.shares, max(20, round(c.steps * scale)), c.learning_rate, c.seed)
        for name, c in plan.items()
    }


def adapter_courses(scale: float = 1.0) -> dict[str, Course]:
    """Return what each LoRA adapter of the base is trained on; see `courses`."""
    steps = max(20, round(_ADAPTER_STEPS * scale))
    return {name: Course(_shares(skill), steps, 1e-3, seed=2) for name, skill in _ADAPTERS.items()}


def _shares(skill: str) -> dict[str, float]:
    return {name: _REPLAY for name in SKILLS} | {skill: 1 - _REPLAY * (len(SKILLS) - 1)}


def build(
    draft: Path, final: Path, progress: Progress, *, scale: float = 1.0, batch: int = 128
) -> None:
    """Train and write the family.

    Args:
        draft: Empty folder to write to.
        final: Where that folder will lie.
        progress: Told how far it is.
        scale: Factor on the training steps; tests take a small one.
        batch: Documents in a training step, likewise.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(_THREADS)
    torch.use_deterministic_algorithms(True)
    try:
        with torch.random.fork_rng():
            _build(draft, final, progress, scale, batch)
    finally:
        torch.use_deterministic_algorithms(False)
        torch.set_num_threads(threads)


def _build(draft: Path, final: Path, progress: Progress, scale: float, batch: int) -> None:
    plan = courses(scale) | adapter_courses(scale)
    total = sum(course.steps for course in plan.values())
    done = 0
    tokenizer = make_tokenizer()
    base = new_model(tokenizer)
    for name, course in plan.items():
        start = done

        def report(
            fraction: float, name: str = name, start: int = start, steps: int = course.steps
        ) -> None:
            progress(f"training {name}", (start + fraction * steps) / total)

        model = base if name == "base" else copy.deepcopy(base)
        done += course.steps
        if name in _ADAPTERS:
            tuned = with_adapter(model, str(final / "base"))
            train(tuned, tokenizer, course, report, batch=batch)
            tuned.save_pretrained(str(draft / name))
            continue
        train(model, tokenizer, course, report, batch=batch)
        model.save_pretrained(draft / name)
        tokenizer.save_pretrained(draft / name)
    write_tasks(draft / "tasks", final / "tasks")
