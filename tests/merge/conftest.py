"""What the tests of merging share: recipes, mergekit's command line, equality with its folder."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, PreTrainedModel

from evomerge.merge.export import export_yaml
from evomerge.merge.memory import InMemory
from evomerge.merge.mergekit.private import loaders
from evomerge.merge.merger import Merger
from evomerge.merge.weights import Weights
from evomerge.methods.table import MERGEKIT
from evomerge.recipe.recipe import Recipe

Document = dict[str, Any]
GRADIENT = [0.2, 0.9, 0.5]
FILTER = [{"filter": "self_attn", "value": 0.3}, {"filter": "mlp", "value": 0.8}, {"value": 0.6}]
VALUES = {"plain": 0.6, "gradient": GRADIENT, "filter": FILTER}


def weighted(method: str, value: Any = 0.6, models: str = "abc", **top: Any) -> Document:
    """A recipe of models with a weight each; top-level keys as given."""
    sparse = {"density": 0.5} if "density" in MERGEKIT[method].parameters else {}
    return {
        "merge_method": method,
        "models": [{"model": m, "parameters": {"weight": value} | sparse} for m in models],
        "dtype": "float32",
    } | top


def stack(*blocks: tuple[str, int, int], scale: Any = None) -> Document:
    """A passthrough recipe of blocks (model, first layer, last layer excluded)."""
    parameters = {} if scale is None else {"parameters": {"scale": scale}}
    sources = [{"model": m, "layer_range": [i, j], **parameters} for m, i, j in blocks]
    return {
        "merge_method": "passthrough",
        "slices": [{"sources": [source]} for source in sources],
        "dtype": "float32",
    }


SHARED = {
    "slerp": "t",
    "nearswap": "t",
    "sce": "select_topk",
    "karcher": "tol",
    "ram": "epsilon",
    "ramplus_tl": "alpha",
}
"""The parameter that a method without weights takes for the whole merge."""


def document(method: str, kind: str) -> Document:
    """A recipe of a method whose main parameter is plain, a gradient, or by filter."""
    value = VALUES[kind]
    if method == "passthrough":
        return stack(("a", 0, 3), ("b", 1, 4), scale=value)
    spec = MERGEKIT[method]
    inputs = "ab" if 2 in (spec.max_inputs, spec.max_non_base) else "abc"
    if method in ("arcee_fusion", "nearswap"):
        inputs = "b"
    recipe = {"merge_method": method, "models": [{"model": m} for m in inputs], "dtype": "float32"}
    if method == "model_stock":
        recipe["parameters"] = {"filter_wise": [{"filter": "mlp", "value": True}, {"value": False}]}
    elif method in SHARED:
        recipe["parameters"] = {SHARED[method]: value}
    elif "weight" in spec.parameters:
        recipe = weighted(method, value, inputs)
    if method == "slerp":
        recipe["base_model"] = "a"
    elif spec.base == "required":
        recipe["base_model"] = "base"
    return recipe


@pytest.fixture(scope="package", autouse=True)
def one_thread() -> Iterator[None]:
    """Threads cost more than they save on models this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    return SimpleNamespace(weighted=weighted, stack=stack, document=document, values=VALUES)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("adapters")


@pytest.fixture(scope="session")
def merger(locations: dict[str, str], cache: Path) -> Merger:
    """Merges the siblings, one recipe after the other, as a worker does."""
    return Merger(locations, cache)


@pytest.fixture(scope="session")
def in_memory(locations: dict[str, str], cache: Path) -> InMemory:
    """Makes weights of the siblings, and no live model."""
    return InMemory(locations, cache)


def exported_options(text: str) -> list[str]:
    """The options of the `mergekit-yaml` command in the header of an exported recipe."""
    line = next(line for line in text.splitlines() if line.startswith("#   mergekit-"))
    return line.split()[4:]


