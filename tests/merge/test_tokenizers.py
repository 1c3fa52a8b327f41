"""Equal tokenizers are one object."""

from types import SimpleNamespace

from transformers import AutoTokenizer

from evomerge.merge.tokenizers import Tokenizers
from evomerge.recipe.recipe import Recipe


def test_tokenizers_are_one_by_what_they_do(locations: dict[str, str]) -> None:
    tokenizers = Tokenizers()
    one, other, changed = (AutoTokenizer.from_pretrained(locations[name]) for name in "abc")
    changed.padding_side = "left" if one.padding_side == "right" else "right"
    assert tokenizers.one(one) is one
    assert tokenizers.one(other) is one
    assert tokenizers.one(changed) is changed


def test_a_tokenizer_is_loaded_once_for_all_recipes_that_share_it(
    make: SimpleNamespace, locations: dict[str, str]
) -> None:
    loaded: list[Recipe] = []

    def load(recipe: Recipe) -> object:
        loaded.append(recipe)
        return AutoTokenizer.from_pretrained(locations["a"])

    tokenizers = Tokenizers()
    for document in (
        make.weighted("linear", 0.1),
        make.weighted("ties", 0.9),
        make.weighted("linear", 0.1, chat_template="chatml"),
    ):
        tokenizers.of(Recipe.from_document(document), load)  # type: ignore[arg-type]
    assert len(loaded) == 2
