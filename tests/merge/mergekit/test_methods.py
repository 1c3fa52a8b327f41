"""What kernels ask of mergekit's merge methods."""

import pytest
import torch

from evomerge.merge.mergekit.methods import defaults, merged_by_mergekit, thinning


@pytest.mark.parametrize(
    ("method", "kind"),
    [
        ("task_arithmetic", (None, False)),
        ("ties", ("magnitude", True)),
        ("dare_linear", ("random", False)),
        ("dare_ties", ("random", True)),
        ("breadcrumbs", ("magnitude_outliers", False)),
        ("breadcrumbs_ties", ("magnitude_outliers", True)),
        ("della", ("della_magprune", True)),
        ("della_linear", ("della_magprune", False)),
    ],
)
def test_what_methods_do_to_task_vectors(method: str, kind: tuple[str | None, bool]) -> None:
    assert thinning(method) == kind


def test_mergekits_own_answer() -> None:
    assert defaults("ties")["density"] == 1.0
    tensors = [torch.zeros(3), torch.ones(3)]
    merged = merged_by_mergekit("linear", tensors, None, {"weight": 0.5, "normalize": False})
    assert merged.tolist() == [0.5] * 3
