"""A thread that is made when it is needed, and left where it is stuck."""

from __future__ import annotations

import threading
from contextvars import ContextVar

import pytest

from tests.end_to_end.process import until
from watcher.delivery.daemon_thread import DaemonThread


def _threads(name: str) -> int:
    return sum(each.name == name for each in threading.enumerate())


def _mine(seen: list[int]) -> bool:
    seen.append(threading.get_ident())
    return True


async def test_one_thread_serves_many() -> None:
    """In the caller's context; what is raised is told to whom waits."""
    variable, hand, seen = ContextVar("variable", default=0), DaemonThread("one"), list[int]()
    assert [hand.run(lambda: _mine(seen)).result(5) for _ in range(3)] == [True] * 3
    assert len(set(seen)) == 1
    variable.set(5)
    assert hand.run(lambda: variable.get() == 5).result(5)
    with pytest.raises(ZeroDivisionError):
        hand.run(lambda: bool(1 // 0)).result(5)
    assert hand.run(lambda: True).result(5)
    hand.let_go()
    await until(lambda: _threads("one") == 0)


async def test_a_stuck_thread_is_left() -> None:
    """The next work has another one; the old one ends with what it is stuck in."""
    hand, release = DaemonThread("stuck"), threading.Event()
    stuck = hand.run(release.wait)
    hand.let_go()
    assert hand.run(lambda: True).result(5)
    assert _threads("stuck") == 2
    release.set()
    assert stuck.result(5)
    await until(lambda: _threads("stuck") == 1)
    hand.let_go()
    await until(lambda: _threads("stuck") == 0)


async def test_an_idle_thread_ends() -> None:
    """And is made anew, however the two fall together."""
    hand = DaemonThread("idle", idle=0.001)
    for _ in range(200):
        assert hand.run(lambda: True).result(5)
    await until(lambda: _threads("idle") == 0)
    assert hand.run(lambda: True).result(5)


async def test_a_retired_hand_keeps_no_thread() -> None:
    """Neither that which waited nor one for work that comes afterwards."""
    hand = DaemonThread("retired")
    assert hand.run(lambda: True).result(5)
    hand.retire()
    await until(lambda: _threads("retired") == 0)
    assert [hand.run(lambda: True).result(5) for _ in range(3)] == [True] * 3
    await until(lambda: _threads("retired") == 0)
