"""One watch's list as a table that its address describes; the same for programs and spreadsheets,
and the rule that picks the same products."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from aiohttp import web

from watcher.analysis.views.asked import WHEN, ListView, ViewTrouble, asked_view, is_form
from watcher.analysis.views.columns import NAME, ListColumns
from watcher.analysis.views.held import HeldLists
from watcher.analysis.views.listing import ShownList, shown_list
from watcher.analysis.views.picking import Picked, picked
from watcher.analysis.views.sheets import list_csv, rows_json
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.model import Health, Instant
from watcher.rules.rulebook import Rulebook, Watch
from watcher.rules.sections.written_rules import written_rule
from watcher.store.ports import Store
from watcher.store.records import ScanRow
from watcher.web.context import PageContext, as_json
from watcher.web.pages import list_words as words
from watcher.web.rendering import relative

_NONE = N_("There is no such watch.")
_NEVER = N_("No scan of this watch has read anything yet.")


@dataclass(frozen=True, slots=True)
class _Asked:
    """The wishes of an address: a view of a watch's list."""

    watch: Watch
    known: ListColumns
    view: ListView
    picked: Picked
    troubles: Sequence[ViewTrouble]

    @property
    def query(self) -> str:
        return self.view.query(self.known)


@dataclass(frozen=True, slots=True)
class _Found:
    """The list, None where nothing was read; and the newest scan, of which it may be an older
    one."""

    shown: ShownList | None
    newest: ScanRow | None
    health: Health


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /watches/NAME?q=TEXT&cols=A,B&sort=-A&min.A=1&when=YAML&page=2``."""
    asked = _asked(context, request)
    here = context.here(request)
    if not asked.troubles and is_form(request.query.items()):
        path = f"{here}?{asked.query}" if asked.query else here
        raise web.HTTPSeeOther(relative(path, here))
    found = await context.read(partial(_found, asked, context.lists))
    shown = found.shown
    rows = shown.rows if shown is not None else ()
    book = context.sources.book()
    return context.html(
        request,
        "list.html",
        watch=asked.watch,
        is_read=any(each.key == asked.watch.key for each in book.used_watches),
        query=asked.query,
        view=asked.view,
        found=found,
        shown=shown,
        scan=shown.scan if shown is not None else None,
        trouble_of=partial(_told, asked.troubles),
        doubts=asked.picked.doubts,
        heads=words.heads(asked.view, asked.known),
        name_head=words.head(asked.known[NAME], asked.view, asked.known),
        lines=words.lines(shown, asked.view.columns, book.metrics.gmv_currency) if shown else (),
        of_gmv=words.of_gmv(asked.view.columns),
        gmv_currency=book.metrics.gmv_currency,
        orders=words.orders(asked.view, asked.known),
        ranged=any(name == WHEN or "." in name for name in asked.view.filters),
        ranges=[*words.fields(asked.view, asked.known)],
        offered=words.offered(asked.view, asked.known),
        ways=words.pages(asked.view, asked.known, shown) if shown is not None else (),
        baseline=words.since(asked.known.baseline),
        pictures=await context.pictures((row.region, row.product_id) for row in rows),
    )


async def rule(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /watches/NAME/rule`` with the same query: the rule that picks the same products."""
    asked = _asked(context, request)
    when = asked.picked.written
    text = "" if when is None else written_rule(context.sources.book(), asked.watch, when)
    return context.html(
        request,
        "list_rule.html",
        watch=asked.watch,
        query=asked.query,
        text=text,
        by_alerts=asked.picked.by_alerts,
        troubles=asked.troubles,
    )


async def data(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/watches/NAME.json`` with the same query: all rows that its filters pick."""
    asked, shown = await _all(context, request)
    return as_json(
        {
            "watch": asked.watch.name,
            "query": asked.query,
            "scan": {
                "at": shown.scan.at,
                "state": shown.scan.state,
                "size": shown.size,
                "doubt": shown.scan.doubt is not None,
            },
            "gmv_currency": context.sources.book().metrics.gmv_currency,
            "changes_from": str(asked.known.baseline),
            "columns": [
                {
                    "name": column.name,
                    "label": column.label,
                    "kind": column.kind,
                    "unit": column.metric.unit if column.metric is not None else None,
                }
                for column in asked.view.columns
            ],
            "found": shown.found,
            "unknown": shown.unknown,
            "names": shown.names,
            "rows": rows_json(shown, asked.view.columns),
        }
    )


async def sheet(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/watches/NAME.csv`` with the same query; ``comma=1`` has a decimal comma."""
    asked, shown = await _all(context, request)
    comma = request.query.get("comma", "") == "1"
    # Of ten thousand rows on a thread: nothing else would be answered meanwhile.
    body = await asyncio.to_thread(list_csv, shown, asked.view.columns, comma=comma)
    name = quote(f"{asked.watch.name}.csv", safe="")
    return web.Response(
        body=body,
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
    )


async def _all(context: PageContext, request: web.Request) -> tuple[_Asked, ShownList]:
    """All rows of a view; 400 where the address says what can't be, 404 without a scan."""
    asked = _asked(context, request)
    if asked.troubles:
        told = (
            f"{each.field}: {each.text}" if each.field else each.text for each in asked.troubles
        )
        raise web.HTTPBadRequest(text="\n".join(told))
    found = await context.read(partial(_found, asked, context.lists, every=True))
    if found.shown is None:
        raise web.HTTPNotFound(text=_(_NEVER))
    return asked, found.shown


def _asked(context: PageContext, request: web.Request) -> _Asked:
    book, name = context.sources.book(), request.match_info["name"]
    watch = next((each for each in book.watches if each.name == name), None)
    if watch is None:
        raise web.HTTPNotFound(text=_(_NONE))
    known = ListColumns(book.metrics, watch)
    view, troubles = asked_view([*request.query.items()], known)
    found = picked(view, known, book, watch)
    return _Asked(watch, known, view, found, (*troubles, *found.troubles))


def _found(
    asked: _Asked, lists: HeldLists, database: Store, book: Rulebook, _now: Instant,
    *, every: bool = False,
) -> _Found:  # fmt: skip
    held = lists.of(database, book, asked.watch)
    health = database.health.get("watch", asked.watch.key)
    if held is None:
        return _Found(None, database.history.last_scan(asked.watch.key), health)
    shown = shown_list(database, held, asked.view, asked.picked, every=every)
    return _Found(shown, database.history.last_scan(asked.watch.key), health)


def _told(troubles: Sequence[ViewTrouble], *fields: str) -> list[ViewTrouble]:
    """The troubles with some fields of the form; of "", those of none."""
    return [each for each in troubles if each.field in fields]
