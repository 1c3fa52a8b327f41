"""Signs that the score of a generative task may be a lie."""

import zlib
from collections.abc import Mapping, Sequence

_INVALID = "[invalid]"
"""What lm-eval's regex filter puts where it finds no answer."""
_REPEATING = 0.2
"""Compressed over raw size under which a long answer counts as repeating."""
_LONG = 100
_NAMES = {
    "truncated": "cut off at the token limit",
    "unparsed": "without an answer that the filter could extract",
    "empty": "empty",
    "repeating": "repeating",
}


def guards(
    answers: Sequence[str], extracted: Sequence[object], truncated: Sequence[bool]
) -> dict[str, float]:
    """Return the share of each sign among a task's answers.

    Args:
        answers: Generated texts, length n ≥ 1.
        extracted: What the task's filter made of each, length n.
        truncated: Whether each ran into the token limit, length n.

    Returns:
        `truncated`, `unparsed`, `empty`, `repeating` → share in [0, 1].
    """
    n = len(answers)
    return {
        "truncated": sum(truncated) / n,
        "unparsed": sum(_unparsed(e) for e in extracted) / n,
        "empty": sum(not a.strip() for a in answers) / n,
        "repeating": sum(map(_repeats, answers)) / n,
    }


def suspicious(
    scored: Mapping[str, float], parents: Sequence[Mapping[str, float]], margin: float = 0.1
) -> list[str]:
    """Return plain sentences on guards that exceed every parent's.

    Args:
        scored: Guards of a recipe, named `task/guard`.
        parents: Guards of each parent.
        margin: Share by which it must exceed the worst parent, in (0, 1).
    """
    found = []
    for name, share in scored.items():
        worst = max((p.get(name, 0.0) for p in parents), default=0.0)
        if share > worst + margin:
            task, _, guard = name.rpartition("/")
            found.append(
                f"{share:.0%} of {task}'s answers are {_NAMES[guard]} ({worst:.0%} before)"
            )
    return found


def _unparsed(extracted: object) -> bool:
    text = extracted[0] if isinstance(extracted, list) and extracted else extracted
    return text in (_INVALID, "", None, [])


def _repeats(answer: str) -> bool:
    raw = answer.encode()
    return len(raw) >= _LONG and len(zlib.compress(raw)) / len(raw) < _REPEATING
