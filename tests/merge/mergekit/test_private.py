"""What evomerge relies on in mergekit, and mergekit does not promise, is as it was."""

import inspect
import re
from importlib import import_module
from typing import Any

import pytest
from mergekit import merge_methods
from mergekit.common import ModelReference
from mergekit.moe import common

from evomerge.merge.mergekit import private

PARAMETERS = {
    "mergekit.merge:_copy_tagalong_files": "merge_config out_path files options",
    "mergekit.merge:_copy_tokenizer": "merge_config out_path options",
    "mergekit.merge:_model_out_config": "config arch_info trust_remote_code",
    "mergekit.merge:_set_chat_template": "tokenizer merge_config trust_remote_code",
    "mergekit.merge:_update_config_vocab": "config arch_info tokenizer pad_to_multiple_of",
    "mergekit.common:ModelPath._unique_id": "self",
    "mergekit.io.tasks:LoadTensor._resolve_name": "self loader",
    "mergekit.plan:MergePlanner.plan_tensor": "self weight weights_in models cfg_reader",
    "mergekit.graph:Executor.__init__": "self targets math_device storage_device cached_values",
}
"""`module:name` → the parameters that it takes."""


@pytest.mark.parametrize("name", PARAMETERS)
def test_takes_what_it_took(name: str) -> None:
    module, _, path = name.partition(":")
    found: Any = import_module(module)
    for part in path.split("."):
        assert hasattr(found, part), f"mergekit has no {name} any more; see {private.__file__}"
        found = getattr(found, part)
    taken = " ".join(inspect.signature(found).parameters)
    assert taken == PARAMETERS[name], f"mergekit changed {name}; see {private.__file__}"


def test_what_an_instance_holds() -> None:
    assert private.schedule([]) == []
    assert isinstance(private.loaders(), dict)
    reference = ModelReference.model_validate("some/model+some/adapter")
    assert re.fullmatch(r"model_\d+_adapter_\d+", private.adapter_folder(reference))
    assert private.task_vectors(merge_methods.get("ties")) == ("magnitude", True)
    assert private.task_vectors(merge_methods.get("task_arithmetic")) == (None, False)


def test_another_writer_is_taken_back() -> None:
    before = common.TensorWriter
    with pytest.raises(RuntimeError), private.moe_writes_to(lambda **_: None):
        assert common.TensorWriter is not before
        raise RuntimeError
    assert common.TensorWriter is before
