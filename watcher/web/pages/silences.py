"""Silences, and the forms that add and end them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

from aiohttp import web

from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.rules.metrics import id_named
from watcher.store.ports import Store
from watcher.store.sql.silences import Silence, exactly
from watcher.web.context import PageContext
from watcher.web.pages.common import durations, number_of, page_of
from watcher.web.pages.silence_fields import seconds_of
from watcher.web.rendering import whole_number, with_query

SIZE = 100  # that are on
PAST_SILENCES = 50
_PATTERNS = {
    "rule": N_("Rule"),
    "product": N_("Product"),
    "seller": N_("Seller"),
    "category": N_("Category"),
}


async def silences(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /silences?before=ID``: a page of those that are on, and some that are over."""
    now = context.sources.now()
    found, names = await context.sources.read(_all_silences)
    before = whole_number(request.query, "before")
    on = [each for each in found if each.ends > now]
    here, more = page_of([each for each in on if before is None or each.id < before], SIZE)
    return context.html(
        request,
        "silences.html",
        on=here,
        count=len(on),
        older=with_query("/silences", before=here[SIZE - 1].id) if more else "",
        over=[each for each in found if each.ends <= now][:PAST_SILENCES],
        durations=durations(),
        patterns=[(name, _(label)) for name, label in _PATTERNS.items()],
        names={**names, **context.sources.book().sellers},
    )


def _all_silences(database: Store) -> tuple[Sequence[Silence], Mapping[str, str]]:
    """All of them, with the names of the categories that they are of."""
    found = database.silences.list()
    return found, database.categories.names(each.category for each in found)


async def add_silence(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``POST /silences``: patterns (or an ``exact`` rule or product), ``for``, ``comment``."""
    fields = await context.forms.read(request)
    patterns, seconds = _patterns(fields, context.sources.book().sellers), seconds_of(fields)
    if "category" in patterns and "exact" not in fields:
        wanted = patterns["category"]
        patterns["category"] = await context.sources.read(partial(_category, wanted))
    comment = fields.get("comment", "").strip()
    silence = await context.write(
        request,
        lambda audited: audited.silence(ends=audited.now + seconds, comment=comment, **patterns),
    )
    raise context.see(request, fields, "silenced", silence.id)


def _patterns(fields: Mapping[str, str], sellers: Mapping[str, str]) -> dict[str, str]:
    patterns = {name: text for name in _PATTERNS if (text := fields.get(name, "").strip())}
    if seller := id_named(sellers, patterns.get("seller", "")):
        patterns["seller"] = seller
    if not patterns:
        raise web.HTTPBadRequest(
            text=_("A silence needs at least one pattern. Go back and give one.")
        )
    if "exact" in fields:  # the pattern that only this text matches
        return {name: exactly(text) for name, text in patterns.items()}
    return patterns


def _category(text: str, database: Store) -> str:
    """The id of the category that has the name; what is no name is a pattern."""
    with suppress(ValueError):
        return database.categories.known().find(text).category_id
    return text


async def end_silence(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``POST /silences/end``: the one of ``id``."""
    fields = await context.forms.read(request)
    number = number_of(fields, N_("Which silence?"))
    ended = await context.write(request, lambda audited: audited.end_silence(number))
    raise context.see(request, fields, "ended" if ended else "over", number)
