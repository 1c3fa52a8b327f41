"""What is known of merge methods beside their contracts: a line a fact, held against mergekit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

Range = dict[str, Any] | None


@dataclass(frozen=True)
class Division:
    """Division of the merge by the sum of its weights.

    Args:
        unless: The parameter that leaves it out where it is false; None if it always happens.
        zero_sum: `refused`, or `unscaled` where mergekit then divides by 1.
        weights: The parameter of the models that is summed.
    """

    unless: str | None
    zero_sum: Literal["refused", "unscaled"] = "refused"
    weights: str = "weight"


@dataclass(frozen=True)
class Band:
    """Two parameters of a model of which `center` ± `width` lies inside (0, 1).

    Args:
        method: What messages call the methods that have it.
        center: A share; at 1 and above, `width` has no effect.
        width: What is added to it and taken from it.
    """

    method: str
    center: str
    width: str

    def holds(self, center: float, width: float) -> bool:
        """Whether two values can be merged."""
        return center >= 1 or 0 < center - width <= center + width < 1

    def may_break(self, centers: Sequence[float], widths: Sequence[float]) -> bool:
        """Whether some of these values, or of those between them, lie outside."""
        return min(centers) - max(widths) <= 0 or max(centers) + max(widths) >= 1


@dataclass(frozen=True)
class Traits:
    """What is known of a merge method; the defaults are safe where nothing is known.

    Args:
        draws: Whether it draws random numbers: its result depends on the seed.
        elementwise: Whether it is known to sum over no whole tensor. Such a sum follows the number
            of threads in its last bits; methods that may have one run on one thread.
        in_weights: How its result depends on its weights where nothing divides by their sum:
            `linear`, so that W(a·u + (1 - a)·v) = a·W(u) + (1 - a)·W(v), what else it masks or
            draws being fixed; `piecewise` linear, as long as no sign that it elects changes; or
            `other`, which is also said of methods without weights.
        division: Its division by the sum of its weights, or None.
        bands: Parameters of which one bounds the other.
        mirrored: Whether a merge of two models in one order is one in the other order too.
        kernel: Name of the kernel in `merge/kernels` that computes it, or None.
        differentiable: Parameters in which it has a derivative almost everywhere; what it masks,
            draws and elects is held.
    """

    draws: bool = False
    elementwise: bool = False
    in_weights: Literal["linear", "piecewise", "other"] = "other"
    division: Division | None = None
    bands: tuple[Band, ...] = ()
    mirrored: bool = False
    kernel: str | None = None
    differentiable: frozenset[str] = frozenset()


_WEIGHT, _T = frozenset({"weight"}), frozenset({"t"})
_OF_ALL = Division("normalize")
_OF_VECTORS = Division("normalize", zero_sum="unscaled")
_DELLA = Band("della", "density", "epsilon")
"""They are probabilities of keeping a value: Deep et al. 2024, arXiv:2406.11617, section 3.1."""

_LINEAR = Traits(
    in_weights="linear",
    division=_OF_VECTORS,
    kernel="task_vectors",
    differentiable=frozenset({"weight", "lambda"}),
)
"""θ + λ Σ wᵢ m(τᵢ), the mask m blind to w: Ilharco et al. 2022, arXiv:2212.04089, section 2."""

_ELECTS = replace(_LINEAR, in_weights="piecewise")
"""Elects the sign of Σ wᵢ τᵢ: Yadav et al. 2023, arXiv:2306.01708, section 4."""

TRAITS: Mapping[str, Traits] = {
    "arcee_fusion": Traits(draws=True),  # its quantiles, of tensors of over a million numbers
    "breadcrumbs": replace(_LINEAR, elementwise=True),
    "breadcrumbs_ties": replace(_ELECTS, elementwise=True),
    "dare_linear": replace(_LINEAR, draws=True),
    "dare_ties": replace(_ELECTS, draws=True),
    "della": replace(_ELECTS, draws=True, bands=(_DELLA,)),
    "della_linear": replace(_LINEAR, draws=True, bands=(_DELLA,)),
    "karcher": Traits(),
    "linear": Traits(
        elementwise=True,
        in_weights="linear",
        division=_OF_ALL,
        kernel="linear",
        differentiable=_WEIGHT,
    ),
    "model_stock": Traits(),
    "multislerp": Traits(division=Division("normalize_weights"), differentiable=_WEIGHT),
    "nearswap": Traits(elementwise=True, differentiable=_T),
    "nuslerp": Traits(division=Division(None), mirrored=True, differentiable=_WEIGHT),
    "passthrough": Traits(elementwise=True, differentiable=frozenset({"scale"})),
    "ram": Traits(),
    "ramplus_tl": Traits(differentiable=frozenset({"r"})),
    "sce": Traits(),
    # (a, b, t) = (b, a, 1 - t): Shoemake 1985
    "slerp": Traits(mirrored=True, kernel="slerp", differentiable=_T),
    "task_arithmetic": replace(_LINEAR, elementwise=True),
    "ties": replace(_ELECTS, elementwise=True),
}
"""mergekit's methods."""

