"""The range in which `recipes: auto` searches each parameter of each merge method.

None means that mergekit's default is kept: the parameter trades precision or memory, or scales
what another one scales already.
"""

from typing import Any

from evomerge.methods.table import Method

Range = dict[str, Any] | None

_RANGES: dict[str, Range] = {
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
}
_SHARES: Range = {"float": [0.05, 1]}
_DELLA_DENSITY: Range = {"float": [0.15, 0.85]}
_DELLA_EPSILON: Range = {"float": [0.01, 0.14]}
_THRESHOLD: Range = {"float": [1e-6, 1e-2], "log": True}
_OF_METHOD: dict[tuple[str, str], Range] = {
    ("linear", "weight"): _SHARES,
    ("linear", "normalize"): None,
    ("multislerp", "weight"): _SHARES,
    ("nuslerp", "weight"): _SHARES,
    ("slerp", "t"): {"float": [0, 1]},
    ("nearswap", "t"): {"float": [1e-5, 1e-1], "log": True},
    ("della", "density"): _DELLA_DENSITY,  # density ± epsilon stays inside (0, 1)
    ("della", "epsilon"): _DELLA_EPSILON,
    ("della_linear", "density"): _DELLA_DENSITY,
    ("della_linear", "epsilon"): _DELLA_EPSILON,
    ("ram", "epsilon"): _THRESHOLD,
    ("ramplus_tl", "epsilon"): _THRESHOLD,
    ("task_arithmetic", "density"): None,  # taken and never used
}


def default_range(method: Method, parameter: str) -> Range:
    """Return the hole that `recipes: auto` writes for a parameter, or None to leave it out.

    Args:
        method: A merge method.
        parameter: Name of one of its parameters.

    """
    if (method.name, parameter) in _OF_METHOD:
        return _OF_METHOD[method.name, parameter]
    if parameter in _RANGES:
        return _RANGES[parameter]
    unknown = method.parameters[parameter]  # a plug-in's
    return {"float": [0, 1]} if unknown.required and unknown.type == "float" else None
