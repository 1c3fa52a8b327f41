"""Reading a space: what it gives, and the message for every way to get it wrong."""

from pathlib import Path

import pytest

from evomerge.errors import InputError
from evomerge.space.reading.load import load_space, read_document, read_space

GOOD = """\
name: demo
models:
  base: org/base
  rev: org/rev
  sort: org/sort
recipes:
  - merge_method: ties
    base_model: base
    models:
      - model: rev
        parameters: {weight: {float: [0, 1]}, density: 0.5}
      - model: sort
        parameters: {weight: 0.3}
    dtype: float32
evaluate:
  tasks:
    - {task: toy, metric: acc}
"""
SECOND = """\
  - merge_method: linear
    models:
      - {model: rev, parameters: {weight: 1}}
"""
SLICES = """\
  - merge_method: passthrough
    slices:
      - sources: [{model: rev, layer_range: [0, 2]}]
      - sources: [{model: sort, layer_range: [{int: [0, 2]}, 4]}]
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "space.yaml"
    path.write_text(text)
    return path


def test_reads_settings_and_defaults(tmp_path: Path) -> None:
    space = load_space(write(tmp_path, GOOD + "search: {sampler: gp, seed: 7}\n"))
    assert space.name == "demo"
    assert space.base == "org/base"
    assert space.references == ("org/base", "org/rev", "org/sort")
    assert (space.search.sampler, space.search.seed) == ("gp", 7)
    assert (space.evaluate.quick, space.evaluate.confirm, space.evaluate.held_out) == (
        128,
        128,
        256,
    )
    assert [p.name for p in space.parameters()] == ["ties.weight[rev]"]


def test_own_keys_override_merged_ones(tmp_path: Path) -> None:
    text = GOOD.replace("- {task: toy, metric: acc}", "- &t {task: toy, metric: acc}")
    text += "    - {<<: *t, task: other}\n"
    assert [t.task for t in load_space(write(tmp_path, text)).evaluate.tasks] == ["toy", "other"]


def test_numbers_and_names_are_read_as_meant(tmp_path: Path) -> None:
    text = GOOD.replace("rev", "no").replace("{float: [0, 1]}", "{float: [1e-3, 1], log: true}")
    space = load_space(write(tmp_path, text))
    assert space.models["no"] == "org/no"
    assert space.parameters()[0].domain.ends[0] == 1e-3


def test_a_recipe_without_holes_is_a_space_of_one_point(tmp_path: Path) -> None:
    space = load_space(write(tmp_path, GOOD.replace("{float: [0, 1]}", "0.5")))
    assert space.parameters() == ()
    assert space.recipe({}).document["models"][0]["parameters"]["weight"] == 0.5


def test_models_may_stand_for_themselves(tmp_path: Path) -> None:
    lines = GOOD.splitlines(keepends=True)
    space = load_space(write(tmp_path, "".join(lines[:1] + lines[5:])))
    assert space.recipe({"ties.weight[rev]": 0.5}).models == ("base", "rev", "sort")
    near = "".join(lines[:1] + lines[5:]).replace("model: rev", "model: ./rev")
    assert str(tmp_path / "rev") in load_space(write(tmp_path, near)).references


# A mistake: what is replaced, by what, and the message it must give (without the folder).
CATALOGUE = {
    "unknown key": (
        "dtype:",
        "dtyp:",
        "space.yaml:14:5: unknown key 'dtyp'. help: did you mean 'dtype'?",
    ),
    "unknown top key": ("evaluate:", "evaluat:", "space.yaml:15:1: unknown key 'evaluat'"),
    "unknown method": (
        "ties",
        "tiess",
        "space.yaml:7:19: unknown merge method 'tiess'. help: did you mean 'ties'?",
    ),
    "unknown parameter": (
        "density",
        "densty",
        "space.yaml:11:47: unknown key 'densty'. help: did you mean 'density'?",
    ),
    "parameter of another method": ("density", "epsilon", "unknown key 'epsilon'"),
    "unknown model": (
        "model: rev",
        "model: rve",
        "space.yaml:10:16: unknown model 'rve'. help: did you mean 'rev'?",
    ),
    "upside-down range": ("[0, 1]", "[1, 0]", "range is upside down or empty, got [1, 0]"),
    "range of text": ("[0, 1]", "[a, b]", "float must be [low, high], two numbers"),
    "log from zero": (
        "{float: [0, 1]}",
        "{float: [0, 1], log: true}",
        "a log range starts above 0",
    ),
    "two kinds of hole": (
        "{float: [0, 1]}",
        "{float: [0, 1], int: [0, 1]}",
        "a hole has one of float, int, choice",
    ),
    "unknown hole key": (
        "{float: [0, 1]}",
        "{float: [0, 1], stp: 1}",
        "unknown key 'stp'. help: did you mean 'step'?",
    ),
    "misspelt kind of hole": (
        "{float: [0, 1]}",
        "{flaot: [0, 1]}",
        "unknown key 'flaot'. help: did you mean 'float'?",
    ),
    "step that does not divide": (
        "{float: [0, 1]}",
        "{float: [0, 1], step: 0.3}",
        "step 0.3 does not divide [0, 1]. help: the last value it reaches is 0.9",
    ),
    "method that shares its value": (
        "merge_method: ties",
        "merge_method: {choice: [ties, dare_ties], name: m}",
        "merge_method cannot share its value",
    ),
    "range without end": (
        "{float: [0, 1]}",
        "{float: [-1.7e+308, 1.7e+308]}",
        "float must be [low, high], two numbers",
    ),
    "one anchor": (
        "{float: [0, 1]}",
        "{float: [0, 1], layers: 1}",
        "layers must be a whole number of at least 2, got 1",
    ),
    "modules no list": (
        "{float: [0, 1]}",
        "{float: [0, 1], modules: mlp}",
        "modules must be a list of names",
    ),
    "empty choice": ("{float: [0, 1]}", "{choice: []}", "choice must be a list of values"),
    "choice of text for a number": (
        "{float: [0, 1]}",
        "{choice: [a, b]}",
        "weight must be a number",
    ),
    "text for a number": ("weight: 0.3", "weight: heavy", "weight must be a number, got 'heavy'"),
    "density above one": ("density: 0.5", "density: 1.5", "density lies within [0, 1], got 1.5"),
    "shared parameter beside a model": (
        "density: 0.5",
        "normalize: true",
        "normalize is one value for the whole merge",
    ),
    "no base": ("    base_model: base\n", "", "ties needs a base_model"),
    "missing weight": ("{weight: 0.3}", "{density: 0.3}", "ties needs a weight for 'sort'"),
    "slerp of three": (
        "merge_method: ties",
        "merge_method: slerp\n    parameters: {t: 0.5}",
        "slerp takes exactly 2 models, got 3",
    ),
    "model twice": ("model: sort", "model: rev", "model 'rev' stands twice in one merge"),
    "hole where none fits": (
        "merge_method: ties",
        "merge_method: {float: [0, 1]}",
        "merge method takes a choice, not a range",
    ),
    "no models": ("    models:\n", "    modles:\n", "exactly one of models, slices, modules"),
    "wrong dtype": ("float32", "float31", "unknown dtype 'float31'. help: did you mean 'float32'?"),
    "key twice": ("name: demo\n", "name: demo\nname: again\n", "key 'name' stands twice"),
    "broken YAML": ("models:\n  base", "models: [\n  base", "broken YAML"),
    "base in the way of linear": (
        "merge_method: ties",
        "merge_method: linear",
        "linear takes the base model as one more input, without weight",
    ),
    "reference twice": ("org/sort", "org/rev", "org/rev has a short name already"),
    "key that is a list": ("name: demo\n", "? [a, b]\n: 1\n", "broken YAML"),
    "date that is none": ("name: demo\n", "name: !!int abc\n", "broken YAML"),
    "alias of itself": ("name: demo\n", "name: &x [*x]\n", "broken YAML"),
    "filter no text": ("density: 0.5", "density: [{filter: 3, value: 1}]", "filter must be text"),
    "pattern, which mergekit ignores": (
        "density: 0.5",
        "density: [{pattern: mlp, value: 1}, {value: 0.5}]",
        "unknown key 'pattern'. help: known: filter, value",
    ),
    "gradient in a gradient": (
        "density: 0.5",
        "density: [0.5, {float: [0, 1], layers: 3}]",
        "a hole inside a list takes no modules",
    ),
    "unknown tokenizer source": (
        "    dtype:",
        "    tokenizer_source: unoin\n    dtype:",
        "unknown model 'unoin'",
    ),
    "taken name": (
        "{float: [0, 1]}",
        "{float: [0, 1], name: recipe}",
        "holes named 'recipe' differ",
    ),
}


@pytest.mark.parametrize("mistake", CATALOGUE)
def test_each_mistake_has_its_message(tmp_path: Path, mistake: str) -> None:
    old, new, message = CATALOGUE[mistake]
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    if mistake == "taken name":
        text = text.replace("evaluate:", SECOND + "evaluate:")
    with pytest.raises(InputError) as caught:
        load_space(write(tmp_path, text))
    assert message in str(caught.value)
    assert caught.value.exit_code == 2
    assert str(tmp_path / "space.yaml:") in str(caught.value)


SLICE_CATALOGUE = {
    "range upside down": ("[0, 2]}]", "[2, 0]}]", "layer_range is upside down or empty"),
    "float layer": ("{int: [0, 2]}", "{float: [0, 2]}", "a layer is a whole number from 0"),
    "no range": (", layer_range: [0, 2]}]", "}]", "layer_range must be [first, end]"),
    "unequal lengths": (
        "[{model: rev, layer_range: [0, 2]}]",
        "[{model: rev, layer_range: [0, 2]}, {model: sort, layer_range: [0, 3]}]",
        "equally many layers",
    ),
    "passthrough of two": (
        "[{model: rev, layer_range: [0, 2]}]",
        "[{model: rev, layer_range: [0, 2]}, {model: sort, layer_range: [0, 2]}]",
        "passthrough takes exactly 1 models, got 2",
    ),
    "base not among sources": (
        "merge_method: passthrough",
        "merge_method: task_arithmetic\n    base_model: base\n    parameters: {weight: 1.0}",
        "needs the base model 'base' among the sources",
    ),
}


@pytest.mark.parametrize("mistake", SLICE_CATALOGUE)
def test_each_mistake_in_slices_has_its_message(tmp_path: Path, mistake: str) -> None:
    old, new, message = SLICE_CATALOGUE[mistake]
    text = GOOD.replace("recipes:\n", f"recipes:\n{SLICES}")
    load_space(write(tmp_path, text))
    assert old in SLICES
    with pytest.raises(InputError) as caught:
        load_space(
            write(tmp_path, GOOD.replace("recipes:\n", "recipes:\n" + SLICES.replace(old, new, 1)))
        )
    assert message in str(caught.value)


def test_all_mistakes_are_told_at_once_in_the_file_s_order(tmp_path: Path) -> None:
    text = GOOD.replace("density", "densty").replace("dtype", "dtyp").replace("metric", "metrik")
    with pytest.raises(InputError) as caught:
        load_space(write(tmp_path, text))
    lines = [int(line.split(":")[1]) for line in str(caught.value).splitlines()]
    assert lines == sorted(lines)
    assert len(lines) >= 4


def test_a_missing_file_names_its_neighbours(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    with pytest.raises(InputError, match=r"there are: .*space\.yaml"):
        load_space(tmp_path / "spce.yaml")


def test_a_document_is_a_space_without_a_file(tmp_path: Path) -> None:
    document = {
        "models": {"a": "/m/a", "b": "/m/b"},
        "recipes": "auto",
        "evaluate": {"tasks": [{"task": "t", "metric": "acc"}]},
    }
    space = read_document(document, tmp_path / "space.yaml", ["budget.trials=3"])
    assert (space.name, space.budget.trials) == ("space", 3)
    assert read_space(space.source, space.path).parameters() == space.parameters()


def test_mistakes_of_a_document_are_named_by_their_key(tmp_path: Path) -> None:
    document = {"models": {"a": "/m/a"}, "evaluate": {"tasks": [{"task": "t"}], "quick": -5}}
    with pytest.raises(InputError) as caught:
        read_document(document, tmp_path / "space.yaml")
    places = [error.where for error in (caught.value, *caught.value.others)]
    assert places == ["recipes", "evaluate.tasks.0.metric", "evaluate.quick"]
