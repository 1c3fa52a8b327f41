"""A task asks what training asked."""

from pathlib import Path

from evomerge.evaluate.tasks import load_tasks
from evomerge.settings import EvaluateSettings, TaskSettings
from evomerge.zoo.smollm2.questions import Question
from evomerge.zoo.smollm2.tasks import task_name, write_task


def test_a_task_asks_what_training_asked(tmp_path: Path) -> None:
    question = Question("Say {{it}}.\nAnswer:", ("it's", 'a "b"', "c"), 1, "it")
    write_task("quartz", [question], tmp_path, tmp_path)
    settings = EvaluateSettings(
        tasks=(TaskSettings(task=task_name("quartz"), metric="acc"),), task_path=str(tmp_path)
    )
    (loaded,) = load_tasks(settings)
    (document,) = loaded.task.eval_docs
    assert loaded.task.doc_to_text(document) == question.context
    assert tuple(loaded.task.doc_to_choice(document)) == question.choices
    assert loaded.task.doc_to_target(document) == question.label
    assert loaded.task.config.target_delimiter == " "
