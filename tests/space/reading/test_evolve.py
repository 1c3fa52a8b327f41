"""mergekit-evolve configurations become spaces with the same models, tasks and granularity."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from mergekit.evo.config import EvolMergeConfiguration

from evomerge.cli import group
from evomerge.errors import InputError
from evomerge.space.reading.load import load_space
from evomerge.space.space import Space

CONFIG = """\
genome:
    models:
      - org/one
      - org/two
      - other/two
    merge_method: dare_ties
    base_model: org/base
    tokenizer_source: null
    layer_granularity: 8
    normalize: false
    allow_negative_weights: false
    smooth: false
    filters:
      - self_attn
      - mlp
tasks:
  - name: gsm8k
    weight: 0.5
    metric: "exact_match,strict-match"
  - arc_easy
limit: 200
num_fewshot: 5
"""


def imported(folder: Path, text: str, *options: str) -> Space:
    EvolMergeConfiguration.model_validate(yaml.safe_load(text))
    (folder / "evolve.yaml").write_text(text)
    out = folder / "space.yaml"
    out.unlink(missing_ok=True)
    words = ["import", str(folder / "evolve.yaml"), "-o", str(out), *options]
    done = CliRunner().invoke(group, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return load_space(out)


def test_granularity_and_filters_are_kept(tmp_path: Path) -> None:
    space = imported(tmp_path, CONFIG, "--layers", "16")
    assert list(space.models) == ["base", "one", "two", "two-2"]
    assert space.models["two-2"] == "other/two"
    names = [p.name for p in space.parameters()]
    # as many as mergekit-evolve's genome: 2 groups of layers, 3 models, 2 filters and the rest
    assert len(names) == 2 * 3 * 3 * 2
    assert "dare_ties.density[slice1.two-2][rest]" in names
    document = space.recipe({p.name: p.domain.ends[0] for p in space.parameters()}).document
    assert [s["sources"][0]["layer_range"] for s in document["slices"]] == [[0, 8], [8, 16]]
    assert document["slices"][0]["sources"][-1]["model"] == "org/base"
    assert document["parameters"] == {"normalize": False}
    assert {p.domain.ends[0] for p in space.parameters() if "weight" in p.name} == {0}
    negative = CONFIG.replace("weights: false", "weights: true")
    found = imported(tmp_path, negative, "--layers", "16").parameters()
    assert {p.domain.ends[0] for p in found if "weight" in p.name} == {-1.2}


def test_tasks_are_kept(tmp_path: Path) -> None:
    space = imported(tmp_path, CONFIG, "--layers", "16")
    tasks = [(t.task, t.metric, t.weight) for t in space.evaluate.tasks]
    assert tasks == [("gsm8k", "exact_match,strict-match", 0.5), ("arc_easy", "acc", 1)]
    assert space.evaluate.quick == 200
    assert space.evaluate.chat_template
    assert space.search.sampler == "cmaes"
    text = (tmp_path / "space.yaml").read_text()
    assert "num_fewshot: 5" in text.split("name:")[0]


def test_smooth_becomes_a_gradient(tmp_path: Path) -> None:
    smooth = CONFIG.replace("smooth: false", "smooth: true")
    space = imported(tmp_path, smooth, "--layers", "24")
    assert len(space.parameters()) == 3 * 3 * 3 * 2
    document = space.recipe({p.name: p.domain.ends[0] for p in space.parameters()}).document
    assert len(document["models"][0]["parameters"]["weight"][0]["value"]) == 3


@pytest.mark.parametrize("method", ["linear", "task_arithmetic", "ties", "slerp"])
def test_every_method_it_knew_is_read(tmp_path: Path, method: str) -> None:
    config: dict[str, Any] = {
        "genome": {"models": ["org/one", "org/two"], "merge_method": method},
        "tasks": [{"name": "arc_easy"}],
    }
    if method in ("task_arithmetic", "ties"):
        config["genome"]["base_model"] = "org/base"
    space = imported(tmp_path, yaml.safe_dump(config))
    assert [t.methods for t in space.templates] == [(method,)]
    assert space.parameters()


def test_depth_is_read_from_a_model_that_is_here(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "config.json").write_text('{"num_hidden_layers": 16}')
    space = imported(tmp_path, CONFIG.replace("org/one", str(tmp_path / "one")))
    assert len(space.parameters()) == 36


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("genome", "genom", "evolve.yaml:1:1: unknown key 'genom'. help: did you mean 'genome'?"),
        ("dare_ties", "della", "6:19: merge_method must be one of linear, task_arithmetic"),
        ("filters", "filtres", "unknown key 'filtres'. help: did you mean 'filters'?"),
        ("granularity: 8", "granularity: 5", "layer_granularity 5 does not divide 16 layers"),
        ("granularity: 8", "granularity: x", "layer_granularity is a whole number, got 'x'"),
        ("  - arc_easy", "  - {nam: x}", "a task has a name"),
    ],
)
def test_mistakes(tmp_path: Path, old: str, new: str, message: str) -> None:
    (tmp_path / "evolve.yaml").write_text(CONFIG.replace(old, new, 1))
    words = ["import", str(tmp_path / "evolve.yaml"), "--layers", "16"]
    with pytest.raises(InputError) as caught:
        CliRunner().invoke(group, words, catch_exceptions=False)
    assert message in str(caught.value)


def test_nothing_is_overwritten_and_depth_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "evolve.yaml"
    file.write_text(CONFIG)
    with pytest.raises(InputError, match="give it with --layers"):
        CliRunner().invoke(group, ["import", str(file)], catch_exceptions=False)
    words = ["import", str(file), "--layers", "16", "-o", str(file)]
    with pytest.raises(InputError, match="there already"):
        CliRunner().invoke(group, words, catch_exceptions=False)
    assert file.read_text() == CONFIG
