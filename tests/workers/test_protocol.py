from evomerge.errors import Failure
from evomerge.evaluate.scores import Scores
from evomerge.recipe.recipe import Recipe
from evomerge.workers.protocol import Failed, Job, Scored, retried, short_of_memory


def test_a_job_is_tried_once_more_with_a_quarter_of_the_batch() -> None:
    job = Job("key", Recipe.from_document({"merge_method": "linear"}), "confirm")
    again = retried(job, 0)
    assert again
    assert (again.key, again.recipe, again.documents, again.shrink) == (
        job.key,
        job.recipe,
        "confirm",
        4,
    )
    assert retried(again, 1) is None


def test_only_memory_is_short_of_memory() -> None:
    assert short_of_memory(Failed("key", Failure.OUT_OF_MEMORY, ""))
    assert not short_of_memory(Failed("key", Failure.TIME_LIMIT, ""))
    assert not short_of_memory(Scored("key", Scores("quick", ())))
