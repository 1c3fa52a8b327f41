"""Every kind of bad input: one clear message, the right exit code, nothing half-written."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from .conftest import Evomerge


def edit(space_file: Path, old: str, new: str) -> None:
    text = space_file.read_text()
    assert old in text
    space_file.write_text(text.replace(old, new))


def refused(
    done: "subprocess.CompletedProcess[str]", code: int, message: str, folder: Path
) -> None:
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "runs" / "toy" / "study.journal").exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: toy\n", "name: [toy\n", "toy.yaml:2:7: broken YAML"),
        ("merge_method: slerp", "merge_method: slurp", "did you mean 'slerp'"),
        ("finalists: 2", "finalist: 2", "unknown key 'finalist'"),
        pytest.param(
            "task: toy_pick", "task: toy_pik", "did you mean 'toy_pick'", marks=pytest.mark.slow
        ),
        ("held_out: 24", "held_out: 240", "has 60 documents"),
    ],
)
def test_mistakes_in_the_space(
    space_file: Path, tmp_path: Path, evomerge: Evomerge, old: str, new: str, message: str
) -> None:
    edit(space_file, old, new)
    refused(evomerge(["search", space_file], tmp_path), 2, message, tmp_path)


@pytest.fixture
def broken_parent(family: dict[str, Path], space_file: Path, tmp_path: Path) -> Path:
    """A parent of its own to break, in place of `b`."""
    copy = tmp_path / "mine"
    shutil.copytree(family["b"], copy)
    edit(space_file, f"  b: {family['b']}\n", f"  b: {copy}\n")
    return copy


def test_a_missing_folder(
    space_file: Path, broken_parent: Path, tmp_path: Path, evomerge: Evomerge
) -> None:
    shutil.rmtree(broken_parent)
    refused(evomerge(["search", space_file], tmp_path), 2, str(broken_parent), tmp_path)


def test_truncated_weights(
    space_file: Path, broken_parent: Path, tmp_path: Path, evomerge: Evomerge
) -> None:
    weights = broken_parent / "model.safetensors"
    os.truncate(weights, weights.stat().st_size // 2)
    refused(evomerge(["search", space_file], tmp_path), 2, "model.safetensors", tmp_path)


def test_parents_of_different_shape(
    space_file: Path, broken_parent: Path, tmp_path: Path, evomerge: Evomerge
) -> None:
    from transformers import AutoConfig, LlamaForCausalLM

    config = AutoConfig.from_pretrained(broken_parent)
    config.intermediate_size = 48
    LlamaForCausalLM(config).save_pretrained(broken_parent)
    done = evomerge(["search", space_file], tmp_path)
    refused(done, 2, "48", tmp_path)
    assert "64" in done.stderr


def test_a_task_whose_data_is_gone(
    space_file: Path, task_path: Path, tmp_path: Path, evomerge: Evomerge
) -> None:
    tasks = tmp_path / "tasks"
    shutil.copytree(task_path, tasks)
    edit(space_file, str(task_path), str(tasks))
    yaml = tasks / "toy_pick.yaml"
    yaml.write_text(yaml.read_text().replace("toy_pick.jsonl", "gone.jsonl"))
    refused(evomerge(["search", space_file], tmp_path), 2, "task toy_pick: its data", tmp_path)


def test_a_folder_that_cannot_be_written(
    space_file: Path, tmp_path: Path, evomerge: Evomerge
) -> None:
    (tmp_path / "runs").write_text("a file in the way")
    done = evomerge(["search", space_file], tmp_path)
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_full_disk_loses_nothing(space_file: Path, tmp_path: Path, evomerge: Evomerge) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a file system of its own needs root")
    try:
        command = ["search", space_file, "--runs-dir", small / "runs"]
        done = evomerge([*command, "--trials", "40"], tmp_path)
        assert done.returncode == 3, done.stderr + done.stdout
        assert "Traceback" not in done.stderr
        subprocess.run(["mount", "-o", "remount,size=64m", small], check=True)
        again = evomerge([*command, "--trials", "6", "--resume", "--json"], tmp_path)
        assert again.returncode == 0, again.stderr
        assert json.loads(again.stdout.splitlines()[0])["earlier"] > 0
    finally:
        subprocess.run(["umount", "-l", small], check=True)


def test_unknown_run_and_trial(space_file: Path, tmp_path: Path, evomerge: Evomerge) -> None:
    done = evomerge(["export", "nothing"], tmp_path)
    assert done.returncode == 2
    assert "no run 'nothing'" in done.stderr


def test_places_that_are_not_there_are_told_together(
    space_file: Path, family: dict[str, Path], tmp_path: Path, evomerge: Evomerge
) -> None:
    edit(space_file, f"  a: {family['a']}\n", "  a: zoo://tiny/srot\n")
    edit(space_file, f"  b: {family['b']}\n", "  b: ./missing/b\n")
    for words in (["check", space_file], ["search", space_file, "--dry-run"]):
        done = evomerge(words, tmp_path)
        refused(done, 2, "toy.yaml:4:6: no model 'zoo://tiny/srot' in the zoo", tmp_path)
        assert "toy.yaml:5:6: no such folder: " in done.stderr
        assert "did you mean 'sort'" in done.stderr
