"""Build the requests of a set of documents once; every model answers the same ones."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jinja2
from lm_eval.api.instance import Instance

from evomerge.errors import InputError
from evomerge.evaluate.harness import LiveLM
from evomerge.evaluate.loss_plan import LossPlan, plan_losses
from evomerge.evaluate.tasks import LoadedTask

_FEWSHOT_SEED = 1234  # lm-eval's own default, so that scores are those of simple_evaluate


@dataclass(frozen=True)
class Requests:
    """The requests of one set of documents.

    Args:
        by_task: Task → its requests, in the order of its documents.
        by_type: Type of request, as lm-eval calls its model → those of all tasks.
        plan: Which of them make the loss of each document.
    """

    by_task: dict[str, list[Instance]]
    by_type: dict[str, list[Instance]]
    plan: LossPlan

    def clear(self) -> None:
        """Forget the answers of the last model."""
        self.plan.clear()
        for instance in (i for instances in self.by_task.values() for i in instances):
            instance.resps.clear()
            instance.filtered_resps.clear()


def build_requests(
    tasks: Sequence[LoadedTask],
    documents: Mapping[str, Sequence[int]],
    lm: LiveLM,
    chat_template: bool,
) -> Requests:
    """Return the requests of some documents.

    Args:
        tasks: The tasks.
        documents: Task → ids of its documents, ascending.
        lm: Gives the tokenizer and its chat template.
        chat_template: Whether to apply that.

    Raises:
        InputError: A task's templates do not fit its documents.
    """
    by_task: dict[str, list[Instance]] = {}
    by_type: dict[str, list[Instance]] = defaultdict(list)
    for loaded in tasks:
        name, task = loaded.settings.task, loaded.task
        task.set_fewshot_seed(_FEWSHOT_SEED)
        try:
            task.build_all_requests(
                samples=list(documents[name]),
                apply_chat_template=chat_template,
                chat_template=lm.apply_chat_template if chat_template else None,
                tokenizer_name=lm.tokenizer_name if chat_template else "",
            )
        except (jinja2.TemplateError, KeyError, ValueError, TypeError, IndexError) as error:
            raise InputError(
                f"its templates do not fit its documents: {type(error).__name__}: {error}",
                where=f"task {name}",
            ) from None
        by_task[name] = task.instances
        for instance in task.instances:
            by_type[instance.request_type].append(instance)
    plan = plan_losses(tasks, by_task, by_type, lm, chat_template)
    return Requests(by_task, by_type, plan)
