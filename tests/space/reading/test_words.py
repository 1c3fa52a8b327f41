"""Settings in words: what each may be, from its type."""

from evomerge.settings import Settings
from evomerge.space.reading.words import describe

DESCRIBED = {one.key: one for one in describe(Settings)}


def test_every_setting_is_described_once_in_the_order_of_its_declaration() -> None:
    keys = [one.key for one in describe(Settings)]
    assert len(keys) == len(set(keys))
    assert keys[:5] == [
        "name",
        "evaluate.tasks",
        "evaluate.tasks.N.task",
        "evaluate.tasks.N.metric",
        "evaluate.tasks.N.weight",
    ]
    assert all(one.help and one.words for one in DESCRIBED.values())


def test_words_follow_from_the_type_or_are_the_declaration_s() -> None:
    words = {key: one.words for key, one in DESCRIBED.items()}
    assert words["evaluate.quick"] == "a whole number of at least 1"
    assert words["evaluate.batch_size"] == "auto, or a whole number of at least 1"
    assert words["evaluate.chat_template"] == "true or false"
    assert words["budget.hours"] == "a number above 0"
    assert words["workers.mode"] == "memory, disk"
    assert words["workers.gpus"] == "0, a fraction of one GPU, or a whole number"
    assert words["evaluate.task_path"] == "a folder"


def test_defaults_are_as_a_file_writes_them() -> None:
    default = {key: one.default for key, one in DESCRIBED.items()}
    assert default["evaluate.tasks"] == ""
    assert default["evaluate.chat_template"] == "false"
    assert default["workers.cache_gb"] == "4"
    assert default["budget.hours"] == "none"
    assert default["search.sampler"] == "tpe"
