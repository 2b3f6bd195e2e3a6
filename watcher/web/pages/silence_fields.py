"""Fields of the forms that make silences."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from watcher.language import gettext as _
from watcher.store.sql.silences import LONGEST
from watcher.units import parse_duration
from watcher.web.forms import to_mend


def seconds_of(fields: Mapping[str, str]) -> int:
    """The time that a silence is to last by a form; 400 where that is none."""
    try:
        seconds = parse_duration(fields.get("for", ""))
    except ValueError as error:
        raise to_mend(error) from None
    if seconds <= 0:
        raise web.HTTPBadRequest(text=_("A silence must last longer than 0. Go back and mend it."))
    if seconds > LONGEST:
        raise web.HTTPBadRequest(text=_("A silence ends within 90 days. Go back and mend it."))
    return seconds
