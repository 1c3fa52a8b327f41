from evomerge.recipe.leaves import leaves, setting

DOCUMENT = {
    "merge_method": "ties",
    "models": [
        {"model": "a", "parameters": {"weight": [{"filter": "mlp", "value": [0.1, 0.2]}, 3]}},
        {"model": "b", "parameters": {"weight": 0.5, "normalize": True}},
    ],
    "parameters": {"lambda": 0.9, "rule": "sum"},
    "layer_range": [0, 2],
}


def test_numbers_of_parameters_have_their_paths() -> None:
    weight = ("models", 0, "parameters", "weight")
    assert leaves(DOCUMENT) == {
        (*weight, 0, "value", 0): 0.1,
        (*weight, 0, "value", 1): 0.2,
        (*weight, 1): 3,
        ("models", 1, "parameters", "weight"): 0.5,
        ("parameters", "lambda"): 0.9,
    }


def test_a_leaf_knows_its_parameter() -> None:
    assert {setting(leaf) for leaf in leaves(DOCUMENT)} == {"weight", "lambda"}
