"""A search space: recipes with holes, and the settings of the search."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evomerge.methods.table import MERGEKIT, MethodTable
from evomerge.recipe.constraints import check_point
from evomerge.recipe.document import MERGED, MODELS, Role
from evomerge.recipe.leaves import Leaf, leaves
from evomerge.recipe.recipe import Recipe
from evomerge.settings import (
    BudgetSettings,
    EvaluateSettings,
    Objective,
    SearchSettings,
    WorkerSettings,
)
from evomerge.space.domains import ChoiceDomain, Parameter, Suggests
from evomerge.space.places import Marked
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
        check_point(document, self.methods)
        return Recipe.from_document(document).with_models(self.models)

    def sources(self, params: Mapping[str, Any]) -> dict[Leaf, str]:
        """Return where the floats of a point stand in its recipe: leaf → parameter's name.

        A parameter that several holes share, or that a stack repeats, stands at several leaves.

        Args:
            params: A point as `suggest` returns it.

        Raises:
            KeyError: A parameter is missing from `params`.
        """
        template = self._template(params[RECIPE]) if len(self.templates) > 1 else self.templates[0]

        def draw(parameter: Parameter) -> Any:
            value = params[parameter.name]
            return _Named(value, parameter.name) if isinstance(value, float) else value

        found = leaves(template.fill(draw))
        return {leaf: value.name for leaf, value in found.items() if isinstance(value, _Named)}

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
            for template in (one for t in self.templates for one in t.with_each_method())
        ]
        first = self.templates[0]
        choice = RECIPE if len(self.templates) > 1 else f"{first.label}.merge_method"
        always = {*set.intersection(*per_method), choice}
        return tuple(p for p in self.parameters() if p.name in always)

    @property
    def references(self) -> tuple[str, ...]:
        """Every model reference that a recipe can use, in the file's order, each once."""
        found = self._references(self.templates, MODELS)
        order = [reference for reference in self.models.values() if reference in found]
        return tuple(dict.fromkeys([*order, *found]))

    def references_of(self, template: Template) -> tuple[str, ...]:
        """Return every model reference that one of the recipes can use, each once."""
        return self._references((template,), MODELS)

    @property
    def base(self) -> str | None:
        """Reference of the base model: the first from which a merge takes task vectors.

        The `base_model` of a merge of exactly two models, such as slerp, is one of them.
        """
        for template in self.templates:
            two = [self.methods[method].base_is_one_of_two for method in template.methods]
            if two and all(two):
                continue
            for base in self._references((template,), (Role.BASE,)):
                return base
        return None

    @property
    def common(self) -> dict[str, Any]:
        """What fixed blends take over from the recipes: dtypes, tokenizer, chat template.

        Each from the first recipe that fixes it, models by reference.
        """
        found: dict[str, Any] = {}
        for template in self.templates:
            for key in _COMMON:
                if (value := template.fixed(key)) is not None:
                    found.setdefault(key, value)
        recipe = Recipe.from_document(found).with_models(self.models)
        return recipe.document

    @property
    def parents(self) -> tuple[str, ...]:
        """Every model that a recipe can merge: not those that only lend a tokenizer."""
        merged = self._references(self.templates, MERGED)
        return tuple(reference for reference in self.references if reference in merged)

    def _recipe_parameter(self) -> Parameter:
        return Parameter(RECIPE, ChoiceDomain(tuple(t.label for t in self.templates)))

    def _references(self, templates: Iterable[Template], roles: Iterable[Role]) -> tuple[str, ...]:
        names = [name for template in templates for name in template.models(*roles)]
        return tuple(dict.fromkeys(self.models.get(name, name) for name in names))

    def _template(self, label: str) -> Template:
        return next(template for template in self.templates if template.label == label)


_COMMON = ("dtype", "out_dtype", "tokenizer_source", "tokenizer", "chat_template")


class _Named(float):
    """A float that knows which parameter gave it."""

    name: str

    def __new__(cls, value: float, name: str) -> "_Named":
        """Make one."""
        made = super().__new__(cls, value)
        made.name = name
        return made
