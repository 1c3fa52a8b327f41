"""What a document sets, and what it merges with each other."""

from evomerge.recipe.parts import MergeGroup, Setting, merge_groups, settings

SLICES = {
    "base_model": "base",
    "merge_method": "ties",
    "slices": [
        {"sources": [{"model": "a", "layer_range": [0, 2]}], "parameters": {"weight": 1}},
        {"sources": [{"model": "b", "layer_range": [2, 4]}], "base_model": "b"},
    ],
}


def test_settings_know_whose_they_are() -> None:
    inputs = [{"model": "a", "parameters": {"weight": [{"filter": "mlp", "value": 1}]}}]
    document = {"merge_method": "ties", "models": inputs, "parameters": {"normalize": True}}
    weight = Setting("weight", "input", inputs[0]["parameters"]["weight"])  # type: ignore[index]
    assert settings(document) == (weight, Setting("normalize", "recipe", True))
    assert weight.leaves == (1,)
    assert settings(SLICES) == (Setting("weight", "slice", 1),)


def test_each_slice_is_a_group_with_its_base() -> None:
    first, second = (item["sources"] for item in SLICES["slices"])  # type: ignore[index]
    assert merge_groups(SLICES) == (
        MergeGroup(first, "base", False, ({"weight": 1}, {}, {})),
        MergeGroup(second, "b", False, ({}, {}, {})),
    )


def test_models_are_a_group_whose_base_is_added() -> None:
    inputs = [{"model": "a"}, {"model": "b"}]
    document = {"base_model": "base", "models": inputs, "parameters": {"weight": 1}}
    assert merge_groups(document) == (MergeGroup(inputs, "base", True, ({"weight": 1},)),)
    modules = {"text": {"models": inputs, "parameters": {"weight": 2}}}
    document = {"base_model": "base", "modules": modules, "parameters": {"weight": 1}}
    scopes = ({"weight": 2}, {"weight": 1})
    assert merge_groups(document) == (MergeGroup(inputs, "base", True, scopes),)


def test_settings_are_found_nearest_first() -> None:
    source = {"model": "a", "layer_range": [0, 2], "parameters": {"weight": 1}}
    slices = [{"sources": [source], "parameters": {"weight": 2, "density": 2}}]
    of_module = {"density": 3, "gamma": 3}
    of_recipe = {"gamma": 4, "normalize": False}
    document = {
        "modules": {"text.a": {"slices": slices, "parameters": of_module}},
        "parameters": of_recipe,
    }
    (group,) = merge_groups(document)
    names = ("weight", "density", "gamma", "normalize", "epsilon")
    assert [group.own(source, name, 0) for name in names] == [1, 2, 3, False, 0]
    assert [group.shared(name) for name in names] == [2, 2, 3, False, None]
