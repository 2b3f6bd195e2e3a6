"""Alerts by state, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from watcher.model import AlertState
from watcher.store.ports import Store
from watcher.store.records import AlertRow
from watcher.web.context import PageContext, as_json, whole_number
from watcher.web.links import with_query
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
    found = await _read(context, request.query)
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
    found = await _read(context, request.query)
    return as_json({"state": found.state, "alerts": found.rows, "next": found.next})


async def _read(context: PageContext, query: Mapping[str, str]) -> _AlertPage:
    state = query.get("state", "")
    state = state if state in STATES else "firing"
    rule = query.get("rule", "")
    before = whole_number(query, "before")
    book, now = context.sources.book(), context.now()

    def read(database: Store) -> _AlertPage:
        ids, following = _find(database, state, rule, before)
        return _AlertPage(state, rule, shown(database, ids, book, now), following)

    return await context.read(read)


def _find(
    database: Store, state: str, rule: str, before: int | None
) -> tuple[Sequence[int], int | None]:
    """Ids of a page of alerts, and the ``before`` of the next page."""
    wanted = STATES[state]
    if wanted is AlertState.INACTIVE:
        ids = database.browsing.past_alerts(rule or None, before, SIZE + 1)
    else:
        ids = database.browsing.live_alerts(wanted, rule or None, before, SIZE + 1)
    ids_here, more = page_of(ids, SIZE)
    return ids_here, ids_here[-1] if more else None
