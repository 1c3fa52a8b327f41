"""The donor's tokenizer and generation config, or what mergekit builds."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from evomerge.errors import TrialError
from evomerge.merge.mergekit.configuration import Configuration, configuration, locate, options
from evomerge.merge.mergekit.tokenizer import generation_folder, tokenizer_of
from evomerge.recipe.recipe import Recipe


def config(document: dict[str, object], locations: dict[str, str]) -> Configuration:
    return configuration(locate(Recipe.from_document(document), locations))


def test_the_donor_gives_both(make: SimpleNamespace, locations: dict[str, str]) -> None:
    recipe = Recipe.from_document(make.weighted("ties", base_model="base"))
    made = config(recipe.document, locations)
    assert tokenizer_of(made).name_or_path == locations["base"]
    assert generation_folder(made, options(recipe, "")) == Path(locations["base"])
    built = config(make.weighted("linear", tokenizer_source="union"), locations)
    assert generation_folder(built, options(recipe, "")) is None
    assert tokenizer_of(built).get_vocab() == tokenizer_of(made).get_vocab()


def test_a_chat_template_is_set(make: SimpleNamespace, locations: dict[str, str]) -> None:
    made = config(make.weighted("linear", chat_template="chatml"), locations)
    assert "<|im_start|>" in str(tokenizer_of(made).chat_template)


def test_no_tokenizer(make: SimpleNamespace, locations: dict[str, str], tmp_path: Path) -> None:
    shutil.copytree(locations["a"], tmp_path / "a")
    for file in (tmp_path / "a").glob("tokenizer*"):
        file.unlink()
    made = config(make.weighted("linear", models="ab"), locations | {"a": str(tmp_path / "a")})
    with pytest.raises(TrialError, match="no tokenizer"):
        tokenizer_of(made)
