"""What evomerge uses of its libraries that they do not promise: in one place each, and still there.

A name is private if it begins with an underscore and does not end with one, as names that `enum`
documents do. What is patched counts too.
"""

import ast
import inspect
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "evomerge"

NAMES = {
    "mergekit.merge:_copy_tagalong_files": "merge/mergekit/private.py",
    "mergekit.merge:_copy_tokenizer": "merge/mergekit/private.py",
    "mergekit.merge:_model_out_config": "merge/mergekit/private.py",
    "mergekit.merge:_set_chat_template": "merge/mergekit/private.py",
    "mergekit.merge:_update_config_vocab": "merge/mergekit/private.py",
    "mergekit.common:ModelPath._unique_id": "merge/mergekit/private.py",
    "mergekit.io.tasks:LoadTensor._resolve_name": "merge/mergekit/private.py",
    "mergekit.moe.common:TensorWriter": "merge/mergekit/private.py",
    "lm_eval.api.model:TemplateLM._encode_pair": "evaluate/harness.py",
    "lm_eval.api.task:Task._filters": "evaluate/harness.py",
    "lm_eval.api.task:Task._instances": "evaluate/harness.py",
    "lm_eval.models.huggingface:HFLM._loglikelihood_tokens": "evaluate/harness.py",
    "optuna.study:Study._storage": "search/records/optuna_private.py",
    "optuna.trial:FrozenTrial._trial_id": "search/records/optuna_private.py",
    "torch:ops.mkldnn._linear_pointwise": "evaluate/packing/onednn.py",
    "transformers:PreTrainedConfig._attn_implementation": "evaluate/packing/packable.py",
    "transformers:PreTrainedModel._no_split_modules": "merge/build.py",
}
"""`module:name` → the file, or the folder, that alone may use it."""

LIBRARIES = {"lm_eval": "lm-eval"} | {n: n for n in ("mergekit", "optuna", "torch", "transformers")}
"""Module → distribution. Ray and MLflow are used by their public names alone."""


def private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and not name.endswith("_")


def defined(tree: ast.Module) -> set[str]:
    """Return the names that a file gives to things of its own."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Name(id=name, ctx=ast.Store()):
                names.add(name)
            case ast.Attribute(value=ast.Name(id="self" | "cls"), attr=name, ctx=ast.Store()):
                names.add(name)
    return names


def foreign(tree: ast.Module) -> set[str]:
    """Return the names under which a file knows what other packages define."""
    names: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                names |= {alias.asname or alias.name.partition(".")[0] for alias in aliases}
            case ast.ImportFrom(module=str(module), names=aliases):
                if not module.startswith("evomerge"):
                    names |= {alias.asname or alias.name for alias in aliases}
    return names


def used(tree: ast.Module) -> Iterator[str]:
    """Yield the names of others that a file reaches for, and those that it patches."""
    own, theirs = defined(tree), foreign(tree)
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), names=aliases):
                if module.partition(".")[0] != "evomerge":
                    yield from filter(private, module.split("."))
                yield from (alias.name for alias in aliases if private(alias.name))
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                pass
            case ast.Attribute(value=ast.Name(id=name), attr=attr, ctx=ast.Store()):
                if name in theirs or (private(attr) and attr not in own):
                    yield attr
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super")), attr=attr):
                if private(attr):
                    yield attr
            case ast.Attribute(value=ast.Name(id=name), attr=attr):
                if private(attr) and (attr not in own or name in theirs):
                    yield attr
            case ast.Attribute(attr=attr):
                if private(attr) and attr not in own:
                    yield attr
            case ast.Call(
                func=ast.Name(id="getattr" | "setattr" | "hasattr" | "delattr"),
                args=[_, ast.Constant(value=str(attr)), *_],
            ):
                if private(attr) and attr not in own:
                    yield attr


@cache
def uses() -> dict[str, set[str]]:
    """Return the names of others that are used → the files that use them."""
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        for name in used(ast.parse(path.read_text())):
            found.setdefault(name, set()).add(path.relative_to(PACKAGE).as_posix())
    return found


def last(name: str) -> str:
    return name.replace(":", ".").rpartition(".")[2]


def test_the_list_is_whole_and_no_longer_than_it_must_be() -> None:
    assert uses().keys() == {last(name) for name in NAMES}


@pytest.mark.parametrize("library", sorted(LIBRARIES.keys() - {"transformers"}))
def test_a_library_has_one_place(library: str) -> None:
    """Those of transformers belong to two rooms: how models are built, and how they are read."""
    assert len({place for name, place in NAMES.items() if name.startswith(library)}) == 1


@pytest.mark.parametrize("name", NAMES)
def test_each_stands_in_its_place_alone(name: str) -> None:
    assert all(file.startswith(NAMES[name]) for file in uses()[last(name)])


@pytest.mark.parametrize("name", NAMES)
def test_each_is_there_in_the_version_that_is_installed(name: str) -> None:
    module, _, path = name.partition(":")
    found: Any = import_module(module)
    if "mkldnn" in path and not found.backends.mkldnn.is_available():
        pytest.skip("this torch is built without oneDNN, and does without")
    *way, end = path.split(".")
    for step in way:
        found = getattr(found, step)
    assert hasattr(found, end) or f"self.{end} = " in inspect.getsource(found)


@pytest.mark.parametrize("library", LIBRARIES)
def test_what_has_private_names_in_use_has_an_upper_bound(library: str) -> None:
    assert any(name.partition(":")[0].partition(".")[0] == library for name in NAMES)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bounds = {r.name: r.specifier for r in map(Requirement, project["dependencies"])}
    assert any(one.operator == "<" for one in bounds[LIBRARIES[library]])
