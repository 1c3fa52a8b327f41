"""mergekit's own command is offered only where it gives the scored model, on its conditions."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from evomerge.merge.export import export_yaml
from evomerge.merge.rebuild import draws, merge_threads
from evomerge.recipe.recipe import Recipe


@pytest.mark.parametrize(
    ("method", "threads", "drawn"),
    [("linear", None, False), ("ties", None, False), ("slerp", 1, False), ("dare_ties", 1, True)],
)
def test_conditions_follow_the_method(
    method: str, threads: int | None, drawn: bool, make: SimpleNamespace
) -> None:
    recipe = Recipe.from_document(make.document(method, "plain"))
    assert merge_threads(recipe) == threads
    assert draws(recipe) == drawn
    rescaled = Recipe.from_document(recipe.document | {"parameters": {"rescale": True}})
    assert merge_threads(rescaled) == 1


@pytest.mark.parametrize(
    ("config", "promised"),
    [
        ('{"architectures": ["LlamaForCausalLM"]}', True),
        ('{"architectures": ["Qwen2ForCausalLM"], "layer_types": ["full_attention"]}', False),
        ('{"architectures": ["OPTForCausalLM"]}', False),
    ],
)
def test_does_not_promise_what_mergekit_cannot_do(
    config: str, promised: bool, make: SimpleNamespace, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(config)
    recipe = Recipe.from_document(make.stack(("a", 0, 1), ("a", 0, 1)))
    text = export_yaml(recipe, {"a": str(tmp_path)})
    assert ("mergekit-yaml best.yaml" in text) == promised


def test_mergekit_s_command_is_offered_only_where_it_settles_the_donor(
    locations: dict[str, str], make: SimpleNamespace, tmp_path: Path
) -> None:
    recipe = Recipe.from_document(make.weighted("linear", models="ab"))
    assert "#   mergekit-yaml" in export_yaml(recipe, locations)
    shutil.copytree(locations["b"], tmp_path / "b")
    config = tmp_path / "b" / "config.json"
    config.write_text(config.read_text().replace('"rms_norm_eps": 1e-06', '"rms_norm_eps": 1e-05'))
    where = locations | {"b": str(tmp_path / "b")}
    text = export_yaml(recipe, where)
    assert "#   mergekit-yaml" not in text
    assert "differ; a base_model would settle it" in text
    settled = Recipe.from_document(make.weighted("ties", models="ab", base_model="base"))
    assert "#   mergekit-yaml" in export_yaml(settled, where)
    assert "a base_model would settle it" in export_yaml(recipe, locations | {"b": "hub/id"})
