"""Sums out of reasoning-gym's wheel, without installing it."""

from pathlib import Path

from evomerge.zoo.smollm2.questions import SETS, split
from evomerge.zoo.smollm2.wheels import REASONING_GYM, fetch


def test_arithmetic_is_right_and_the_same_every_time(tmp_path: Path) -> None:
    wheel = fetch(REASONING_GYM, tmp_path)
    found = list(SETS["arithmetic"].read(wheel))
    assert found == list(SETS["arithmetic"].read(wheel))
    for question in found:
        left, sign, right = question.situation.removesuffix(".").split()[1:]
        answer = int(left) + int(right) if sign == "+" else int(left) - int(right)
        assert question.choices[question.label] == str(answer)
        assert len(set(question.choices)) == 4
    train, test = split(iter(found), SETS["arithmetic"].tests)
    assert len(test) == 1000
    assert len(train) > 4000
