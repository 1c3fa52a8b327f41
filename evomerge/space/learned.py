"""Which numbers of a space have a derivative, by recipe and merge method."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evomerge.methods.traits import traits
from evomerge.methods.types import is_number
from evomerge.recipe.leaves import setting
from evomerge.recipe.mixture import KIND
from evomerge.recipe.parts import merge_groups, settings
from evomerge.space.domains import FloatDomain, Parameter
from evomerge.space.hole import Hole
from evomerge.space.space import RECIPE, Space
from evomerge.space.template import Template


@dataclass(frozen=True)
class Learned:
    """A parameter that can be learned by gradients.

    Args:
        domain: What it ranges over.
        role: What mergekit calls it, such as `weight`.
    """

    domain: FloatDomain
    role: str


@dataclass(frozen=True)
class Alternative:
    """One recipe of a space with one of its merge methods.

    Args:
        label: The recipe's label.
        method: The merge method, or `moe`.
        choices: Parameter → value, of those that choose it.
        learned: Parameter's name → what can be learned under this method.
        others: Names of its further parameters, but those of `choices`.
        weighted: Inputs that have a weight, at least 1.
        scale: The `lambda` that the recipe fixes, or mergekit's default; 1 where there is none, or
            where it is searched or not one number.
        normalized: Whether the merge is divided by the sum of its weights, whatever is drawn.
    """

    label: str
    method: str
    choices: Mapping[str, Any]
    learned: Mapping[str, Learned]
    others: tuple[str, ...]
    weighted: int
    scale: float = 1.0
    normalized: bool = False

    @property
    def name(self) -> str:
        """A name for people: the label, with the method where that says more."""
        return self.label if self.method in self.label else f"{self.label} ({self.method})"


def alternatives(space: Space) -> tuple[Alternative, ...]:
    """Return every recipe of a space with each of its methods, in the file's order."""
    return tuple(
        _alternative(space, template, method)
        for template in space.templates
        for method in template.methods or (KIND,)
    )


def alternative_of(params: Mapping[str, Any], known: tuple[Alternative, ...]) -> Alternative | None:
    """Return the alternative that a point belongs to; None where it is of another space."""
    for one in known:
        if all(name in params and params[name] == value for name, value in one.choices.items()):
            return one
    return None


def _alternative(space: Space, template: Template, method: str) -> Alternative:
    choices = _choices(space, template, method)
    drawn: dict[str, Parameter] = {}

    def draw(parameter: Parameter) -> Any:
        drawn[parameter.name] = parameter
        if parameter.name in choices:
            return choices[parameter.name]
        end = template.end(parameter)
        return float(end) if isinstance(parameter.domain, FloatDomain) else end

    document = template.fill(draw)
    point = {RECIPE: template.label} | {name: draw(one) for name, one in drawn.items()}
    roles: dict[str, set[str]] = {}
    for leaf, name in space.sources(point).items():
        roles.setdefault(name, set()).add(setting(leaf))
    smooth = traits(method).differentiable
    learned = {
        name: Learned(domain, min(roles[name]))
        for name, parameter in drawn.items()
        if isinstance(domain := parameter.domain, FloatDomain)
        and domain.step is None
        and domain.low < domain.high
        and name in roles
        and roles[name] <= smooth
    }
    groups = merge_groups(document) if method != KIND else ()
    weighted = [sum("weight" in i.get("parameters", {}) for i in g.inputs) for g in groups]
    others = tuple(name for name in drawn if name not in learned and name not in choices)
    scale, division = _fixed(template, method, "lambda"), traits(method).division
    return Alternative(
        template.label,
        method,
        choices,
        learned,
        others,
        weighted=max([1, *weighted]),
        scale=float(scale) if is_number(scale) else 1.0,
        normalized=division is not None
        and (division.unless is None or _fixed(template, method, division.unless) is True),
    )


def _fixed(template: Template, method: str, name: str) -> Any:
    """Return what holds of a parameter of all models, or None where it is not one fixed value."""
    said = [setting.value for setting in settings(template.document) if setting.name == name]
    if not said:
        known = template.table[method].parameters if template.methods else {}
        return known[name].default if name in known else None
    return said[0] if all(value == said[0] for value in said) else None


def _choices(space: Space, template: Template, method: str) -> dict[str, Any]:
    found: dict[str, Any] = {RECIPE: template.label} if len(space.templates) > 1 else {}
    hole = template.document.get("merge_method")
    if isinstance(hole, Hole):
        found[hole.name or f"{template.label}.merge_method"] = method
    return found
