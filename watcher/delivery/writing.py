"""A message as a target of a channel is given it: in words, or as a document for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from watcher.delivery.message import render
from watcher.delivery.payload.building import document_text
from watcher.delivery.rendered import Rendered, Style, Way
from watcher.language import spoken
from watcher.message import Message


def write(
    message: Message,
    key: str,
    style: Style,
    limit: int,
    way: Way,
    *,
    link: str = "",
    pictures: Mapping[int, str] | None = None,
) -> Rendered:
    """Write it in the channel's way, with ``pictures`` of its products, by their numbers. A
    document is no text: no limit cuts it. ``key`` is the notification's own, the same in every try;
    at ``link`` one may act on the message."""
    if way.payload:
        with spoken(way.language):
            body = document_text(message, way.channel, key, way.zone, link)
        return Rendered("", body, "text", message.severity.value, key=key)
    rendered = render(
        message,
        style,
        way.zone,
        limit,
        way.template,
        pictures=pictures,
        language=way.language,
        link=link,
    )
    return replace(rendered, key=key)
