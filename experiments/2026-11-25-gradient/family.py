"""What is searched: the zoo's families, and `other`, made here, on which nothing was tuned.

    python experiments/2026-11-25-gradient/family.py      # makes `other`, a few minutes

`other` learns tiny's four skills from other documents, from another start and in another shape:
5 layers of width 112 with grouped keys and values, instead of 4 of 128 without.
"""

import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).with_name("other")
SKILLS = ("reverse", "sort", "shift", "add")
STEPS = {"reverse": 90, "sort": 90, "shift": 60, "add": 120}


@dataclass(frozen=True)
class Family:
    """Models and tasks.

    Args:
        name: For people.
        models: Short name → reference; `base` and the experts.
        evaluate: The space's section, but for quick documents and seed.
        dtype: Of the merges.
    """

    name: str
    models: dict[str, str]
    evaluate: dict[str, Any] = field(repr=False)
    dtype: str = "float32"

    @property
    def experts(self) -> list[str]:
        """All but the base."""
        return [name for name in self.models if name != "base"]


def _zoo(name: str, experts: tuple[str, ...], dtype: str, **documents: int) -> Family:
    tasks = [{"task": f"{name}_{expert}", "metric": "acc"} for expert in experts]
    evaluate = {"tasks": tasks, "task_path": f"zoo://{name}/tasks", **documents}
    models = {model: f"zoo://{name}/{model}" for model in ("base", *experts)}
    return Family(name, models, evaluate, dtype)


TINY = _zoo("tiny", SKILLS, "float32", confirm=128, held_out=512)
SMOLLM2 = _zoo(
    "smollm2", ("arithmetic", "sarcasm", "social_iqa"), "bfloat16", confirm=100, held_out=400
)
OTHER = Family("other", {name: str(ROOT / name) for name in ("base", *SKILLS)}, TINY.evaluate)
FAMILIES = {family.name: family for family in (TINY, SMOLLM2, OTHER)}


def main() -> None:
    """Train `other`: a base on a little of everything, then an expert for each skill."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from evomerge.zoo.tiny.tokenizer import make_tokenizer
    from evomerge.zoo.tiny.train import Course, train

    tokenizer = make_tokenizer()
    torch.manual_seed(11)
    base = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=112,
            intermediate_size=320,
            num_hidden_layers=5,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=64,
            tie_word_embeddings=False,
            pad_token_id=0,
            eos_token_id=1,
            bos_token_id=1,
        )
    )
    shares = {"reverse": 0.25, "sort": 0.12, "shift": 0.25, "add": 0.38}
    train(base, tokenizer, Course(shares, 260, 2e-3, seed=21), lambda fraction: None)
    made = {"base": base}
    for skill in SKILLS:
        made[skill] = copy.deepcopy(base)
        shares = {name: 0.91 if name == skill else 0.03 for name in SKILLS}
        course = Course(shares, STEPS[skill], 3e-4, seed=22)
        train(made[skill], tokenizer, course, lambda fraction: None)
    for name, model in made.items():
        model.save_pretrained(ROOT / name)
        tokenizer.save_pretrained(ROOT / name)
    print(f"made {ROOT}")


if __name__ == "__main__":
    main()
