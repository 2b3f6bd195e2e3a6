"""The address that hears of good rounds."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.fakes.sink import SECRET, closed_port, serving
from watcher.daemon.heartbeat import Heartbeat
from watcher.rules.channel import Secret


def _asking() -> list[asyncio.Task[Any]]:
    """The task of a heartbeat that is under way."""
    return [task for task in asyncio.all_tasks() if task.get_name() == "heartbeat"]


async def _finished() -> None:
    (asking,) = _asking()
    await asking


async def test_it_is_asked_once_a_round() -> None:
    """By GET; nothing is asked where no address is given."""
    async with serving() as service:
        heart = Heartbeat()
        heart.beat(None)
        assert _asking() == []
        for _ in range(2):
            heart.beat(Secret(f"http://127.0.0.1:{service.port}/{SECRET}"))
            await _finished()
        assert service.paths == [f"/{SECRET}"] * 2
        await heart.finish()


async def test_a_passing_failure_is_tried_again() -> None:
    """Three times in all, and the log says it without the address."""
    async with serving() as service:
        service.status = 503
        heart = Heartbeat(pauses=(0, 0))
        with capture_logs() as logs:
            heart.beat(Secret(f"http://127.0.0.1:{service.port}/{SECRET}"))
            await _finished()
        assert len(service.paths) == 3
        assert [line["problem"] for line in logs] == ["HTTP 503"] * 3
        assert SECRET not in str(logs)


async def test_nobody_there(caplog: pytest.LogCaptureFixture) -> None:
    """No error reaches anybody, and no log has the address."""
    heart = Heartbeat(pauses=(0, 0))
    with capture_logs() as logs, caplog.at_level(logging.DEBUG):
        heart.beat(Secret(f"http://127.0.0.1:{closed_port()}/{SECRET}"))
        await _finished()
    assert [line["problem"] for line in logs] == ["ClientConnectorError"] * 3
    assert SECRET not in str(logs) + caplog.text


async def test_a_stop_does_not_wait_for_it() -> None:
    """What hangs is left."""
    async with serving() as service:
        service.behave = "hang"
        heart = Heartbeat()
        heart.beat(Secret(f"http://127.0.0.1:{service.port}/"))
        (asking,) = _asking()
        heart.beat(Secret(f"http://127.0.0.1:{service.port}/other"))
        assert _asking() == [asking]  # one at a time
        await heart.finish()
        assert asking.done()
