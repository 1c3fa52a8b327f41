"""`evomerge init`: what fits together, what the base is, and a space that can be searched."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from evomerge.cli import group
from evomerge.errors import InputError
from evomerge.space.reading.load import load_space
from evomerge.space.space import Space


@pytest.fixture
def models(family: dict[str, Path], tmp_path: Path) -> Path:
    """Copies of `base`, `a`, `b`; `a`'s card names the base."""
    for name in ("base", "a", "b"):
        shutil.copytree(family[name], tmp_path / name)
    card = f"---\nlicense: mit\nbase_model: {tmp_path / 'base'}\n---\n# a\n"
    (tmp_path / "a" / "README.md").write_text(card)
    return tmp_path


def init(folder: Path, *words: object) -> tuple[Space, str]:
    out = folder / "space.yaml"
    out.unlink(missing_ok=True)
    args = ["init", *map(str, words), "-o", str(out)]
    done = CliRunner().invoke(group, args, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return load_space(out), out.read_text()


def test_the_base_is_found_and_methods_fit(models: Path, task_path: Path) -> None:
    words = (models / "b", models / "a", "--task", "toy_next:acc", "--task-path", task_path)
    space, text = init(models, *words)
    assert list(space.models) == ["base", "b", "a"]
    assert space.models["base"] == str(models / "base")
    assert "LlamaForCausalLM: 4 layers" in text
    assert "Base model: base; 1 of 2 models name it." in text
    assert {"ties", "linear"} <= {m for t in space.templates for m in t.methods}
    assert [t.task for t in space.evaluate.tasks] == ["toy_next"]


def test_without_a_base_methods_that_need_one_are_named(models: Path) -> None:
    (models / "a" / "README.md").unlink()
    space, text = init(models, models / "a", models / "b")
    assert "No base model: no model names one" in text
    assert "because it needs a base model: breadcrumbs" in text
    assert "placeholder" in text
    assert "ties" not in {m for t in space.templates for m in t.methods}


def test_a_base_that_is_not_here_is_told(models: Path) -> None:
    card = "---\nbase_model: nobody/nothing\n---\n"
    (models / "a" / "README.md").write_text(card)
    space, text = init(models, models / "a", models / "b")
    assert "not to be had here: nobody/nothing" in text
    assert list(space.models) == ["a", "b"]


def test_what_does_not_fit_is_left_out_with_the_reason(models: Path) -> None:
    from transformers import LlamaConfig, LlamaForCausalLM

    shutil.copytree(models / "b", models / "deep")
    config = LlamaConfig.from_pretrained(models / "b", num_hidden_layers=6)
    LlamaForCausalLM(config).save_pretrained(models / "deep")
    (models / "empty").mkdir()
    names = [models / name for name in ("base", "a", "b", "deep", "empty")]
    space, text = init(models, *names)
    assert list(space.models) == ["base", "a", "b"]
    assert f"Left out: {models / 'deep'}: different depths, 4 and 6 layers" in text
    assert f"Left out: {models / 'empty'}: no config.json" in text
    with pytest.raises(InputError, match="no two models that can be merged"):
        init(models, models / "b", models / "deep")


def test_an_adapter_brings_its_model(models: Path, family: dict[str, Path]) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(models / "base")
    tuned = get_peft_model(model, LoraConfig(r=2, target_modules=["q_proj"]))
    tuned.save_pretrained(models / "tuned")
    named = json.loads((models / "tuned" / "adapter_config.json").read_text())
    assert named["base_model_name_or_path"] == str(models / "base")
    space, text = init(models, models / "tuned", models / "b")
    assert space.models["tuned"] == f"{models / 'base'}+{models / 'tuned'}"
    assert space.models["base"] == str(models / "base")
    assert "Base model: base" in text


def test_mistakes(models: Path) -> None:
    taken = models / "a" / "config.json"
    with pytest.raises(InputError, match="there already"):
        CliRunner().invoke(group, ["init", "x", "-o", str(taken)], catch_exceptions=False)
    with pytest.raises(InputError, match="not of the form TASK:METRIC: x"):
        CliRunner().invoke(group, ["init", "x", "--task", "x"], catch_exceptions=False)
    with pytest.raises(InputError, match=r"no two models .*nowhere"):
        words = ["init", str(models / "b"), str(models / "nowhere")]
        CliRunner().invoke(group, words, catch_exceptions=False)