SUMMING = frozenset({"rescale"})
"""Parameters that make any method sum over whole tensors."""

UNIT_INTERVAL = frozenset({"density", "select_topk", "gamma"})
"""Parameters whose values lie within [0, 1], whatever the method."""

WITHOUT_EFFECT = frozenset({("task_arithmetic", "density")})
"""Method and parameter that mergekit takes for it and never uses; two recipes would be one."""

_SHARES: Range = {"float": [0.05, 1]}
_KEPT: Range = {"float": [0.15, 0.85]}  # with the next: density ± epsilon stays inside (0, 1)
_KEPT_OR_NOT: Range = {"float": [0.01, 0.14]}
_THRESHOLD: Range = {"float": [1e-6, 1e-2], "log": True}

RANGES: Mapping[str | tuple[str, str], Range] = {
    "weight": {"float": [0, 1.2]},  # beyond 1: task vectors may be scaled up, arXiv:2212.04089
    "density": {"float": [0.1, 1]},  # 0.2 and more kept TIES' accuracy, arXiv:2306.01708, fig. 3
    "gamma": {"float": [0.001, 0.1], "log": True},  # share of outliers, arXiv:2312.06795, sec. 3
    "normalize": {"choice": [False, True]},
    "select_topk": {"float": [0.1, 1]},  # arXiv:2408.07990, section 3.2
    "filter_wise": {"choice": [False, True]},
    "nuslerp_row_wise": {"choice": [False, True]},
    "nuslerp_flatten": {"choice": [False, True]},
    "r": {"float": [0, 0.5]},  # arXiv:2601.13572
    "alpha": {"float": [0, 0.5]},  # likewise
    "scale": {"float": [0.8, 1.2]},
    "int8_mask": None,
    "rescale": None,
    "lambda": None,
    "normalize_weights": None,
    "eps": None,
    "max_iter": None,
    "tol": None,
    ("linear", "weight"): _SHARES,
    ("linear", "normalize"): None,
    ("multislerp", "weight"): _SHARES,
    ("nuslerp", "weight"): _SHARES,
    ("slerp", "t"): {"float": [0, 1]},
    ("nearswap", "t"): {"float": [1e-5, 1e-1], "log": True},
    ("della", "density"): _KEPT,
    ("della", "epsilon"): _KEPT_OR_NOT,
    ("della_linear", "density"): _KEPT,
    ("della_linear", "epsilon"): _KEPT_OR_NOT,
    ("ram", "epsilon"): _THRESHOLD,
    ("ramplus_tl", "epsilon"): _THRESHOLD,
    ("task_arithmetic", "density"): None,
}
"""The hole that `recipes: auto` writes for a parameter, or for that of one method.

None means that mergekit's default is kept: the parameter trades precision or memory, or scales
what another one scales already.
"""


def traits(method: str) -> Traits:
    """Return what is known of a method; of a plug-in's, and of another kind of merge, nothing.

    Args:
        method: Its name, or `moe`.
    """
    return TRAITS.get(method, Traits())


def search_range(method: str, parameter: str, *, required_float: bool) -> Range:
    """Return the hole that `recipes: auto` writes for a parameter, or None to leave it out.

    Args:
        method: Name of a merge method.
        parameter: Name of one of its parameters.
        required_float: Whether it is a float without a default; if nothing else is known of it,
            it is searched in [0, 1].
    """
    for key in ((method, parameter), parameter):
        if key in RANGES:
            return RANGES[key]
    return {"float": [0, 1]} if required_float else None
