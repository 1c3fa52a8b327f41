"""Recipes of one form are planned once; the last sixteen plans stay."""

from types import SimpleNamespace

from evomerge.merge.mergekit.configuration import configuration, locate, options
from evomerge.merge.plans import Plan, Plans
from evomerge.recipe.recipe import Recipe


def test_a_form_is_planned_once(make: SimpleNamespace, locations: dict[str, str]) -> None:
    plans = Plans(lambda reads, base: None)

    def plan(document: dict[str, object]) -> Plan:
        recipe = locate(Recipe.from_document(document), locations)
        return plans.of(recipe.form, configuration(recipe), options(recipe, ""))

    first = plan(make.weighted("linear", 0.2))
    assert plan(make.weighted("linear", [0.3, 0.4])) is first
    assert plan(make.weighted("ties", base_model="base")) is not first
    assert first.steps is not None
    assert plan(make.weighted("linear", tokenizer_source="union")).steps is None
    deep = plan(make.stack(("a", 0, 3), ("b", 1, 4)))
    assert deep.config.num_hidden_layers == 6
    for depth in range(1, 4):
        for start in range(5 - depth):
            plan(make.stack(("a", start, start + depth), ("b", 0, 4), ("c", 0, depth)))
            plan(make.stack(("b", start, start + depth), ("b", 0, 4)))
    assert plan(make.weighted("linear", 0.2)) is not first
    kept = plan(make.weighted("linear", 0.2))
    plans.clear()
    assert plan(make.weighted("linear", 0.2)) is not kept
