"""Sample recipes show what a space holds."""

from synthetic import FLAT, toy_space

from evomerge.search.samples import sample_recipes


def test_samples_are_recipes_of_the_space_and_do_not_change() -> None:
    space = toy_space(FLAT)
    found = sample_recipes(space, 3)
    assert len(set(found)) == 3
    assert found == sample_recipes(space, 3)
    assert found[:2] == sample_recipes(space, 2)
    assert all(set(recipe.models) <= set(space.references) for recipe in found)
