"""Reading a space: what it gives, and the message for every way to get it wrong."""

from pathlib import Path

import pytest

from evomerge.errors import InputError
from evomerge.space.reading.load import load_space, read_document, read_space

from ..examples import PLAIN

SECOND = """\
  - merge_method: linear
    models:
      - {model: rev, parameters: {weight: 1}}
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "space.yaml"
    path.write_text(text)
    return path


def test_reads_settings_and_defaults(tmp_path: Path) -> None:
    space = load_space(write(tmp_path, PLAIN + "search: {sampler: gp, seed: 7}\n"))
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
    text = PLAIN.replace("- {task: toy, metric: acc}", "- &t {task: toy, metric: acc}")
    text += "    - {<<: *t, task: other}\n"
    assert [t.task for t in load_space(write(tmp_path, text)).evaluate.tasks] == ["toy", "other"]


def test_numbers_and_names_are_read_as_meant(tmp_path: Path) -> None:
    text = PLAIN.replace("rev", "no").replace("{float: [0, 1]}", "{float: [1e-3, 1], log: true}")
    space = load_space(write(tmp_path, text))
    assert space.models["no"] == "org/no"
    assert space.parameters()[0].domain.ends[0] == 1e-3


def test_a_recipe_without_holes_is_a_space_of_one_point(tmp_path: Path) -> None:
    space = load_space(write(tmp_path, PLAIN.replace("{float: [0, 1]}", "0.5")))
    assert space.parameters() == ()
    assert space.recipe({}).document["models"][0]["parameters"]["weight"] == 0.5


def test_models_may_stand_for_themselves(tmp_path: Path) -> None:
    lines = PLAIN.splitlines(keepends=True)
    space = load_space(write(tmp_path, "".join(lines[:1] + lines[5:])))
    assert space.recipe({"ties.weight[rev]": 0.5}).models == ("base", "rev", "sort")
    near = "".join(lines[:1] + lines[5:]).replace("model: rev", "model: ./rev")
    assert str(tmp_path / "rev") in load_space(write(tmp_path, near)).references


# A mistake: what is replaced, by what, and the message it must give (without the folder).
CATALOGUE = {
    "unknown top key": ("evaluate:", "evaluat:", "space.yaml:15:1: unknown key 'evaluat'"),
    "unknown model": (
        "model: rev",
        "model: rve",
        "space.yaml:10:16: unknown model 'rve'. help: did you mean 'rev'?",
    ),
    "no base": ("    base_model: base\n", "", "ties needs a base_model"),
    "missing weight": ("{weight: 0.3}", "{density: 0.3}", "ties needs a weight for 'sort'"),
    "slerp of three": (
        "merge_method: ties",
        "merge_method: slerp\n    parameters: {t: 0.5}",
        "slerp takes exactly 2 models, got 3",
    ),
    "model twice": ("model: sort", "model: rev", "model 'rev' stands twice in one merge"),
    "base in the way of linear": (
        "merge_method: ties",
        "merge_method: linear",
        "linear takes the base model as one more input, without weight",
    ),
    "reference twice": ("org/sort", "org/rev", "org/rev has a short name already"),
    "taken name": (
        "{float: [0, 1]}",
        "{float: [0, 1], name: recipe}",
        "holes named 'recipe' differ",
    ),
}


@pytest.mark.parametrize("mistake", CATALOGUE)
def test_each_mistake_has_its_message(tmp_path: Path, mistake: str) -> None:
    old, new, message = CATALOGUE[mistake]
    assert old in PLAIN
    text = PLAIN.replace(old, new, 1)
    if mistake == "taken name":
        text = text.replace("evaluate:", SECOND + "evaluate:")
    with pytest.raises(InputError) as caught:
        load_space(write(tmp_path, text))
    assert message in str(caught.value)
    assert caught.value.exit_code == 2
    assert str(tmp_path / "space.yaml:") in str(caught.value)


def test_all_mistakes_are_told_at_once_in_the_file_s_order(tmp_path: Path) -> None:
    text = PLAIN.replace("density", "densty").replace("dtype", "dtyp").replace("metric", "metrik")
    with pytest.raises(InputError) as caught:
        load_space(write(tmp_path, text))
    lines = [int(line.split(":")[1]) for line in str(caught.value).splitlines()]
    assert lines == sorted(lines)
    assert len(lines) >= 4


def test_a_missing_file_names_its_neighbours(tmp_path: Path) -> None:
    write(tmp_path, PLAIN)
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
