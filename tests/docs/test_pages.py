"""Every page is wrapped to one width, and what it links to is there."""

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    page
    for pattern in ("*.md", "docs/*.md", "benchmarks/*.md", "experiments/**/*.md")
    for page in sorted(ROOT.glob(pattern))
]
WIDTH = 100


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_prose_is_wrapped_to_one_width(page: Path) -> None:
    prose = "".join(page.read_text(encoding="utf-8").split("```")[::2])
    lines = [line for line in prose.splitlines() if not line.startswith("|")]
    assert [line for line in lines if len(line) > WIDTH] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_the_architecture_names_the_rooms_in_their_order() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = page.partition("| room |")[2].partition("\n\n")[0]
    named = re.findall(r"^\| `([a-z]+)(?:\.py|/)`", table, re.MULTILINE)
    rooms = runpy.run_path(str(ROOT / "tests" / "test_architecture.py"))["ROOMS"]
    assert named == list(rooms)


def test_the_files_that_the_architecture_names_are_there() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:[a-z_]+/)+[a-z_]*(?:\.py)?|[a-z_]+\.py)`", page)
    assert len(named) > 15
    places = [ROOT, ROOT / "evomerge", *(ROOT / "evomerge").glob("*/")]
    assert [n for n in named if not any((place / n).exists() for place in places)] == []
