"""Lay token sequences into rows so that what they share at their beginning is computed once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Tokens = tuple[int, ...]

ASKED = 4
"""Tokens of a packed pass for each one whose logits are asked for, about."""

LONGEST = 4096
"""Tokens of the longest sequence that is packed: masks grow with the square."""

ROWS = 32
"""Rows of a batch in lm-eval's own passes where no number is given."""

_PASS_BYTES = {"cpu": 2**28, "cuda": 2**31}
_PASS_TOKENS = {"cpu": (1024, 8192), "cuda": (4096, 16_384)}
"""What the logits of one forward pass may take, and its tokens: by kind of device."""

_LENGTHS = (64, 128, 256, 512, 1024, 2048)


@dataclass(frozen=True)
class Row:
    """A trie of sequences, written down as one row of tokens.

    Args:
        tokens: Token of each node.
        parents: Index of the node before it in its sequences; -1 at the beginning.
        depths: Its position in its sequences.
        paths: Sequence → its nodes.
    """

    tokens: list[int]
    parents: list[int]
    depths: list[int]
    paths: dict[Tokens, list[int]]

    def __len__(self) -> int:
        return len(self.tokens)


def rows_of(sequences: Sequence[Tokens], length: int) -> list[Row]:
    """Lay sequences into rows of at most `length` tokens; a longer one has a row of its own.

    In the order of their tokens each sequence shares most with the one before it, and adds to
    the row only what it does not share.

    Args:
        sequences: Not empty ones.
        length: Tokens of a row, ≥ 1.
    """
    rows: list[Row] = []
    last: Tokens = ()
    for sequence in sorted(set(sequences)):
        shared = _shared(last, sequence)
        if not rows or len(rows[-1]) + len(sequence) - shared > length:
            rows.append(Row([], [], [], {}))
            last, shared = (), 0
        row = rows[-1]
        path = row.paths[last][:shared] if shared else []
        for depth in range(shared, len(sequence)):
            row.parents.append(path[-1] if path else -1)
            path.append(len(row))
            row.tokens.append(sequence[depth])
            row.depths.append(depth)
        row.paths[sequence] = path
        last = sequence
    return rows


def single_rows(sequences: Sequence[Tokens]) -> list[Row]:
    """Lay each sequence into a row of its own.

    Args:
        sequences: Not empty ones.
    """
    return [row for sequence in sorted(set(sequences)) for row in rows_of([sequence], 1)]


def best_rows(sequences: Sequence[Tokens], cost: Callable[[int, int], float]) -> list[Row]:
    """Lay sequences into rows of the length that costs least.

    Long rows share more; in short ones a token attends to fewer others.

    Args:
        sequences: Not empty ones.
        cost: Of tokens in a row: number of tokens, length of the row → work.
    """
    lengths = {*_LENGTHS, max(map(len, sequences))}
    laid = [rows_of(sequences, length) for length in sorted(lengths)]
    return min(laid, key=lambda rows: sum(cost(len(row), len(row)) for row in rows))


def passes_of(rows: Sequence[Row], budget: int) -> list[list[Row]]:
    """Put rows of about the same length together, for one forward pass each.

    Args:
        rows: The rows.
        budget: Tokens of a pass with its padding; a row that is longer has a pass of its own.
    """
    passes: list[list[Row]] = []
    for row in sorted(rows, key=len, reverse=True):
        if not passes or (len(passes[-1]) + 1) * len(passes[-1][0]) > budget:
            passes.append([])
        passes[-1].append(row)
    return passes


def pass_tokens(logits: int, device: str) -> int:
    """Return how many tokens one forward pass may have.

    Many, so that starting its operations costs little; fewer for a large vocabulary, whose
    logits have to lie in memory at once.

    Args:
        logits: Bytes of one token's logits.
        device: `cpu` or `cuda`.
    """
    few, most = _PASS_TOKENS[device]
    return max(few, min(most, _PASS_BYTES[device] * ASKED // max(1, logits)))


def _shared(one: Tokens, other: Tokens) -> int:
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
