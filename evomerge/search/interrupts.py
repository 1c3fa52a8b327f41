"""Ctrl-C, tamed: the first asks the search to finish what runs, the second stops it now."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any


class Interrupts:
    """Context in which SIGINT is counted instead of raised.

    Outside the main thread, where Python delivers no signals, it does nothing.

    Attributes:
        requested: Whether there was an interrupt.
        announce: Called after the first interrupt, outside any `shield`.
    """

    def __init__(self) -> None:
        self.requested = False
        self.announce: Callable[[], None] = lambda: None
        self._shields = 0
        self._waiting = 0
        self._previous: Any = None

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():
            self._previous = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)

    @contextmanager
    def shield(self) -> Iterator[None]:
        """Hold interrupts back until the block ends: inside, a write is in progress."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1
            while self._waiting and not self._shields:
                self._waiting -= 1
                self._act()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._shields:
            self._waiting += 1
        else:
            self._act()

    def _act(self) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        with self.shield():
            self.announce()
