"""Read one recipe of a space file into a `Template`, noting every mistake mergekit would not."""

from collections.abc import Mapping
from pathlib import Path as File
from typing import Any

from evomerge.methods.table import Method, MethodTable
from evomerge.recipe.mixture import is_mixture
from evomerge.recipe.recipe import DTYPES, KEYS
from evomerge.space.hole import Hole, ends
from evomerge.space.places import Path
from evomerge.space.problems import Problems, show
from evomerge.space.reading.models import ModelNames
from evomerge.space.reading.recipes.experts import read_mixture
from evomerge.space.reading.recipes.holes import SHAPE, read_name
from evomerge.space.reading.recipes.inputs import InputsReader
from evomerge.space.reading.recipes.layers import SHARED_NAMES, uncounted
from evomerge.space.reading.recipes.parameters import read_parameters, refuse_each
from evomerge.space.reading.recipes.stacks import read_stack

_KEYS = ("name", "stack", *KEYS)

INPUTS = ("models", "slices", "modules", "stack")
"""What a recipe merges, in one of these words."""

TOKENIZER_KEYS = ("source", "tokens", "pad_to_multiple_of")
"""What `tokenizer:` may say."""


class RecipeReader:
    """Reads the recipes of one file.

    Args:
        models: Short names that recipes may use; None lets references stand for themselves.
        problems: Takes the mistakes.
        folder: Where relative references start.
        methods: Every merge method that a recipe may name.
    """

    def __init__(
        self,
        models: Mapping[str, str] | None,
        problems: Problems,
        folder: File,
        methods: MethodTable,
    ) -> None:
        self._problems = problems
        self._methods = methods
        self._models = ModelNames(models, folder, problems)
        self._inputs = InputsReader(self._models, problems)

    def read(self, node: Any, path: Path) -> dict[str, Any] | None:
        """Return the recipe's configuration with `Hole`s in it, or None if it is beyond reading.

        Args:
            node: The recipe as plain values.
            path: Where it stands in the file.
        """
        problems = self._problems
        if is_mixture(node):
            return read_mixture(node, path, self._models, problems)
        if not problems.known_keys(node, path, _KEYS):
            return None
        method = self._method(node, path)
        if method is None:
            return None
        allowed = {name: self._methods[name] for name in ends(method)}
        document: dict[str, Any] = {"merge_method": method}
        for key in ("dtype", "out_dtype"):
            if key in node:
                document[key] = read_name(node[key], (*path, key), problems, DTYPES)
        document |= self._tokenizer(node, path)
        if "base_model" in node:
            document["base_model"] = self._models.read(node["base_model"], (*path, "base_model"))
        inputs = [key for key in INPUTS if key in node]
        if len(inputs) != 1:
            got = " and ".join(inputs) or "none of them"
            problems.add(path, f"a recipe has exactly one of {', '.join(INPUTS)}, got {got}")
            return None
        if "parameters" in node:
            document["parameters"] = read_parameters(
                node["parameters"],
                (*path, "parameters"),
                allowed,
                problems,
                per_model=False,
                uncounted=uncounted(node),
            )
        key = inputs[0]
        base = document.get("base_model") or node.get("base_model")  # a wrong one is no missing one
        shared = set(document.get("parameters", {}))
        if key == "stack":
            document["slices"] = read_stack(
                node[key], (*path, key), self._models.read, allowed, problems
            )
        elif key == "modules":
            document[key] = self._modules(node[key], (*path, key), allowed, base, shared)
        else:
            document |= self._inputs.group(node, path, key, allowed, base, shared)
        return document

    def _method(self, node: Mapping[str, Any], path: Path) -> str | Hole | None:
        if "merge_method" not in node:
            self._problems.add(path, "a recipe needs a merge_method")
            return None
        at, known = (*path, "merge_method"), tuple(self._methods)
        found = read_name(node["merge_method"], at, self._problems, known, "merge method")
        if isinstance(found, Hole) and found.name:
            self._problems.add((*at, "name"), "merge_method cannot share its value", key=True)
        return found

    def _tokenizer(self, node: Mapping[str, Any], path: Path) -> dict[str, Any]:
        """Read what a recipe says of tokenizer and chat template."""
        read: dict[str, Any] = {}
        if "tokenizer_source" in node:
            read["tokenizer_source"] = self._source(
                node["tokenizer_source"], (*path, "tokenizer_source")
            )
        if "tokenizer" in node:
            at, tokenizer = (*path, "tokenizer"), node["tokenizer"]
            if self._problems.known_keys(tokenizer, at, TOKENIZER_KEYS):
                read["tokenizer"] = dict(tokenizer)
                if "source" in tokenizer:
                    read["tokenizer"]["source"] = self._source(tokenizer["source"], (*at, "source"))
        if "chat_template" in node:
            template = node["chat_template"]
            if not isinstance(template, str):
                self._problems.add(
                    (*path, "chat_template"), f"chat_template must be text, got {show(template)}"
                )
            read["chat_template"] = template
        return read

    def _source(self, node: Any, path: Path) -> Any:
        """Read where a tokenizer comes from: `union`, `base` or a model."""
        if node in ("union", "base"):
            return node
        return self._models.read(node, path)

    def _modules(
        self, node: Any, path: Path, allowed: Mapping[str, Method], base: Any, shared: set[str]
    ) -> dict[str, Any]:
        if not isinstance(node, Mapping) or not node:
            self._problems.add(path, f"modules must be a mapping, got {show(node)}")
            return {}
        read: dict[str, Any] = {}
        for name, module in node.items():
            inner = (*path, name)
            if not self._problems.known_keys(module, inner, ("models", "slices", "parameters")):
                continue
            here: dict[str, Any] = {}
            if len(node) > 1:
                refuse_each(module, inner, SHARED_NAMES, self._problems, SHAPE)
            if "parameters" in module:
                here["parameters"] = read_parameters(
                    module["parameters"],
                    (*inner, "parameters"),
                    allowed,
                    self._problems,
                    per_model=False,
                    uncounted=uncounted(module),
                )
            key = "slices" if "slices" in module else "models"
            known = shared | set(here.get("parameters", {}))
            read[name] = here | self._inputs.group(module, inner, key, allowed, base, known)
        return read
