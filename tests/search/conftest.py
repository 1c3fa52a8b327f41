import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def interrupt() -> Callable[[], None]:
    """Send this process SIGINT, and wait until its handler has run."""
    return lambda: signal.raise_signal(signal.SIGINT)
