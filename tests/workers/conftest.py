import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="package")
def cluster() -> Iterator[None]:
    """One Ray cluster for all pools, since starting it takes seconds."""
    import brittle
    import ray
    import waiting

    for module in (brittle, waiting):
        ray.cloudpickle.register_pickle_by_value(module)
    ray.init(
        address="local",
        num_cpus=2,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.CRITICAL,
        object_store_memory=100 * 2**20,
    )
    yield
    ray.shutdown()
