"""Products of float32 are oneDNN's where they are faster."""

from typing import Any

import pytest
import torch

from evomerge.evaluate.packing import onednn as products

from .conftest import build


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_products_of_float32_are_onednns(
    kind: str, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = []

    def product(*given: Any) -> torch.Tensor:
        taken.append(given)
        return own(*given)

    own = products._product
    monkeypatch.setattr(products, "_product", product)
    model = build(kind).to(dtype)
    ids = torch.randint(31, (2, 20))
    with torch.inference_mode():
        plain = model(input_ids=ids).logits
        with products.wide_products(model):
            wide = model(input_ids=ids).logits
    layers = 4 if kind == "gpt2" else 7
    assert len(taken) == (3 * layers + 1 if products._THERE and dtype == torch.float32 else 0)
    assert torch.allclose(wide, plain, atol=1e-4)
