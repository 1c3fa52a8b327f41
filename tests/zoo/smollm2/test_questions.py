"""The sets of questions are read as they are written, and split without overlap."""

import json
import zipfile
from pathlib import Path

import pytest

from evomerge.zoo.smollm2.questions import SETS, Question, split

SAMPLES = {
    "quartz/samples.jsonl": [("A warm pond has ice that\n\n A: grows\n B: melts", "B")],
    "sarcasm/samples.jsonl": [("owl files complaint about daylight", "1"), ("rain expected", "0")],
    "theory_of_mind/socialiqa/test.jsonl": [
        ("Kim lent Lee a pen. What will Lee do? A: write a note; B: eat lunch; C: nap.", "A"),
        ("Kim lent Lee a pen. Why did Kim do so? A: to be kind; B: to nap; C: for rain.", "A"),
    ],
}


@pytest.fixture(scope="module")
def evals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wheels") / "evals.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, samples in SAMPLES.items():
            lines = [
                json.dumps({"input": [{"role": "user", "content": text}], "ideal": ideal})
                for text, ideal in samples
            ]
            archive.writestr(f"evals/registry/data/{name}", "\n".join(lines))
    return path


def test_quartz(evals: Path) -> None:
    (question,) = SETS["quartz"].read(evals)
    assert question.context == "Question: A warm pond has ice that\nAnswer:"
    assert question.choices == ("grows", "melts")
    assert question.label == 1


def test_sarcasm(evals: Path) -> None:
    owl, rain = SETS["sarcasm"].read(evals)
    assert (owl.choices[owl.label], rain.choices[rain.label]) == ("yes", "no")


def test_social_iqa(evals: Path) -> None:
    do, why = SETS["social_iqa"].read(evals)
    assert do.choices == ("write a note", "eat lunch", "nap")
    assert do.situation == why.situation == "Kim lent Lee a pen"


def test_a_situation_is_never_on_both_sides() -> None:
    found = [Question(f"context {i}", ("a", "b"), i % 2, f"situation {i % 40}") for i in range(100)]
    train, test = split(iter(found + found), tests=30)
    assert len(train) + len(test) == 100
    assert 30 <= len(test) <= 33
    assert not {q.situation for q in train} & {q.situation for q in test}
    assert (train, test) == split(iter(reversed(found)), tests=30)
