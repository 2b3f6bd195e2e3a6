"""When there is no handle left."""

from __future__ import annotations

import asyncio
import logging

import pytest
from structlog.testing import capture_logs

from watcher.web.accept_errors import OutOfDescriptors, Sparing

CONTEXT = {
    "message": "socket.accept() out of system resource",
    "exception": OSError(24, "Too many open files"),
}


async def test_said_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """However often asyncio says it; what else goes wrong is said as ever."""
    now = 0.0
    handler = OutOfDescriptors(Sparing(clock=lambda: now))
    loop = asyncio.get_running_loop()
    with capture_logs() as said, caplog.at_level(logging.ERROR):
        for _ in range(100):
            handler(loop, CONTEXT)
        now = 61.0
        handler(loop, CONTEXT)
        handler(loop, {"message": "another thing"})
    assert [line["error"] for line in said] == ["[Errno 24] Too many open files"] * 2
    assert [record.message for record in caplog.records] == ["another thing"]
