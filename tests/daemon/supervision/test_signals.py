"""Signals: a stop, a reload, and one that comes too early."""

from __future__ import annotations

import asyncio
import os
import signal

from watcher.daemon.supervision.signals import Hangup, signals


async def test_term_stops_and_hup_reloads() -> None:
    """Each signal reaches its taker while in the block."""
    stop, came = asyncio.Event(), asyncio.Event()
    with signals(stop, came.set):
        os.kill(os.getpid(), signal.SIGHUP)
        await came.wait()
        assert not stop.is_set()
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()


async def test_the_old_handlers_come_back() -> None:
    """After the block the signals are what they were."""
    before = signal.getsignal(signal.SIGINT)
    with signals(asyncio.Event(), lambda: None):
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_DFL


def test_a_hangup_that_came_early_is_handed_on() -> None:
    """Remembered until there is somebody to take it, once."""
    hangup, taken = Hangup(), list[str]()
    hangup()
    hangup()
    hangup.connect(lambda: taken.append("reload"))
    assert taken == ["reload"]
    hangup()
    assert taken == ["reload", "reload"]
    quiet = Hangup()
    quiet.connect(lambda: taken.append("nothing came"))
    assert taken == ["reload", "reload"]
