"""A message as a target of a channel is given it: in words, or as a document for programs."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import structlog

from watcher.delivery.message import render
from watcher.delivery.payload.building import document_text
from watcher.delivery.plainer import plainer
from watcher.delivery.rendered import Rendered, Style, Way
from watcher.language import spoken
from watcher.message import Message

log = structlog.get_logger("watcher.delivery")


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
    at ``link`` one may act on the message. What can't be written as it is, is told plainer."""
    writing = partial(
        _written, key=key, style=style, limit=limit, way=way, link=link, pictures=pictures
    )
    try:
        return writing(message)
    except Exception as error:  # noqa: BLE001 - a fault of ours, which comes with every try
        # Not the error's text, which may repeat what is sent where.
        where = traceback.extract_tb(error.__traceback__)[-1]
        log.error(  # noqa: TRY400
            "a message could not be written; told in plainer words",
            error=type(error).__name__, at=f"{where.name}:{where.lineno}", rule=message.rule,
        )  # fmt: skip
        with spoken(way.language):
            return plainer(message, writing)


def _written(
    message: Message,
    *,
    key: str,
    style: Style,
    limit: int,
    way: Way,
    link: str,
    pictures: Mapping[int, str] | None,
) -> Rendered:
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
