"""The overview: what fires first, then what was told, what is read, and what it costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, TypeVar

import msgspec
from aiohttp import web

from watcher.alert import AlertState
from watcher.analysis.overview import Overview, RuleStatus, WatchStatus, overview
from watcher.incident import About, Incident
from watcher.language import language, spoken
from watcher.message import Notification
from watcher.model import Instant, ScanState
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.records import AlertRow
from watcher.web.context import PageContext, as_json
from watcher.web.metrics import exposition, read
from watcher.web.pages.common import in_words, lines_of, shown, stored, subjects_of

T = TypeVar("T")
_Job: TypeAlias = Callable[[Store, Rulebook, Instant], T]
FIRING = 12
MESSAGES = 6
WATCHES = 10


@dataclass(frozen=True, slots=True)
class _Front:
    """The state of everything, with the newest of what fires and what was told."""

    state: Overview
    incidents: Sequence[Incident]
    firing: Sequence[AlertRow]
    messages: Sequence[Notification]
    firing_by_watch: Mapping[str, int]


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /``."""
    front = await context.read(_spoken(_front))
    state = front.state
    quiet = [each for each in state.rules if each.quiet]
    return context.html(
        request,
        "overview.html",
        state=state,
        ill=await context.sources.ill(),
        firing=lines_of(front.firing, context),
        total=sum(rule.firing for rule in state.rules),
        messages=front.messages,
        watches=_urgent(state.watches)[:WATCHES],
        firing_by_watch=front.firing_by_watch,
        failing=_untold(front, About.WATCH, state.watches),
        broken=_untold(front, About.RULE, state.rules),
        quiet=quiet[:WATCHES],
        more_quiet=max(0, len(quiet) - WATCHES),
        read=any(watch.last is not None for watch in state.watches),
        judged=all(map(_was_read, state.watches)),
        pictures=await context.pictures(subjects_of(front.firing)),
    )


async def watches(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /watches``: all of them."""
    state, firing = await context.read(_spoken(_watched))
    return context.html(
        request,
        "watches.html",
        watches=_urgent(state.watches),
        refreshes=state.refreshes,
        firing_by_watch=firing,
    )


async def watches_data(context: PageContext, _request: web.Request) -> web.StreamResponse:
    """``GET /api/watches.json``."""
    state, firing = await context.read(_watched)
    found = [
        {**msgspec.to_builtins(each), "firing": firing.get(each.key, 0)} for each in state.watches
    ]
    return as_json({"watches": found, "refreshes": state.refreshes})


async def rules(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /rules``: all of them, those that fire first."""
    state = await context.read(_spoken(overview))

    def order(rule: RuleStatus) -> tuple[bool, int, int, str]:
        return rule.health.failing_since is None, -rule.firing, -rule.pending, rule.name

    return context.html(request, "rules.html", rules=sorted(state.rules, key=order))


async def data(context: PageContext, _request: web.Request) -> web.StreamResponse:
    """``GET /api/overview.json``."""
    front, ill = await context.read(_front), await context.sources.ill()
    return as_json({"overview": front.state, "alerts": in_words(front.firing), "ill": ill})


async def metrics(context: PageContext, _request: web.Request) -> web.StreamResponse:
    """``GET /metrics``."""
    healthy = await context.sources.ill() is None
    reading = await context.read(partial(read, healthy=healthy))
    body, content_type = exposition(reading, context.sources.instruments)
    return web.Response(body=body, headers={"Content-Type": content_type})


async def healthz(context: PageContext, _request: web.Request) -> web.StreamResponse:
    """``GET /healthz``."""
    ill = await context.sources.ill()
    return web.Response(text=f"{ill or 'ok'}\n", status=503 if ill else 200)


def _spoken(job: _Job[T]) -> _Job[T]:
    """The job, with what it words (troubles, what a watch reads) in the language of the page: the
    store's thread speaks English by itself."""
    wanted = language()

    def speaking(database: Store, book: Rulebook, now: Instant) -> T:
        with spoken(wanted):
            return job(database, book, now)

    return speaking


def _front(database: Store, book: Rulebook, now: Instant) -> _Front:
    firing = database.browsing.live_alerts(AlertState.FIRING, limit=FIRING)
    messages = database.browsing.notifications(limit=MESSAGES)
    return _Front(
        overview(database, book, now),
        database.health.incidents(),
        shown(database, firing, book, now),
        stored(database, messages),
        database.browsing.firing_by_watch(),
    )


def _watched(database: Store, book: Rulebook, now: Instant) -> tuple[Overview, Mapping[str, int]]:
    return overview(database, book, now), database.browsing.firing_by_watch()


def _untold(
    front: _Front, about: About, those: Sequence[WatchStatus | RuleStatus]
) -> Sequence[WatchStatus | RuleStatus]:
    """The failing ones, but for what the operator was told: it stands among the troubles."""
    told = {each.subject for each in front.incidents if each.about is about}
    failing = (each for each in those if each.health.failing_since is not None)
    return [each for each in failing if each.name not in told][:WATCHES]


def _urgent(watches: Sequence[WatchStatus]) -> list[WatchStatus]:
    """Sort: first those that fail, then as they are due."""
    return sorted(watches, key=lambda each: (each.health.failing_since is None, each.due))


def _was_read(watch: WatchStatus) -> bool:
    """Whether its last scan read something: of a list that failed no rule knows anything new."""
    return watch.last is not None and watch.last.state is not ScanState.FAILED
