"""The JSON Schema refuses the settings that the reader refuses, and takes those that it takes."""

import string
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evomerge.settings import Settings
from evomerge.space.places import Marked
from evomerge.space.problems import Problems
from evomerge.space.reading.load import KEYS
from evomerge.space.reading.schema import schema
from evomerge.space.reading.settings import check_settings
from evomerge.space.reading.words import describe

VALIDATOR = jsonschema.Draft202012Validator(schema())
SETTINGS = tuple(setting.key for setting in describe(Settings))
SECTIONS = ("evaluate", "search", "search.gradient", "budget", "workers")
"""Settings that stand in others."""

words = st.sampled_from(
    [
        "auto",
        "memory",
        "disk",
        "mean",
        "pareto",
        "tpe",
        "cmaes",
        "gp",
        "gradient",
        "h:1",
        "ray://h:1",
        "acc",
        "",
    ]
) | st.text(string.ascii_letters + string.digits + " -_.:/+", max_size=101)
numbers = st.integers(-2, 3) | st.integers() | st.just(10**301)
# A schema cannot tell 3.0 from 3, and JSON has neither NaN nor infinity.
fractions = st.floats(-2, 3, exclude_max=True).filter(lambda number: not number.is_integer())
scalars = st.none() | st.booleans() | numbers | fractions | words
values = scalars | st.lists(scalars, max_size=2) | st.dictionaries(words, scalars, max_size=2)


def good() -> dict[str, Any]:
    return {
        "evaluate": {
            "tasks": [{"task": "toy", "metric": "acc"}, {"task": "other", "metric": "f1"}]
        },
        "search": {"gradient": {}},
        "budget": {},
        "workers": {},
    }


def reader_takes(document: dict[str, Any]) -> bool:
    problems = Problems(Marked("space.yaml", document))
    problems.known_keys(document, (), KEYS)
    check_settings(document, Path("/"), problems)
    return not problems


@settings(max_examples=400)
@given(
    changes=st.lists(st.tuples(st.sampled_from((*SETTINGS, *SECTIONS)), values), max_size=3),
    misspelt=st.booleans(),
)
@example(changes=[("evaluate.quick", -5)], misspelt=False)
@example(changes=[("workers.gpus", 1.5)], misspelt=False)
@example(changes=[("workers.gpus", 2)], misspelt=False)
@example(changes=[("workers.ray_address", "auto")], misspelt=False)
@example(changes=[("objective", "pareto"), ("search.sampler", "cmaes")], misspelt=False)
@example(changes=[("objective", "pareto"), ("search.sampler", "gp")], misspelt=False)
@example(changes=[("search.sampler", "gradient"), ("workers.mode", "disk")], misspelt=False)
@example(changes=[("search.gradient.start", "auto")], misspelt=False)
@example(changes=[("search.gradient.start", -2)], misspelt=False)
@example(changes=[("name", "a" * 101)], misspelt=False)
def test_reader_and_schema_agree(changes: list[tuple[str, Any]], misspelt: bool) -> None:
    document = good()
    for setting, value in changes:
        *sections, key = setting.split(".")
        node: Any = document
        for section in sections:
            if section == "N":
                node = node[0] if isinstance(node, list) and node else None
            else:
                node = node.get(section) if isinstance(node, dict) else None
        if isinstance(node, dict):
            # Whether a folder is there, and a task stands twice, no schema can tell.
            value = "." if key == "task_path" and isinstance(value, str) else value
            value = "toy" if key == "task" and value == "two" else value
            node[f"{key}x" if misspelt else key] = value
    assert VALIDATOR.is_valid(document) == reader_takes(document)


def test_it_is_a_schema_that_knows_the_reader_s_keys() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert set(schema()["properties"]) == set(KEYS)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_setting_says_what_it_is_for(section: str) -> None:
    name = section.rpartition(".")[2].removesuffix("s").capitalize()
    found = schema()["$defs"][f"{name}Settings"]
    help = {one.key: one.help for one in describe(Settings)}
    own = {key: s for key, s in found["properties"].items() if f"{section}.{key}" not in SECTIONS}
    for key, setting in own.items():
        assert setting["description"] == help[f"{section}.{key}"]
        assert "\n" not in setting["description"]
