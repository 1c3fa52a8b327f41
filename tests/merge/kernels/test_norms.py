"""L1 norms are those of torch's own sum."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from evomerge.merge.kernels.norms import norms
from evomerge.merge.kernels.vectors import TaskVector
from evomerge.merge.tensors import Inputs


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_norms_of_whole_and_thinned_vectors(dtype: torch.dtype, kernel: SimpleNamespace) -> None:
    models = kernel.tensors(3, (61, 129), dtype)
    inputs = Inputs(("base", "a", "b"), models, 0)
    vectors = [TaskVector.of(inputs, index) for index in (1, 2)]
    masks = np.zeros((2, models[0].numel()), np.uint8)
    masks[:, ::3] = 1
    found = norms(vectors, masks, np.array([True, False]))
    thinned = vectors[0].delta().reshape(-1) * torch.from_numpy(masks[0])
    wanted = [thinned.to(dtype).abs().reshape(61, 129).sum(), vectors[1].delta().abs().sum()]
    assert found.tolist() == [float(norm) for norm in wanted]
