"""`evomerge import`: a mergekit-evolve configuration on the screen, or in a file that is new."""

from pathlib import Path

import pytest

from evomerge.errors import InputError
from evomerge.space.reading.load import read_space

from .conftest import invoke

CONFIG = """\
genome:
  models: [org/one, org/two]
  merge_method: linear
  layer_granularity: 8
tasks: [{name: gsm8k, metric: "exact_match,strict-match"}]
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "evolve.yaml"
    path.write_text(CONFIG)
    return path


def test_on_the_screen_it_is_a_space_with_its_origin(config: Path) -> None:
    shown = invoke("import", config, "--layers", 16).stdout
    assert shown.startswith("# From evolve.yaml, a mergekit-evolve configuration.\n")
    space = read_space(shown, config)
    assert space.name == "evolve"
    assert set(space.models.values()) == {"org/one", "org/two"}


def test_a_file_is_written_once(config: Path) -> None:
    out = config.with_name("space.yaml")
    done = invoke("import", config, "--layers", 16, "-o", out)
    assert done.stdout == ""
    assert f"evomerge check {out}" in done.stderr
    before = out.read_text()
    with pytest.raises(InputError, match="there already"):
        invoke("import", config, "--layers", 16, "-o", out)
    assert out.read_text() == before
