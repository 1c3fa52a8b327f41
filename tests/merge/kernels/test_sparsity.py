"""How many elements each thinning keeps, and where mergekit itself must be asked."""

import pytest
import torch

from evomerge.merge.kernels.cache import Cache
from evomerge.merge.kernels.draws import Draws
from evomerge.merge.kernels.sparsity import Sparsity, fits
from evomerge.merge.mergekit.process import seeded
from evomerge.merge.tensors import Inputs, Values

SHAPE = (50, 40)


@pytest.mark.parametrize(
    ("thinning", "least", "most"),
    [("magnitude", 600, 600), ("magnitude_outliers", 600, 600), ("random", 500, 700)],
)
def test_the_density_is_what_is_kept(thinning: str, least: int, most: int) -> None:
    torch.manual_seed(0)
    inputs = Inputs(("base", "a"), (torch.zeros(SHAPE), torch.randn(SHAPE)), 0)
    cache = Cache(2**20)
    own = {"density": 0.3, "gamma": 0.05}
    with seeded(1):
        chosen = Sparsity(cache).choose(
            thinning, inputs, Values({"rescale": True}, [{}, own]), Draws(cache, 1)
        )
    assert chosen.masked.tolist() == [True]
    assert least <= int(chosen.masks[0].sum()) <= most
    magnitudes = inputs.tensors[1].abs().reshape(-1)
    thinned = magnitudes * torch.from_numpy(chosen.masks[0])
    assert float(thinned.sum() * chosen.scales[0]) == pytest.approx(float(magnitudes.sum()))


def test_mergekit_is_asked_where_it_would_refuse() -> None:
    tensor = torch.zeros(SHAPE)
    assert fits("della_magprune", tensor, [{"density": 0.5, "epsilon": 0.1}])
    assert not fits("della_magprune", tensor, [{"density": 0.95, "epsilon": 0.1}])
    assert not fits("della_magprune", torch.zeros(2, 2, 2), [{"density": 0.5, "epsilon": 0.1}])
    assert not fits("random", tensor, [{"density": -0.1}])
    assert fits(None, tensor, [{}])
