"""The experts of the family, and how each was fine-tuned."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Training:
    """How an expert is fine-tuned.

    Args:
        steps: Number of updates.
        batch: Questions an update.
        rate: Highest learning rate; it rises over 10 steps, then falls as a cosine to 0.
        seed: Of the order of the questions and of the adapter's first weights.
    """

    steps: int
    batch: int
    rate: float = 1e-3
    seed: int = 0


EXPERTS: dict[str, Training] = {
    "arithmetic": Training(steps=200, batch=12),
    "sarcasm": Training(steps=160, batch=12),
    "social_iqa": Training(steps=160, batch=10),
}
