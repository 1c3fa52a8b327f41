"""A search space: recipes with holes, and the settings of the search."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evomerge.methods.table import MERGEKIT, MethodTable
from evomerge.recipe.constraints import check_point
from evomerge.recipe.recipe import Recipe
from evomerge.settings import (
    BudgetSettings,
    EvaluateSettings,
    Objective,
    SearchSettings,
    WorkerSettings,
)
from evomerge.space.domains import Hole, Parameter, Suggests
from evomerge.space.pair import Pair
from evomerge.space.reading.experts import check_moe, is_moe
from evomerge.space.reading.yaml import Marked
from evomerge.space.stack import Stack
from evomerge.space.template import Template

RECIPE = "recipe"
"""Name of the parameter that chooses among a space's recipes."""


@dataclass(frozen=True)
class Space:
    """A search space as read from its file.

    Args:
        name: The run's name.
        path: The file it was read from.
        marked: What the file says, and where.
        source: The file's text with overrides laid over, as kept in the run's folder.
        models: Short name → reference as written, folders made absolute; empty where the
            recipes name their references themselves.
        templates: The recipes, holes unfilled, labels unique.
        evaluate: Tasks and documents.
        objective: How task scores become one value, or `pareto` for one a task.
        search: Sampler and seed.
        budget: Trials and hours.
        workers: Count, devices and mode.
        methods: Every merge method that recipes may name: mergekit's and those of plug-ins.
    """

    name: str
    path: Path
    marked: Marked = field(repr=False, compare=False)
    source: str
    models: Mapping[str, str]
    templates: tuple[Template, ...]
    evaluate: EvaluateSettings
    objective: Objective
    search: SearchSettings
    budget: BudgetSettings
    workers: WorkerSettings
    methods: MethodTable = MERGEKIT

    def suggest(self, trial: Suggests) -> dict[str, Any]:
        """Draw one point: readable parameter name → value, conditional on the recipe drawn."""
        params: dict[str, Any] = {}

        def draw(parameter: Parameter) -> Any:
            if parameter.name not in params:
                params[parameter.name] = parameter.suggest(trial)
            return params[parameter.name]

        template = self.templates[0]
        if len(self.templates) > 1:
            chosen = draw(self._recipe_parameter())
            template = self._template(chosen)
        template.fill(draw)
        return params

    def recipe(self, params: Mapping[str, Any]) -> Recipe:
        """Fill the holes; model references are those of `models`' values.

        Args:
            params: A point as `suggest` returns it.

        Raises:
            TrialError: `INVALID_RECIPE`: values that mergekit could not merge together,
                such as linear weights that sum to zero.
            KeyError: A parameter is missing from `params`.
        """
        template = self._template(params[RECIPE]) if len(self.templates) > 1 else self.templates[0]
        document = template.fill(lambda parameter: params[parameter.name])
        template.check(document)
        check_moe(document) if is_moe(document) else check_point(document, self.methods)
        return Recipe.from_document(document).with_models(self.models)

    @property
    def plugins(self) -> tuple[str, ...]:
        """Absolute paths of the Python files that register merge methods with mergekit."""
        return self.methods.plugins

    def parameters(self) -> tuple[Parameter, ...]:
        """Return every parameter of the space, each once."""
        found = {} if len(self.templates) == 1 else {RECIPE: self._recipe_parameter()}
        for template in self.templates:
            for parameter in template.parameters():
                found.setdefault(parameter.name, parameter)
        return tuple(found.values())

    @property
    def shared_parameters(self) -> tuple[Parameter, ...]:
        """The parameters that occur at every point: all that some samplers can search."""
        per_method = [
            {p.name for p in template.draws(fewest=True)}
            for template in (one for t in self.templates for one in _one_method_each(t))
        ]
        first = self.templates[0]
        choice = RECIPE if len(self.templates) > 1 else f"{first.label}.merge_method"
        always = {*set.intersection(*per_method), choice}
        return tuple(p for p in self.parameters() if p.name in always)

    @property
    def references(self) -> tuple[str, ...]:
        """Every model reference that a recipe can use, in the file's order, each once."""
        found = dict.fromkeys(r for t in self.templates for r in self.references_of(t))
        order = [reference for reference in self.models.values() if reference in found]
        return tuple(dict.fromkeys([*order, *found]))

    def references_of(self, template: Template) -> tuple[str, ...]:
        """Return every model reference that one of the recipes can use, each once."""
        names = _values(template.document, _MODEL_KEYS)
        return tuple(dict.fromkeys(self.models.get(name, name) for name in names))

    @property
    def base(self) -> str | None:
        """Reference of the base model: the first from which a merge takes task vectors.

        The `base_model` of a merge of exactly two models, such as slerp, is one of them.
        """
        for template in self.templates:
            two = [self.methods[method].max_inputs == 2 for method in template.methods]
            if two and all(two):
                continue
            for base in _values(template.document, ("base_model",)):
                return self.models.get(base, base)
        return None

    @property
    def common(self) -> dict[str, Any]:
        """What fixed blends take over from the recipes: dtypes, tokenizer, chat template.

        Each from the first recipe that fixes it, models by reference.
        """
        found: dict[str, Any] = {}
        for template in self.templates:
            for key in _COMMON:
                value = template.document.get(key)
                if value is not None and not isinstance(value, Hole):
                    found.setdefault(key, value)
        recipe = Recipe.from_document(found).with_models(self.models)
        return recipe.document

    @property
    def parents(self) -> tuple[str, ...]:
        """Every model that a recipe can merge: not those that only lend a tokenizer."""
        keys = ("model", "source_model", "base_model")
        names = [name for t in self.templates for name in _values(t.document, keys)]
        merged = {self.models.get(name, name) for name in names}
        return tuple(reference for reference in self.references if reference in merged)

    def _recipe_parameter(self) -> Parameter:
        return Parameter(RECIPE, "choice", choices=tuple(t.label for t in self.templates))

    def _template(self, label: str) -> Template:
        return next(template for template in self.templates if template.label == label)


_COMMON = ("dtype", "out_dtype", "tokenizer_source", "tokenizer", "chat_template")


def _one_method_each(template: Template) -> list[Template]:
    return [
        replace(template, document={**template.document, "merge_method": method})
        for method in template.methods
    ] or [template]


_MODEL_KEYS = ("model", "source_model", "base_model", "tokenizer_source", "source")


def _values(node: Any, keys: tuple[str, ...]) -> list[str]:
    """Return every model named under these keys in a template's document, choices included."""
    if isinstance(node, Pair):
        return list(node.names) if "model" in keys else []
    if isinstance(node, Stack):
        return list(node.models) if "model" in keys else []
    if isinstance(node, list):
        return [name for item in node for name in _values(item, keys)]
    if not isinstance(node, Mapping):
        return []
    names: list[str] = []
    for key, value in node.items():
        if key in keys and isinstance(value, Hole):
            names += value.choices
        elif key in keys and isinstance(value, str):
            names += [value] if value not in ("union", "base") or key == "base_model" else []
        else:
            names += _values(value, keys)
    return names
