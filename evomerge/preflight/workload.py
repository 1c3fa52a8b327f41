"""How many documents a search scores: what its time goes into."""

from evomerge.space.generate.generation0 import BLENDS_AMONG_FINALISTS, fixed_recipes
from evomerge.space.space import Space


def documents(space: Space) -> dict[str, int]:
    """Return how many documents are scored in all, by set; failures and doubles not counted.

    Args:
        space: The space.

    Returns:
        `quick`, `confirm`, `held-out` → documents, over all recipes and tasks.
    """
    settings, tasks = space.evaluate, len(space.evaluate.tasks)
    fixed = [one.kind for one in fixed_recipes(space)]
    finalists = space.search.finalists + min(BLENDS_AMONG_FINALISTS, fixed.count("blend"))
    return {
        "quick": (space.budget.trials + len(fixed)) * tasks * settings.quick,
        "confirm": finalists * tasks * settings.confirm,
        "held-out": (1 + len(fixed)) * tasks * settings.held_out,
    }
