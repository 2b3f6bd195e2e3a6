"""Alerts by state, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from watcher.model import AlertState, Instant
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.sql.alerts import AlertRow
from watcher.web.context import PageContext, as_json, whole_number, with_query
from watcher.web.pages.common import lines_of, page_of, shown

SIZE = 50
# What people call the states.
STATES = {"firing": AlertState.FIRING, "pending": AlertState.PENDING, "over": AlertState.INACTIVE}


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
        state=found.state,
        rule=found.rule,
        alerts=lines_of(found.rows, context),
        older=older if found.next else "",
        first="before" not in request.query,
    )


async def data(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/alerts.json`` with the same query; ``next`` is the ``before`` of the next page."""
    found = await context.read(partial(_found, request.query))
    return as_json({"state": found.state, "alerts": found.rows, "next": found.next})


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
