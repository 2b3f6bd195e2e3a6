"""A message as a target of a channel is given it: in words, or as a document for programs."""

from __future__ import annotations

from watcher.delivery.message import render
from watcher.delivery.payload.building import written
from watcher.delivery.rendered import Rendered, Style, Way
from watcher.message import Message


def write(message: Message, key: str, style: Style, limit: int, way: Way) -> Rendered:
    """Write it in the channel's way. A document is no text: no limit cuts it. ``key`` is the
    notification's own, the same in every try."""
    if way.payload:
        body = written(message, way.channel, key, way.zone)
        return Rendered("", body, "text", message.severity.value)
    return render(message, style, way.zone, limit, way.template)
