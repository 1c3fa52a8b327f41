"""A few logits at a time say what all say."""

import pytest
import torch

from evomerge.evaluate.packing.passes import _READ, _read


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_logits_read_in_parts_say_what_all_say(
    dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Log-probabilities of small logits round to equal ones in bfloat16; the first one wins."""
    source = torch.Generator().manual_seed(0)
    logits = (torch.randn(50, 300, generator=source) * 0.02).to(dtype)
    where = torch.randint(0, 50, (400,), generator=source)
    logs = torch.log_softmax(logits, dim=-1)
    tokens = torch.randint(0, 300, (400,), generator=source)
    tokens[::2] = logits.argmax(dim=-1)[where[::2]]
    tokens[::4] = logs.argmax(dim=-1)[where[::4]]
    monkeypatch.setitem(_READ, "cpu", 300 * 7)
    chosen, greedy = _read(logits, where, tokens)
    assert torch.equal(chosen, logs[where, tokens])
    assert torch.equal(greedy, logs.argmax(dim=-1)[where] == tokens)
    assert (logs.argmax(dim=-1) == logits.argmax(dim=-1)).all() == (dtype is torch.float32)