def mergekit_yaml(text: str, folder: Path) -> Path:
    """Run `mergekit-yaml`, or `mergekit-moe`, in this process, as the exported header says."""
    from mergekit.scripts import moe, run_yaml

    main = moe.main if "#   mergekit-moe" in text else run_yaml.main
    before = torch.get_num_threads()
    loaders().clear()  # mergekit is to read the files itself, not our residents
    folder.mkdir()
    (folder / "best.yaml").write_text(text)
    args = [str(folder / "best.yaml"), str(folder / "out"), *exported_options(text), "--quiet"]
    if "--num-threads" in args:  # it can be set once a process only
        at = args.index("--num-threads")
        torch.set_num_threads(int(args[at + 1]))
        del args[at : at + 2]
    done = CliRunner().invoke(main, args, catch_exceptions=False)
    torch.set_num_threads(before)
    assert done.exit_code == 0, done.output
    return folder / "out"


def assert_same_tensors(merged: Weights, folder: Path) -> None:
    written = {k: v for f in folder.glob("*.safetensors") for k, v in load_file(f).items()}
    assert written.keys() == merged.tensors.keys()
    for name, tensor in written.items():
        assert tensor.dtype == merged.tensors[name].dtype, name
        assert torch.equal(tensor, merged.tensors[name]), name


def assert_same_model(model: PreTrainedModel, folder: Path) -> None:
    """The model is the one that transformers loads from the folder."""
    loaded = AutoModelForCausalLM.from_pretrained(folder, dtype="auto")
    ours, theirs = model.state_dict(), loaded.state_dict()
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        assert ours[name].dtype == tensor.dtype, name
        assert torch.equal(ours[name], tensor), name
    buffers = dict(model.named_buffers())
    assert all(torch.equal(b, buffers[name]) for name, b in loaded.named_buffers())
    rows = torch.arange(40).reshape(2, 20) % 29
    with torch.no_grad():
        assert torch.equal(model(rows).logits, loaded(rows).logits)
    configs = [model.config.to_dict(), loaded.config.to_dict()]
    for config in configs:
        del config["_name_or_path"]
    assert configs[0] == configs[1]
    if (folder / "generation_config.json").exists():
        assert model.generation_config.to_dict() == loaded.generation_config.to_dict()
    assert not model.training


@pytest.fixture
def same_tensors() -> Callable[[Weights, Path], None]:
    return assert_same_tensors


@pytest.fixture
def same_model() -> Callable[[PreTrainedModel, Path], None]:
    return assert_same_model


def sibling(recipe: Recipe) -> Recipe:
    """A recipe of the same form with other values."""

    def change(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: change(value) for key, value in node.items()}
        if isinstance(node, list):
            return [change(value) for value in node]
        return node * 0.9 if isinstance(node, float) else node

    other = Recipe.from_document(change(recipe.document))
    assert other.form == recipe.form
    return other


@pytest.fixture
def check_equal(
    locations: dict[str, str],
    merger: Merger,
    in_memory: InMemory,
    cache: Path,
    tmp_path: Path,
) -> Callable[..., tuple[Weights, Path]]:
    """Merge in memory and by mergekit's command on the exported YAML; both must agree.

    In memory another recipe of the same form comes first, as in a search.
    """

    def check(document: Document, where: dict[str, str] = locations) -> tuple[Weights, Path]:
        recipe = Recipe.from_document(document)
        ours = merger if where is locations else Merger(where, cache)
        for other in (sibling(recipe), sibling(recipe), recipe):
            live = ours.merge(other)
        text = export_yaml(recipe, where, lora_cache=cache)
        folder = mergekit_yaml(text, tmp_path / recipe.recipe_id)
        assert_same_model(live.model, folder)
        weights = (in_memory if where is locations else InMemory(where, cache)).weights(recipe)
        assert_same_tensors(weights, folder)
        return weights, folder

    return check


@pytest.fixture(scope="session")
def adapter(family: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA adapter on `base`, with weights that change something."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_pretrained(family["base"])
    config = LoraConfig(r=2, target_modules=["q_proj", "up_proj"], task_type="CAUSAL_LM")
    tuned = get_peft_model(model, config)
    with torch.no_grad():
        for name, parameter in tuned.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.1)
    folder = tmp_path_factory.mktemp("adapter")
    tuned.save_pretrained(folder)
    return folder


@pytest.fixture
def run_exported() -> Callable[[str, Path], Path]:
    """Merge an exported recipe by the mergekit command of its header."""
    return mergekit_yaml


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KB, where the machine allows mounting one."""
    mount = tmp_path / "disk"
    mount.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mount)], capture_output=True
    )
    if done.returncode:
        pytest.skip("mounting needs privileges")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)
