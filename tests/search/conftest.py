import signal
from collections.abc import Callable, Iterator

import pytest


@pytest.fixture
def interrupt() -> Iterator[Callable[[], None]]:
    """Send this process SIGINT, and wait until its handler has run.

    A process that was started in the background ignores it; here it does what it does elsewhere.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: signal.raise_signal(signal.SIGINT)
    signal.signal(signal.SIGINT, before)
