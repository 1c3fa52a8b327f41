import signal
from collections.abc import Callable

import pytest


@pytest.fixture
def interrupt() -> Callable[[], None]:
    """Send this process SIGINT, and wait until its handler has run."""
    return lambda: signal.raise_signal(signal.SIGINT)
