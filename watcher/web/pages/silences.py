"""Silences: those that are on, those that were, and the forms that add and end them."""

from __future__ import annotations

import re

from aiohttp import web

from watcher.units import parse_duration
from watcher.web.context import PageContext
from watcher.web.pages.common import DURATIONS, number_of

PAST = 50
_PATTERNS = ("rule", "product", "seller", "category")
_SPECIAL = re.compile(r"[*?[]")


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /silences``."""
    now = context.sources.now()
    found = await context.sources.read(lambda database: database.silences.list())
    return context.html(
        request,
        "silences.html",
        on=[each for each in found if each.ends > now],
        over=[each for each in found if each.ends <= now][:PAST],
        durations=DURATIONS,
        patterns=_PATTERNS,
    )


async def add(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``POST /silences``: patterns (or an ``exact`` rule or product), ``for``, ``comment``."""
    fields = await context.forms.read(request)
    patterns = {name: text for name in _PATTERNS if (text := fields.get(name, "").strip())}
    if not patterns:
        raise web.HTTPBadRequest(text="A silence needs at least one pattern. Go back and give one.")
    if "exact" in fields:  # the pattern that only this text matches
        patterns = {name: _SPECIAL.sub(r"[\g<0>]", text) for name, text in patterns.items()}
    try:
        seconds = parse_duration(fields.get("for", ""))
    except ValueError as error:
        raise web.HTTPBadRequest(text=f"{error}. Go back and mend it.") from None
    if seconds <= 0:
        raise web.HTTPBadRequest(text="A silence must last longer than 0. Go back and mend it.")
    comment, now = fields.get("comment", "").strip(), context.sources.now()
    silence = await context.sources.write(
        lambda database: database.silences.add(
            begins=now, ends=now + seconds, comment=comment, **patterns
        )
    )
    raise context.see(request, fields, "silenced", silence.id)


async def end(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``POST /silences/end``: the one of ``id``."""
    fields = await context.forms.read(request)
    number, now = number_of(fields, "silence"), context.sources.now()
    ended = await context.sources.write(lambda database: database.silences.end(number, now))
    raise context.see(request, fields, "ended" if ended else "over", number)
