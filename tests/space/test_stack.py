"""`stack:` writes mergekit's slices: blocks that fit on one another, within the depth wanted."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evomerge.errors import Failure, TrialError
from evomerge.space.reading.load import load_space
from evomerge.space.space import Space

from .examples import STACK, Drawn


def load(folder: Path, text: str = STACK) -> Space:
    path = folder / "space.yaml"
    path.write_text(text)
    return load_space(path)


@given(st.data())
@settings(max_examples=150)
def test_every_point_is_a_stack(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    space = load(tmp_path_factory.getbasetemp())
    params = space.suggest(Drawn(data))
    assert params.keys() <= {p.name for p in space.parameters()}
    assert {p.name for p in space.shared_parameters} <= params.keys()
    try:
        document = space.recipe(params).document
    except TrialError as error:
        assert error.failure is Failure.INVALID_RECIPE
        assert "layers, wanted 6 to 14" in str(error)
        return
    sources = [item["sources"][0] for item in document["slices"]]
    ranges = [source["layer_range"] for source in sources]
    assert len(sources) == params["stack.blocks"]
    assert ranges[0][0] == 0
    assert ranges[-1][1] == 10
    assert all(0 <= first < end <= 10 for first, end in ranges)
    assert 6 <= sum(end - first for first, end in ranges) <= 14
    for index, source in enumerate(sources):
        assert source["model"] == f"org/{params[f'stack.model[{index}]']}"
        scale = params[f"stack.scale[block{index}][o_proj]"]
        assert source["parameters"]["scale"][0] == {"filter": "o_proj", "value": scale}


def test_one_point_by_hand(tmp_path: Path) -> None:
    space = load(
        tmp_path, STACK.replace("[{filter: o_proj, value: {float: [0.5, 1]}}, {value: 1}]", "1")
    )
    params = {
        "stack.blocks": 3,
        "stack.model[0]": "a",
        "stack.length[0]": 4,
        "stack.model[1]": "b",
        "stack.overlap[1]": 1,
        "stack.length[1]": 5,
        "stack.model[2]": "a",
        "stack.overlap[2]": -1,
    }
    slices = space.recipe(params).document["slices"]
    assert [(s["sources"][0]["model"], s["sources"][0]["layer_range"]) for s in slices] == [
        ("org/a", [0, 4]),
        ("org/b", [3, 8]),
        ("org/a", [9, 10]),
    ]
    assert space.references == ("org/a", "org/b")


def test_blocks_may_start_anywhere_and_repeat(tmp_path: Path) -> None:
    free = STACK.replace(
        "overlap: {int: [-2, 3]}", "first: {int: [0, 8]}\n      repeat: {int: [1, 3]}"
    )
    space = load(tmp_path, free.replace("blocks: {int: [2, 4]}", "blocks: 2"))
    names = [p.name for p in space.parameters() if "scale" not in p.name]
    assert names == [
        f"stack.{key}[{index}]"
        for index in (0, 1)
        for key in ("model", "first", "length", "repeat")
    ]
    params = {
        "stack.model[0]": "b",
        "stack.first[0]": 5,
        "stack.length[0]": 3,
        "stack.repeat[0]": 2,
        "stack.model[1]": "a",
        "stack.first[1]": 2,
        "stack.length[1]": 4,
        "stack.repeat[1]": 1,
    }
    params |= {p.name: 0.5 for p in space.parameters() if "scale" in p.name}
    slices = space.recipe(params).document["slices"]
    assert [(s["sources"][0]["model"], s["sources"][0]["layer_range"]) for s in slices] == [
        ("org/b", [5, 8]),
        ("org/b", [5, 8]),
        ("org/a", [2, 6]),
    ]


def test_what_every_stack_has_is_shared(tmp_path: Path) -> None:
    shared = [p.name for p in load(tmp_path).shared_parameters]
    assert "stack.blocks" in shared
    assert "stack.overlap[1]" in shared
    assert "stack.overlap[2]" not in shared
    assert "stack.overlap[3]" in [p.name for p in load(tmp_path).parameters()]
