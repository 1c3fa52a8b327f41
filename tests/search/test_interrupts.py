import threading
from collections.abc import Callable

import pytest

from evomerge.search.interrupts import Interrupts


def test_the_first_asks_and_the_second_stops(interrupt: Callable[[], None]) -> None:
    told: list[str] = []
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts:
        interrupts.announce = lambda: told.append("stopping")
        interrupt()
        assert interrupts.requested
        assert told == ["stopping"]
        interrupt()


def test_a_shield_holds_them_back(interrupt: Callable[[], None]) -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), Interrupts() as interrupts:
        with interrupts.shield():
            interrupt()
            with interrupts.shield():
                interrupt()
            assert not interrupts.requested
            done.append("written")
        done.append("not reached")
    assert done == ["written"]


def test_outside_the_context_ctrl_c_is_what_it_was(interrupt: Callable[[], None]) -> None:
    with Interrupts():
        pass
    with pytest.raises(KeyboardInterrupt):
        interrupt()


def test_in_another_thread_it_does_nothing() -> None:
    seen: list[bool] = []

    def work() -> None:
        with Interrupts() as interrupts:
            seen.append(interrupts.requested)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]
