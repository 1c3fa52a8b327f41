"""What a search takes, what is free, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from evomerge.cli.search import command as search
from evomerge.errors import PlatformError
from evomerge.preflight.memory import GIB, check_memory, estimate
from evomerge.space.reading.load import read_space
from evomerge.space.space import Space

SPACE = """
models: {{a: {folder}/a, b: {folder}/b}}
recipes:
  - merge_method: linear
    models: [{{model: a, parameters: {{weight: 1}}}}, {{model: b, parameters: {{weight: 1}}}}]
    dtype: {dtype}
evaluate: {{tasks: [{{task: t, metric: acc}}]}}
workers: {{count: {count}}}
"""


@pytest.fixture
def parents(tmp_path: Path) -> Path:
    """Two models of 2 GiB in bfloat16, files of holes."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        config = {"dtype": "bfloat16", "vocab_size": 32_000}
        (tmp_path / name / "config.json").write_text(json.dumps(config))
        with open(tmp_path / name / "model.safetensors", "wb") as file:
            file.truncate(2 * GIB)
    return tmp_path


def space_of(
    parents: Path, count: int = 1, dtype: str = "bfloat16"
) -> tuple[Space, dict[str, str]]:
    text = SPACE.format(folder=parents, count=count, dtype=dtype)
    space = read_space(text, parents / "space.yaml")
    return space, {reference: reference for reference in space.references}


def test_merges_in_a_wider_dtype_take_more(parents: Path) -> None:
    assert estimate(*space_of(parents)).files.merge == 2 * 2 * GIB
    assert estimate(*space_of(parents, dtype="float32")).files.merge == 2 * 4 * GIB


def test_parents_are_shared_by_workers_all_else_is_not(parents: Path) -> None:
    one, four = (estimate(*space_of(parents, count)) for count in (1, 4))
    assert one.total == one.needed + 4 * GIB
    assert four.total - four.needed == 4 * GIB
    assert four.needed > 4 * one.needed


def test_what_cannot_fit_is_refused_with_what_would(parents: Path) -> None:
    space, found = space_of(parents, count=4)
    three = estimate(*space_of(parents, count=3)).needed
    with pytest.raises(PlatformError, match=r"this would fit: --set workers\.count=3$"):
        check_memory(space, found, pytest.fail, available=three + 5 * GIB // 2)
    with pytest.raises(PlatformError, match="smaller models, or a machine with more memory"):
        check_memory(space, found, pytest.fail, available=4 * GIB)
    one = estimate(*space_of(parents))
    with pytest.raises(PlatformError, match=r"count=1 --set workers\.cache_gb=1$"):
        check_memory(space, found, pytest.fail, available=one.needed - 5 * GIB // 2)
    bare = one.needed - one.cache
    with pytest.raises(PlatformError, match=r"cache_gb=0 --set evaluate\.batch_size=4$"):
        check_memory(space, found, pytest.fail, available=bare - one.batch * 2 // 3)


def test_small_models_need_no_large_cache(parents: Path) -> None:
    large = estimate(*space_of(parents))
    for name in ("a", "b"):
        with open(parents / name / "model.safetensors", "wb") as file:
            file.truncate(2**20)
    assert large.cache == 4 * GIB
    assert estimate(*space_of(parents)).cache == 8 * 2 * 2**20


def test_parents_that_do_not_stay_in_memory_are_told_of(parents: Path) -> None:
    space, found = space_of(parents)
    told: list[str] = []
    check_memory(space, found, told.append, available=estimate(space, found).needed)
    assert len(told) == 1
    assert "each trial reads some of them from disk" in told[0]
    check_memory(space, found, pytest.fail, available=estimate(space, found).total)


def test_backward_passes_take_more_and_may_compute_activations_again(parents: Path) -> None:
    wide = {"hidden_size": 2048, "num_hidden_layers": 16, "intermediate_size": 8192}
    for name in ("a", "b"):
        config = {"dtype": "bfloat16", "vocab_size": 32_000, **wide}
        (parents / name / "config.json").write_text(json.dumps(config))
    space, found = space_of(parents)
    plain = estimate(space, found)
    learning = replace(space, search=replace(space.search, sampler="gradient"))
    kept = estimate(learning, found)
    least = replace(kept, again=True)
    embeddings = 32_000 * 2048 * 2
    assert kept.needed - plain.needed == 4 * GIB + kept.batch + embeddings
    assert kept.batch + embeddings < least.gradient < kept.gradient / 2
    told: list[str] = []
    check_memory(learning, found, told.append, available=least.needed)
    assert len(told) == 1 and "computed again" in told[0]
    with pytest.raises(PlatformError, match="its gradient"):
        check_memory(learning, found, pytest.fail, available=least.needed - 4 * GIB)


def test_the_nodes_of_a_cluster_are_not_this_machine(parents: Path) -> None:
    space, found = space_of(parents)
    remote = replace(space, workers=replace(space.workers, ray_address="auto"))
    check_memory(remote, found, pytest.fail, available=0)


def test_the_command_refuses_before_it_opens_a_model(parents: Path) -> None:
    for name in ("a", "b"):
        with open(parents / name / "model.safetensors", "wb") as file:
            file.truncate(2**42)
    space, _ = space_of(parents)
    (parents / "space.yaml").write_text(space.source)
    for words in (["--dry-run"], ["--runs-dir", f"{parents}/runs"]):
        with pytest.raises(PlatformError, match=r"GiB have to fit into .* GiB that are free"):
            CliRunner().invoke(search, [f"{parents}/space.yaml", *words], catch_exceptions=False)
    assert not (parents / "runs").exists()
