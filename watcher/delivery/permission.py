"""Whether a message may be sent, asked on the thread that sends, right before each request.

Between the courier's last look and a request the whole process may have been stopped for minutes,
while another daemon took its work over.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar


def always() -> bool:
    """Allow it: for who owns the database alone."""
    return True


may_send: ContextVar[Callable[[], bool]] = ContextVar("watcher_may_send", default=always)
