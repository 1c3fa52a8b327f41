"""Recipes are planned once for each form: what mergekit finds out about one holds for all."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import transformers
from mergekit.options import MergeOptions

from evomerge.errors import Failure
from evomerge.merge.mergekit.configuration import Configuration
from evomerge.merge.mergekit.engine import prepare
from evomerge.merge.mergekit.failures import named_failures
from evomerge.merge.mergekit.steps import Read, Steps, compile_steps
from evomerge.merge.mergekit.tokenizer import generation_folder
from evomerge.merge.tensors import Inputs

_MOST = 16


@dataclass(frozen=True)
class Plan:
    """What recipes of one form share.

    Args:
        steps: How their tensors are made, or None where mergekit does more than merge tensors.
        config: The output model's config.
        generation: Folder of the generation config that goes with the model, or None.
    """

    steps: Steps | None
    config: transformers.PretrainedConfig
    generation: Path | None


class Plans:
    """Plans by form; the last few stay. Not thread-safe.

    Args:
        inputs: Gives what a step is merged from, where kernels can take it; None where kernels
            serve nowhere. See `compile_steps`.
    """

    def __init__(self, inputs: Callable[[list[Read], int | None], Inputs | None] | None) -> None:
        self._inputs = inputs
        self._by_form: OrderedDict[str, Plan] = OrderedDict()

    def of(self, form: str, config: Configuration, settings: MergeOptions) -> Plan:
        """Return the plan of a form, making it if it is new.

        Args:
            form: The recipe's form.
            config: The recipe's configuration, not normalized.
            settings: mergekit's options.

        Raises:
            TrialError: The recipe cannot be planned, by name.
        """
        if form not in self._by_form:
            generation = generation_folder(config, settings)
            prepared = prepare(config.model_copy(deep=True), settings)
            with named_failures(Failure.MERGE_FAILED):
                steps = compile_steps(prepared.tasks, prepared.sites, self._inputs)
            self._by_form[form] = Plan(steps, prepared.config, generation)
            while len(self._by_form) > _MOST:
                self._by_form.popitem(last=False)
        self._by_form.move_to_end(form)
        return self._by_form[form]

    def clear(self) -> None:
        """Forget all plans, as when a parent's files have changed."""
        self._by_form.clear()
