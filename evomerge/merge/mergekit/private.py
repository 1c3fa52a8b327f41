"""All that is private in mergekit 0.1.5, or patched, and that evomerge relies on; here alone.

An upgrade of mergekit may take any of it away: its test says by name what is gone or has changed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mergekit.common import ModelReference
from mergekit.graph import Executor, Task
from mergekit.io.tasks import LoaderCache, LoadTensor
from mergekit.merge import _copy_tagalong_files as copy_tagalong_files
from mergekit.merge import _copy_tokenizer as copy_tokenizer
from mergekit.merge import _model_out_config as model_out_config
from mergekit.merge import _set_chat_template as set_chat_template
from mergekit.merge import _update_config_vocab as update_config_vocab
from mergekit.merge_methods.base import MergeMethod
from mergekit.moe import common


def schedule(tasks: Sequence[Task[Any]]) -> list[Task[Any]]:
    """Return tasks, and all that they hang on, in the order in which mergekit runs them."""
    return [handle.task() for handle in Executor(list(tasks)).schedule.tasks]


def loaders() -> dict[ModelReference, Any]:
    """Return mergekit's cache of loaders: one a process, and never emptied by mergekit."""
    found: dict[ModelReference, Any] = LoaderCache().loaders
    return found


def stored_tensor(load: LoadTensor) -> Any:
    """Return the tensor that a task reads as its loader holds it; None if it is made on the way."""
    loader = LoaderCache().get(load.model)
    name = load._resolve_name(loader)
    return None if name is None else loader.get_tensor(name)


def adapter_folder(reference: ModelReference) -> str:
    """Return the name that mergekit's cache gives the folder of a model with its adapter."""
    return f"{reference.model._unique_id()}_{reference.lora._unique_id()}"


def task_vectors(method: MergeMethod) -> tuple[str | None, bool]:
    """Return how a method of task vectors thins them out, by name, and whether signs must agree."""
    thinned = method.sparsification_method
    return thinned.value if thinned else None, method.consensus_method is not None


@contextmanager
def moe_writes_to(writer: Callable[..., Any]) -> Iterator[None]:
    """Let mergekit-moe write to another writer; it takes none as an argument."""
    before = common.TensorWriter
    common.TensorWriter = writer
    try:
        yield
    finally:
        common.TensorWriter = before


__all__ = [
    "adapter_folder",
    "copy_tagalong_files",
    "copy_tokenizer",
    "loaders",
    "model_out_config",
    "moe_writes_to",
    "schedule",
    "set_chat_template",
    "stored_tensor",
    "task_vectors",
    "update_config_vocab",
]
