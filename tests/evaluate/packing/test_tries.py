"""Sequences are laid into rows, each once, and rows into passes."""

import random

import pytest

from evomerge.evaluate.packing.plan import seen_by
from evomerge.evaluate.packing.tries import pass_tokens, passes_of, rows_of


@pytest.mark.parametrize("length", [1, 7, 30, 1000])
def test_rows_hold_every_sequence_once(length: int) -> None:
    draw = random.Random(length)
    sequences = [tuple(draw.randrange(3) for _ in range(draw.randint(1, 12))) for _ in range(200)]
    rows = rows_of(sequences, length)
    assert sum(len(row.paths) for row in rows) == len(set(sequences))
    for row in rows:
        assert len(row) <= max(length, *(map(len, row.paths)))
        mask = seen_by(row)
        for sequence, path in row.paths.items():
            assert tuple(row.tokens[node] for node in path) == sequence
            assert [row.depths[node] for node in path] == list(range(len(path)))
            assert all(
                mask[node].nonzero()[0].tolist() == sorted(path[: at + 1])
                for at, node in enumerate(path)
            )
    passes = passes_of(rows, 60)
    assert sorted(map(id, (row for one in passes for row in one))) == sorted(map(id, rows))
    assert all(len(one) == 1 or len(one) * len(one[0]) <= 60 for one in passes)


def test_a_large_vocabulary_makes_passes_short() -> None:
    tiny, smollm2, gemma = (pass_tokens(size * 6, "cpu") for size in (42, 49_152, 262_144))
    assert tiny == 8192 > smollm2 > gemma == 1024
    assert smollm2 // 4 * 49_152 * 6 <= 2**28
    assert pass_tokens(0, "cuda") == 16_384
