from synthetic import formula, toy_space

from evomerge.errors import Failure
from evomerge.recipe.recipe import Recipe
from evomerge.search.finals.ranking import best_of, pareto_front, ranked, scalar_of, scored
from evomerge.search.records.record import FailedTrial, Kind, ScoredTrial, Twin
from evomerge.workers.protocol import Failed, Scored


def trial(number: int, *value: float, weight: float = 0, kind: Kind = "sampled") -> ScoredTrial:
    recipe = Recipe.from_document({"merge_method": "linear", "number": weight or number})
    result = Scored("k", formula(recipe, "quick"))
    return ScoredTrial(number, "search", kind, "x", {}, recipe, result, value)


def failed(number: int) -> FailedTrial:
    return FailedTrial(
        number, "search", "sampled", "x", {}, None, Failed("k", Failure.TIME_LIMIT, "")
    )


def test_a_front_holds_what_nothing_beats() -> None:
    a, b, c = trial(0, 0.9, 0.1), trial(1, 0.5, 0.5), trial(2, 0.1, 0.9)
    beaten, equal = trial(3, 0.5, 0.4), trial(4, 0.5, 0.5)
    again = ScoredTrial(
        6, "search", "sampled", "x", {}, c.recipe, c.result, c.value, Twin("search", 2)
    )
    assert pareto_front([a, beaten, b, c, equal, failed(5), again]) == [a, b, c, equal]


def test_each_recipe_is_ranked_once_and_ties_go_to_the_first() -> None:
    space = toy_space()
    good, same, poor = trial(3, weight=0.4), trial(1, weight=0.4), trial(2, weight=3)
    assert scalar_of(good, space) > scalar_of(poor, space)
    assert ranked([poor, good], space) == [good, poor]
    assert ranked([same, poor, good], space) == [same, poor]


def test_the_best_of_a_kind() -> None:
    space = toy_space()
    blend, sampled = trial(0, weight=0.4, kind="blend"), trial(1, weight=3)
    assert best_of([blend, sampled], space, "sampled") == sampled
    assert best_of([blend, sampled], space, "sampled", "blend") == blend
    assert best_of([blend], space, "base", "parent") is None
    assert scored([blend, failed(1)]) == [blend]
