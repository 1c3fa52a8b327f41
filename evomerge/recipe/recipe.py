"""One point of a space: a mergekit configuration without holes, frozen and named by its hash."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

from evomerge.recipe.document import MODELS, Document, Role, map_models, rebuild, walk
from evomerge.recipe.mixture import KIND, is_mixture

KEYS = (
    "merge_method",
    "base_model",
    "models",
    "slices",
    "modules",
    "parameters",
    "dtype",
    "out_dtype",
    "tokenizer_source",
    "tokenizer",
    "chat_template",
)
"""What mergekit reads of a configuration, in the order in which it is written."""

DTYPES = ("bfloat16", "float16", "float32", "float64")
"""What weights can be written in."""


@dataclass(frozen=True)
class Recipe:
    """A mergekit configuration. Two recipes are equal when they say the same.

    Build one with `from_document` or `from_yaml`; `canonical` is not for people.

    Args:
        canonical: The configuration as JSON: keys sorted, lists in their own order.
    """

    canonical: str

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Recipe":
        """Build a recipe from a mergekit configuration as plain Python values.

        Args:
            document: What mergekit's YAML would load to; whole floats and ints differ.
        """
        return cls(json.dumps(document, sort_keys=True, ensure_ascii=False, allow_nan=False))

    @classmethod
    def from_yaml(cls, text: str) -> "Recipe":
        """Read a recipe from mergekit YAML; comments carry no meaning."""
        return cls.from_document(yaml.safe_load(text))

    @property
    def document(self) -> Document:
        """The configuration as plain values; a fresh copy."""
        document: Document = json.loads(self.canonical)
        return document

    @property
    def recipe_id(self) -> str:
        """Twelve hex digits that name the recipe on every machine and Python version."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()[:12]

    @property
    def method(self) -> str:
        """The merge method's name in mergekit's registry, or `moe` for a mixture of experts."""
        return str(self.document.get("merge_method", KIND))

    @property
    def is_mixture(self) -> bool:
        """Whether it is a mixture of experts, which mergekit-moe makes."""
        return is_mixture(self.document)

    @cached_property
    def models(self) -> tuple[str, ...]:
        """Every model the recipe refers to, once each, in order of first appearance."""
        named = [visit.value for visit in walk(self.document) if visit.role in MODELS]
        return tuple(dict.fromkeys(name for name in named if isinstance(name, str)))

    def sets(self, name: str) -> bool:
        """Whether a parameter, of the merge or of an expert, is set anywhere."""
        return any(
            name in visit.value if visit.role is Role.PARAMETERS else visit.key == name
            for visit in walk(self.document)
        )

    @cached_property
    def seed(self) -> int:
        """Seed for methods that draw at random (dare, della): in [0, 2**31).

        It follows from the recipe's form, not from where the models lie, so that the exported
        recipe, with other paths in it, merges to the same weights. Recipes that differ in the
        values of parameters alone draw the same numbers, so that they are compared by their
        values and not by their luck.
        """
        index = {reference: f"model-{i}" for i, reference in enumerate(self.models)}
        form = self.with_models(index).form
        return int(hashlib.sha256(form.encode()).hexdigest()[:8], 16) % 2**31

    @cached_property
    def form(self) -> str:
        """The recipe without the values of its parameters; recipes of one form are planned once."""
        form = rebuild(
            self.document, lambda visit: None if visit.key == "parameters" else visit.value
        )
        return json.dumps(form, sort_keys=True)

    def with_models(self, locations: Mapping[str, str]) -> "Recipe":
        """Return the recipe with its model references replaced.

        Args:
            locations: Old reference → new; a reference that is missing here stays.
        """
        return Recipe.from_document(
            map_models(self.document, lambda reference: locations.get(reference, reference))
        )

    def to_yaml(self) -> str:
        """Return mergekit YAML; `from_yaml` gives the same recipe back."""
        document = self.document
        ordered = {key: document[key] for key in KEYS if key in document}
        ordered |= document
        return yaml.dump(ordered, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


class _Dumper(yaml.SafeDumper):
    """Writes gradients on one line, as mergekit does."""


def _list(dumper: _Dumper, data: list[Any]) -> yaml.Node:
    flow = bool(data) and all(isinstance(item, int | float) for item in data)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=flow)


_Dumper.add_representer(list, _list)
