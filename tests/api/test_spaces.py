from pathlib import Path

import pytest

from evomerge.api.spaces import Choice, Float, Int, read_space
from evomerge.errors import InputError

EVALUATE = {"tasks": [{"task": "t", "metric": "acc"}]}


def test_a_space_written_in_python_is_the_one_in_yaml(tmp_path: Path) -> None:
    parents = [
        {"model": "a", "parameters": {"weight": Float(0, 1.2, layers=3)}},
        {"model": "b", "parameters": {"weight": Float(0.1, 1, log=True, tensors="each")}},
    ]
    modules = [{**one, "parameters": {"weight": Int(0, 1, modules="each")}} for one in parents]
    coarse = {"merge_method": "linear", "models": modules}
    recipe = {"merge_method": Choice("dare_ties", "ties"), "base_model": "base", "models": parents}
    stack = {"models": ("a", "b"), "layers": 8, "blocks": Int(2, 3), "length": 4}
    written = {
        "models": {"base": Path("/m/base"), "a": "/m/a", "b": "/m/b"},
        "recipes": [recipe, coarse, {"merge_method": "passthrough", "stack": stack}],
        "evaluate": EVALUATE,
    }
    (tmp_path / "space.yaml").write_text("""
models: {base: /m/base, a: /m/a, b: /m/b}
recipes:
  - merge_method: {choice: [dare_ties, ties]}
    base_model: base
    models:
      - {model: a, parameters: {weight: {float: [0, 1.2], layers: 3}}}
      - {model: b, parameters: {weight: {float: [0.1, 1], log: true, tensors: each}}}
  - merge_method: linear
    models:
      - {model: a, parameters: {weight: {int: [0, 1], modules: each}}}
      - {model: b, parameters: {weight: {int: [0, 1], modules: each}}}
  - merge_method: passthrough
    stack: {models: [a, b], layers: 8, blocks: {int: [2, 3]}, length: 4}
evaluate: {tasks: [{task: t, metric: acc}]}
""")
    ours, theirs = read_space(written), read_space(tmp_path / "space.yaml")
    assert ours.templates == theirs.templates
    assert ours.models == theirs.models


def test_settings_are_laid_over(tmp_path: Path) -> None:
    written = {"models": {"a": "/m/a", "b": "/m/b"}, "recipes": "auto", "evaluate": EVALUATE}
    space = read_space(written, {"budget.trials": 3, "evaluate.tasks.0.weight": 2})
    assert (space.budget.trials, space.evaluate.tasks[0].weight) == (3, 2)
    assert "budget" not in written and EVALUATE["tasks"] == [{"task": "t", "metric": "acc"}]


def test_mistakes_are_named_by_their_key() -> None:
    written = {"models": {"a": "/m/a", "b": "/m/b"}, "recipes": "auto", "evaluate": EVALUATE}
    with pytest.raises(InputError, match=r"^search\.sampler: unknown sampler 'tpee'"):
        read_space(written | {"search": {"sampler": "tpee"}})
