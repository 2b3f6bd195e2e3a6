"""Reports: when each is told, and one as it is now."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from watcher.analysis.reports.composing import compose
from watcher.analysis.reports.due import ReportStatus, moment_of, statuses
from watcher.delivery.report_tables import in_words
from watcher.model import Instant
from watcher.report import ReportContent
from watcher.rules.rulebook import Rulebook
from watcher.schedule import Cron
from watcher.store.ports import Store
from watcher.text.reports import report_title
from watcher.web.context import PageContext, as_json


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /reports``."""
    found = await context.read(_statuses)
    times = {each.name: str(at) for each, at in found}  # worded here, and not where it is read
    return context.html(request, "reports.html", reports=[each for each, _at in found], times=times)


async def list_data(context: PageContext, _request: web.Request) -> web.StreamResponse:
    """``GET /api/reports.json``; times are Unix seconds."""
    return as_json({"reports": await context.read(statuses)})


async def one(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /reports/NAME``: the report as it is now."""
    found = await context.read(partial(_report, request.match_info["name"]))
    return context.html(
        request,
        "report.html",
        name=found.name,
        title=report_title(found),
        words=in_words(found, context.zone),
        state=await context.read(partial(_status, found.name)),
    )


async def data(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/reports/NAME.json``: the same for programs; times are Unix seconds."""
    found = await context.read(partial(_report, request.match_info["name"]))
    return as_json({"title": report_title(found), "report": found})


def _report(name: str, database: Store, book: Rulebook, now: Instant) -> ReportContent:
    asked = next((each for each in book.reports if each.name == name), None)
    if asked is None:
        raise web.HTTPNotFound(text="The rule file has no such report.")
    return compose(database, book, asked, moment_of(database, asked, now))


def _statuses(database: Store, book: Rulebook, now: Instant) -> list[tuple[ReportStatus, Cron]]:
    return [*zip(statuses(database, book, now), (each.at for each in book.reports), strict=True)]


def _status(name: str, database: Store, book: Rulebook, now: Instant) -> ReportStatus | None:
    return next((each for each in statuses(database, book, now) if each.name == name), None)
