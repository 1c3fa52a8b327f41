"""What a person is told where a recipe turns out to have no gradient."""

from evomerge.samplers import SAMPLERS
from evomerge.search.records.record import Pending, WithoutRecipe
from evomerge.space.learned import alternative_of, alternatives
from evomerge.space.space import Space


def given_up(space: Space, proposed: Pending | WithoutRecipe) -> str | None:
    """Return a note if a trial asks for no gradient though it has something to learn, or None.

    Args:
        space: The space.
        proposed: A trial that the space's sampler has proposed.
    """
    if proposed.step is not None or not SAMPLERS[space.search.sampler].gradient:
        return None
    alternative = alternative_of(proposed.params, alternatives(space))
    if alternative is None or not alternative.learned:
        return None
    return (
        f"no trial of {alternative.name} has brought a gradient: TPE proposes further ones, "
        "without steps"
    )
