"""Alerts by state, a page at a time; silences, and the forms that add and end them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from watcher.alert import AlertState
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.model import Instant
from watcher.rules.metrics import id_named
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.records import AlertRow
from watcher.store.sql.silences import LONGEST, Silence
from watcher.units import parse_duration
from watcher.web.context import PageContext, as_json
from watcher.web.pages.common import (
    durations,
    in_words,
    lines_of,
    number_of,
    page_of,
    shown,
    subjects_of,
)
from watcher.web.rendering import whole_number, with_query

SIZE = 50
# What people call the states.
STATES = {"firing": AlertState.FIRING, "pending": AlertState.PENDING, "over": AlertState.INACTIVE}
PAST_SILENCES = 50
_NONE_ARE = {
    "firing": N_("No alert is firing."),
    "pending": N_("No alert is pending."),
    "over": N_("No alert is over."),
}
_PATTERNS = {
    "rule": N_("Rule"),
    "product": N_("Product"),
    "seller": N_("Seller"),
    "category": N_("Category"),
}
_SPECIAL = re.compile(r"[*?[]")


@dataclass(frozen=True, slots=True)
class _AlertPage:
    state: str
    rule: str
    rows: Sequence[AlertRow]
    next: int | None


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /alerts?state=firing&rule=NAME&before=ID``."""
    found = await context.read(partial(_found, request.query))
    older = with_query("/alerts", state=found.state, rule=found.rule, before=found.next)
    return context.html(
        request,
        "alerts.html",
        states=tuple(STATES),
        none_are={state: _(text) for state, text in _NONE_ARE.items()},
        state=found.state,
        rule=found.rule,
        alerts=lines_of(found.rows, context),
        older=older if found.next else "",
        first="before" not in request.query,
        pictures=await context.pictures(subjects_of(found.rows)),
    )


async def data(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/alerts.json`` with the same query; ``next`` is the ``before`` of the next page."""
    found = await context.read(partial(_found, request.query))
    return as_json({"state": found.state, "alerts": in_words(found.rows), "next": found.next})


async def silences(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /silences``."""
    now = context.sources.now()
    found, names = await context.sources.read(_all_silences)
    return context.html(
        request,
        "silences.html",
        on=[each for each in found if each.ends > now],
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
    patterns, seconds = _patterns(fields, context.sources.book().sellers), _seconds(fields)
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
        return {name: _SPECIAL.sub(r"[\g<0>]", text) for name, text in patterns.items()}
    return patterns


def _category(text: str, database: Store) -> str:
    """The id of the category that has the name; what is no name is a pattern."""
    with suppress(ValueError):
        return database.categories.known().find(text).category_id
    return text


def _seconds(fields: Mapping[str, str]) -> int:
    try:
        seconds = parse_duration(fields.get("for", ""))
    except ValueError as error:
        text = _("{error}. Go back and mend it.").format(error=error)
        raise web.HTTPBadRequest(text=text) from None
    if seconds <= 0:
        raise web.HTTPBadRequest(text=_("A silence must last longer than 0. Go back and mend it."))
    if seconds > LONGEST:
        raise web.HTTPBadRequest(text=_("A silence ends within 90 days. Go back and mend it."))
    return seconds


async def end_silence(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``POST /silences/end``: the one of ``id``."""
    fields = await context.forms.read(request)
    number = number_of(fields, N_("Which silence?"))
    ended = await context.write(request, lambda audited: audited.end_silence(number))
    raise context.see(request, fields, "ended" if ended else "over", number)


def _found(query: Mapping[str, str], database: Store, book: Rulebook, now: Instant) -> _AlertPage:
    state = query.get("state", "")
    state = state if state in STATES else "firing"
    rule, before, wanted = query.get("rule", ""), whole_number(query, "before"), STATES[state]
    if wanted is AlertState.INACTIVE:
        ids = database.browsing.past_alerts(rule or None, before, SIZE + 1)
    else:
        ids = database.browsing.live_alerts(wanted, rule or None, before, SIZE + 1)
    here, more = page_of(ids, SIZE)
    return _AlertPage(state, rule, shown(database, here, book, now), here[-1] if more else None)
