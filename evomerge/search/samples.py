"""Recipes drawn at random from a space, to show what it holds."""

from evomerge.errors import TrialError
from evomerge.quiet import hush
from evomerge.recipe.recipe import Recipe
from evomerge.space.space import Space

_TRIES = 100


def sample_recipes(space: Space, count: int) -> list[Recipe]:
    """Return recipes of a space, the same for the same seed of the search.

    Args:
        space: The space.
        count: How many, ≥ 0; fewer where most points cannot be merged.
    """
    import optuna

    hush()
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=space.search.seed))
    found: list[Recipe] = []
    for _ in range(_TRIES * count):
        if len(found) == count:
            break
        try:
            found.append(space.recipe(space.suggest(study.ask())))
        except TrialError:
            continue  # a point that mergekit cannot merge costs the search one trial too
    return found
