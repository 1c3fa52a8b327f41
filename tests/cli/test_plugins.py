"""Merge methods of a user's own: read, searched, merged, exported."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from evomerge.errors import InputError
from evomerge.space.reading.load import load_space

from .conftest import Evomerge

PLUGIN = """\
import torch
from mergekit.merge_methods import register
from mergekit.merge_methods.easy_define import merge_method
from mergekit.merge_methods.base import InputContract, TensorGroup, BasePolicy


@merge_method(
    name="halfway",
    pretty_name="Halfway",
    reference_url=None,
    contract=InputContract(base=BasePolicy.REQUIRED),
)
def halfway(group: TensorGroup, pull: float) -> torch.Tensor:
    mean = torch.stack([entry.tensor for entry in group.non_base]).mean(dim=0)
    return (1 - pull) * group.base.tensor + pull * mean


register(halfway)
"""


@pytest.fixture(scope="session")
def table(evomerge_process: Evomerge, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The plug-in's table, printed by a process that may register what it likes."""
    folder = tmp_path_factory.mktemp("plugin")
    (folder / "mine.py").write_text(PLUGIN)
    done = evomerge_process(["methods", "--plugin", "mine.py"], folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def folder(space_text: str, table: str, tmp_path: Path) -> Path:
    """A space beside a plug-in and its table, with `methods: [halfway]`."""
    (tmp_path / "mine.py").write_text(PLUGIN)
    (tmp_path / "mine.json").write_text(table)
    start, end = space_text.index("recipes:"), space_text.index("evaluate:")
    recipes = "plugins: [mine.json]\nmethods: [halfway]\n"
    (tmp_path / "toy.yaml").write_text(space_text[:start] + recipes + space_text[end:])
    return tmp_path


def test_a_method_of_ones_own_is_read(folder: Path, evomerge: Evomerge) -> None:
    table = json.loads((folder / "mine.json").read_text())
    assert [row["name"] for row in table["methods"]] == ["halfway"]
    checked = evomerge(["check", "toy.yaml"], folder)
    assert "halfway.pull" in checked.stdout, checked.stderr


@pytest.mark.slow  # three processes: mergekit's registry is a process's own
def test_a_search_with_a_method_of_ones_own(
    folder: Path, evomerge: Evomerge, evomerge_process: Evomerge
) -> None:
    done = evomerge_process(["search", "toy.yaml", "--trials", "2"], folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "trial 1                  halfway" in done.stdout
    shown = evomerge(["export", "toy", "--trial", "0", "-o", "best.yaml"], folder)
    assert shown.returncode == 0, shown.stderr
    text = (folder / "best.yaml").read_text()
    line = next(line for line in text.splitlines() if "evomerge merge" in line)
    assert "mergekit-yaml does not know halfway" in text
    words = line.lstrip("# ").replace("OUT", "out").split()[1:]
    merged = evomerge_process(words, folder)
    assert merged.returncode == 0, merged.stderr
    spaces = load_space(folder / "toy.yaml").models
    models = [load_file(Path(path) / "model.safetensors") for path in spaces.values()]
    pull = float(text.split("pull: ")[1].split()[0])
    for name, tensor in load_file(folder / "out" / "model.safetensors").items():
        base, *others = (model[name] for model in models)
        wanted = (1 - pull) * base + pull * torch.stack(others).mean(dim=0)
        assert torch.allclose(tensor, wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (None, "toy.yaml:6:11: cannot be read: No such file"),
        ("{}", "no table of merge methods"),
        ('{"module": "gone.py", "methods": []}', "the table's plug-in is gone"),
    ],
)
def test_tables_that_are_wrong(written: str | None, message: str, folder: Path) -> None:
    (folder / "mine.json").unlink()
    if written is not None:
        (folder / "mine.json").write_text(written)
    with pytest.raises(InputError) as caught:
        load_space(folder / "toy.yaml")
    assert message in str(caught.value)


def test_plugins_that_are_wrong(tmp_path: Path, evomerge: Evomerge) -> None:
    (tmp_path / "empty.py").write_text("")
    done = evomerge(["methods", "--plugin", "empty.py"], tmp_path)
    assert done.returncode == 2
    assert "registers no merge method" in done.stderr
    (tmp_path / "broken.py").write_text("1 / 0")
    done = evomerge(["methods", "--plugin", "broken.py"], tmp_path)
    assert done.returncode == 2
    assert "raises ZeroDivisionError" in done.stderr
    assert "Traceback" not in done.stderr


def test_reading_a_table_runs_no_plugin(folder: Path) -> None:
    (folder / "mine.py").write_text("raise SystemExit(9)")
    code = (
        "from pathlib import Path; from evomerge.space.reading.load import load_space; "
        "import sys; load_space(Path('toy.yaml')); print('torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
