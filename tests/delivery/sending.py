"""A plain message, a picture, and one try at sending them."""

from __future__ import annotations

import threading

from tests.fakes.sink import Secret
from watcher.delivery.apprise.target import Target
from watcher.delivery.rendered import Attachment, Rendered, SendOutcome

PLAIN = Rendered("title", "body", "text", "warning")
PICTURE = Attachment("chart.png", b"\x89PNG\r\n\x1a\n....")


async def send(url: Secret, rendered: Rendered = PLAIN, patience: float = 5.0) -> SendOutcome:
    """One try, by a target of its own."""
    return await Target("growth/1", url, timeout=patience).send(rendered)


def senders(target: str) -> list[str]:
    """Threads that still try."""
    return [each.name for each in threading.enumerate() if each.name == f"send-{target}"]
