"""Both writers take mergekit's tensors, and refuse broken ones."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from evomerge.errors import TrialError
from evomerge.merge.mergekit.writers import MemoryWriter, Writer, folder_writer, writing_to


def test_tensors_arrive(tmp_path: Path) -> None:
    memory, folder = MemoryWriter(), folder_writer(tmp_path)
    tensor = torch.arange(4.0)
    for writer in (memory, folder):
        writer.save_tensor("w", tensor)
        with pytest.raises(TrialError, match="merged x holds NaN"):
            writer.save_tensor("x", tensor / 0)
        writer.finalize()
    written = {k: v for f in tmp_path.glob("*.safetensors") for k, v in load_file(f).items()}
    assert memory.tensors.keys() == written.keys() == {"w"}
    assert torch.equal(memory.tensors["w"], written["w"])


def test_mergekits_task_makes_the_writer_when_it_runs() -> None:
    made: list[Writer] = []

    def make() -> Writer:
        made.append(MemoryWriter())
        return made[-1]

    task = writing_to(make)
    assert not made
    assert task.execute() is made[0]
