"""docs/space.md shows the settings as evomerge declares them, within one width."""

import re
import runpy
from pathlib import Path

TABLES = Path(__file__).parents[2] / "docs" / "tables.py"
PAGE = TABLES.with_name("space.md").read_text()


def test_the_page_says_what_the_code_says() -> None:
    made = runpy.run_path(str(TABLES))["with_tables"](PAGE)
    assert made == PAGE, "run: python docs/tables.py"
    for key in ("evaluate.tasks.N.metric", "objective", "search.sampler", "workers.cache_gb"):
        assert f"\n| `{key}` | " in made


def test_the_files_that_the_page_names_are_there() -> None:
    named = re.findall(r"`(evomerge/[\w/]+\.py)`", PAGE)
    assert named
    assert [name for name in named if not (TABLES.parents[1] / name).is_file()] == []
