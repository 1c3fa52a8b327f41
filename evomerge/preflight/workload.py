"""How many documents a search scores: what its time goes into."""

from evomerge.samplers import SAMPLERS
from evomerge.space.generate.generation0 import BLENDS_AMONG_FINALISTS, fixed_recipes
from evomerge.space.learned import alternatives
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
    finalists += differentiated(space) > 0  # the lowest loss
    return {
        "quick": (space.budget.trials + len(fixed)) * tasks * settings.quick,
        "confirm": finalists * tasks * settings.confirm,
        "held-out": (1 + len(fixed)) * tasks * settings.held_out,
    }


def differentiated(space: Space) -> int:
    """Return how many of the quick documents are differentiated too, at most.

    One that is costs up to three and a half times the forward passes of one that is scored alone.
    """
    if not SAMPLERS[space.search.sampler].gradient:
        return 0
    if not any(one.learned for one in alternatives(space)):
        return 0
    return space.budget.trials * len(space.evaluate.tasks) * space.evaluate.quick
