"""The forms that acknowledge and silence alerts, one or many at once, and undo that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from urllib.parse import urlencode

from aiohttp import web

from watcher.audited import Audited
from watcher.language import gettext as _
from watcher.units import format_number
from watcher.web.bulk import MOST, Done, acknowledge, mark_of, silence, take_back, undo
from watcher.web.context import PageContext
from watcher.web.forms import own_path
from watcher.web.pages.silence_fields import seconds_of
from watcher.web.rendering import relative


async def acknowledge_form(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``POST /alerts/acknowledge``: each ``alert``; with ``again`` people are reminded of them
    again."""
    fields, ids = await _asked(context, request)
    deed = take_back if "again" in fields else acknowledge
    return await _do(context, request, fields, ids, lambda audited: deed(audited, ids))


async def silence_form(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``POST /alerts/silence``: the product of each ``alert``, ``for`` so long, by its rule, or by
    all (``of``), with a ``comment``."""
    fields, ids = await _asked(context, request)
    seconds, comment = seconds_of(fields), fields.get("comment", "").strip()
    wide = fields.get("of") == "all"
    return await _do(
        context, request, fields, ids,
        lambda audited: silence(audited, ids, seconds, comment, wide=wide),
    )  # fmt: skip


async def undo_form(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``POST /alerts/undo``: the deed that ``done`` marks."""
    fields = await context.forms.read(request)
    mark = fields.get("done", "")
    known = await context.deeds.undo(
        mark, lambda done: context.write(request, partial(undo, done=done))
    )
    if not known:
        raise web.HTTPBadRequest(
            text=_("What was done is not known any more: it can't be undone here.")
        )
    context.sources.wake()
    raise _back(context, request, fields, mark)


async def _asked(
    context: PageContext, request: web.Request
) -> tuple[Mapping[str, str], Sequence[int]]:
    """The form's fields, and the alerts that it is about."""
    fields = await context.forms.read(request)
    ids = await context.forms.numbers(request, "alert")
    if not ids:
        raise web.HTTPBadRequest(text=_("No alert was ticked. Go back and tick one."))
    if len(ids) > MOST:
        most = format_number(MOST)
        raise web.HTTPBadRequest(text=_("At most {most} alerts at once.").format(most=most))
    return fields, ids


async def _do(
    context: PageContext,
    request: web.Request,
    fields: Mapping[str, str],
    ids: Sequence[int],
    deed: Callable[[Audited], Done],
) -> web.StreamResponse:
    """Do it, unless this very form was sent before, and go back to what says so."""
    mark = mark_of({**fields, "": context.here(request)}, ids)

    def do() -> Awaitable[Done]:
        return context.write(request, deed)

    await context.deeds.once(mark, do)
    context.sources.wake()
    raise _back(context, request, fields, mark)


def _back(
    context: PageContext, request: web.Request, fields: Mapping[str, str], mark: str
) -> web.HTTPException:
    path, _mark, query = own_path(fields.get("back", ""), "/alerts").partition("?")
    kept = [each for each in query.split("&") if each and not each.startswith(("done=", "notice="))]
    wanted = "&".join([*kept, urlencode({"done": mark})])
    return web.HTTPSeeOther(relative(f"{path}?{wanted}", context.here(request)))
