"""Alerts as they are searched for, a page at a time: for people, as JSON, and all as CSV; and all
that match, to be acknowledged or silenced at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from watcher.alert import Alert, AlertState
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.model import Instant, Severity
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.records import AlertRow
from watcher.store.sql.alert_search import AlertPlace
from watcher.web.alert_csv import ROWS, alert_csv
from watcher.web.bulk import MOST, said
from watcher.web.context import PageContext, as_json
from watcher.web.pages.common import durations, in_words, lines_of, shown, subjects_of
from watcher.web.searching import (
    EITHER,
    STATES,
    FoundAlerts,
    Leaf,
    Search,
    asked_of,
    found_on,
    leaf_of,
    search_of,
)

_NONE_ARE = {
    "firing": N_("No alert is firing."),
    "pending": N_("No alert is pending."),
    "over": N_("No alert is over."),
    "all": N_("There was no alert yet."),
}
_NAMED = 10  # of all that match
_CHUNK = 500  # rows of CSV that are read at one go: others want to read, too


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of alerts as it was found; ``direct`` is the number of the alert that the text names,
    where that is not on it."""

    found: FoundAlerts
    rows: Sequence[AlertRow]
    rules: Sequence[str]
    direct: int | None


@dataclass(frozen=True, slots=True)
class _All:
    """The newest of all that match, without their evidence, and the first of them in full; whether
    there are ``more``."""

    alerts: Sequence[Alert]
    rows: Sequence[AlertRow]
    more: bool


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /alerts?q=serum&state=firing&severity=critical&rule=NAME&channel=NAME&from=2026-11-01
    &to=2026-11-30&acknowledged=no&silenced=no&before=ID&at=TIME``."""
    search, found = await _read(context, request)
    return context.html(
        request,
        "alerts.html",
        search=search,
        states=[(each, search.address(state=each)) for each in STATES],
        empty=_none(search, first=not found.found.newer),
        alerts=lines_of(found.rows, context),
        older=_leaf(search, "before", found.found.older),
        newer=_leaf(search, "after", found.found.newer),
        direct=found.direct,
        csv=search.address("/api/alerts.csv"),
        json=_here(search, request.query, "/api/alerts.json"),
        matching=search.address("/alerts/matching"),
        rows=ROWS,
        **_choices(context, found.rules),
        **done_of(context, request),
        back=_here(search, request.query),
        durations=durations(),
        pictures=await context.pictures(subjects_of(found.rows)),
    )


async def data(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/alerts.json`` with the same query; ``next`` is the ``before`` of the next page,
    ``older`` and ``newer`` are the queries of the pages beside this one."""
    search, found = await _read(context, request)
    _refuse(search)
    older, newer = found.found.older, found.found.newer
    return as_json(
        {
            "state": search.state,
            "alerts": in_words(found.rows),
            "next": older.id if older else None,
            "older": _leaf(search, "before", older, "") or None,
            "newer": _leaf(search, "after", newer, "") or None,
            "asked": {name: value for name, value in search.query.items() if value},
        }
    )


async def table(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/alerts.csv`` with the same query: the newest of all that match, as far as CSV
    has them."""
    search = _search(context, request)
    _refuse(search)
    ids = await context.read(partial(_ids, search, ROWS))
    parts = [
        await context.read(partial(alert_csv, ids[start : start + _CHUNK], head=not start))
        for start in range(0, max(1, len(ids)), _CHUNK)
    ]
    return web.Response(
        body=b"".join(parts),
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": 'attachment; filename="alerts.csv"'},
    )


async def matching(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /alerts/matching`` with the same query: all that match, before anything is done."""
    search = _search(context, request)
    found = await context.read(partial(_all, search))
    states = [each.state for each in found.alerts]
    firing = [each for each in found.alerts if each.state is AlertState.FIRING]
    return context.html(
        request,
        "matching.html",
        search=search,
        ids=[each.id for each in found.alerts],
        more=found.more,
        most=MOST,
        firing=len(firing),
        acknowledged=sum(each.acknowledged is not None for each in firing),
        over=states.count(AlertState.INACTIVE),
        lines=lines_of(found.rows, context),
        back=search.address(),
        durations=durations(),
        pictures=await context.pictures(subjects_of(found.rows)),
    )


def done_of(context: PageContext, request: web.Request) -> dict[str, Any]:
    """Say for a page what the form did that led here, with its mark, where it can be undone."""
    mark = request.query.get("done", "")
    done = context.deeds.get(mark)
    if done is None:
        return {"done": (), "undo": ""}
    return {"done": [*said(done, context.zone)], "undo": mark if done.can_be_undone else ""}


async def _read(context: PageContext, request: web.Request) -> tuple[Search, _Page]:
    search = _search(context, request)
    return search, await context.read(partial(_found, search, request.query))


def _search(context: PageContext, request: web.Request) -> Search:
    return search_of(request.query, context.sources.book(), context.sources.now())


def _refuse(search: Search) -> None:
    """A program is not given what it did not ask for."""
    if search.problems:
        raise web.HTTPBadRequest(text="\n".join(search.problems))


def _choices(context: PageContext, rules: Sequence[str]) -> dict[str, Any]:
    """The choices of the search's form."""
    book = context.sources.book()
    now = [rule.name for rule in book.rules]
    return {
        "rules": now,
        "former": [each for each in rules if each not in {*now}],
        "channels": [*book.channels],
        "severities": [each.value for each in Severity],
        "either": [*EITHER],
    }


def _leaf(search: Search, side: str, place: AlertPlace | None, path: str = "/alerts") -> str:
    if place is None:
        return ""
    more: dict[str, Any] = {side: place.id, "at": place.began}
    return search.address(path, **more).removeprefix("?" * (not path))


def _here(search: Search, query: Mapping[str, str], path: str = "/alerts") -> str:
    """The view, to come back to it."""
    place: dict[str, Any] = {name: query.get(name) for name in ("before", "after", "at")}
    return search.address(path, **place)


def _none(search: Search, *, first: bool) -> str:
    if not first:
        return _("No more alerts.")
    return _("No alert matches.") if search.narrows else _(_NONE_ARE[search.state])


def _found(
    search: Search, query: Mapping[str, str], database: Store, book: Rulebook, now: Instant
) -> _Page:
    asked = asked_of(search, database, book, now)
    found = found_on(asked, leaf_of(query, database), database)
    direct = search.number if search.number not in found.ids else None
    known = direct is not None and database.alert_search.place(direct) is not None
    return _Page(
        found,
        shown(database, found.ids, book, now),
        database.alert_search.rules(),
        direct if known else None,
    )


def _ids(search: Search, most: int, database: Store, book: Rulebook, now: Instant) -> Sequence[int]:
    asked = asked_of(search, database, book, now)
    return found_on(asked, Leaf(), database, most).ids


def _all(search: Search, database: Store, book: Rulebook, now: Instant) -> _All:
    asked = asked_of(search, database, book, now)
    found = found_on(asked, Leaf(), database, MOST)
    known = {each.id: each for each in database.alerts.stated(found.ids)}
    alerts = [known[each] for each in found.ids if each in known]
    rows = shown(database, found.ids[:_NAMED], book, now)
    return _All(alerts, rows, found.older is not None)
