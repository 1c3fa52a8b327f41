"""Tensors as kernels see them: their own memory, flat."""

import torch

from evomerge.merge.tensors import Inputs, addresses, flat, shaped


def test_flat_memory_is_the_tensors_own() -> None:
    for dtype in (torch.bfloat16, torch.float32):
        tensor = torch.arange(6).to(dtype).reshape(2, 3)
        array = flat(tensor)
        assert array.ctypes.data == tensor.data_ptr() == addresses([tensor])[0]
        assert torch.equal(shaped(array, tensor), tensor)
        array[0] = array[5]
        assert tensor[0, 0] == 5


def test_all_but_the_base_are_others() -> None:
    tensors = (torch.zeros(1),) * 3
    assert Inputs(("a", "b", "c"), tensors, 1).others == [0, 2]
    assert Inputs(("a", "b", "c"), tensors, None).others == [0, 1, 2]
