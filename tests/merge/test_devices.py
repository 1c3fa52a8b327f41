"""A device that is not there is refused."""

import pytest
import torch

from evomerge.errors import InputError, PlatformError
from evomerge.merge.devices import check_device


def test_devices_that_are_not_there() -> None:
    check_device("cpu")
    with pytest.raises(InputError, match="no device 'tpuu'") as caught:
        check_device("tpuu", where="workers.gpus")
    assert caught.value.where == "workers.gpus"
    there = torch.cuda.device_count()
    with pytest.raises(PlatformError, match="torch finds"):
        check_device("cuda", count=there + 1)
