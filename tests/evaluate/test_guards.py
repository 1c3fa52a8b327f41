"""Signs that a generative score may be a lie."""

from evomerge.evaluate.guards import guards, suspicious


def test_shares() -> None:
    answers = ["fine", "", "ab" * 200, "also fine"]
    found = guards(answers, ["fine", "[invalid]", "ab", ["x"]], [False, False, True, False])
    assert found == {"truncated": 0.25, "unparsed": 0.25, "empty": 0.25, "repeating": 0.25}


def test_only_what_exceeds_the_parents_is_suspicious() -> None:
    parents = [{"t/truncated": 0.1, "t/empty": 0.0}, {"t/truncated": 0.3, "t/empty": 0.0}]
    assert suspicious({"t/truncated": 0.35, "t/empty": 0.5}, parents) == [
        "50% of t's answers are empty (0% before)"
    ]
