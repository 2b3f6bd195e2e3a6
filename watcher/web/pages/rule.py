"""One rule: how it is written, what it fires on, and what was told of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain

from aiohttp import web

from watcher.alert import AlertState
from watcher.analysis.scores.score import RuleScore
from watcher.analysis.scores.wording import measured, outcome_lines, rate
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.message import Notification
from watcher.model import Health, Instant
from watcher.page_text import PAGE_FILE
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.ports import Store
from watcher.store.records import AlertRow
from watcher.store.sql.silences import Silence
from watcher.web.context import PageContext, as_json
from watcher.web.pages.common import (
    durations,
    in_words,
    lines_of,
    shown,
    stored,
    subjects_of,
    summary,
)
from watcher.web.pages.rule_names import NamedByRule, named_by
from watcher.web.pages.rule_settings import written
from watcher.web.pages.scores import heard, products_of

LIVE = 10
PAST = 8
MESSAGES = 12
SILENCES = 20  # of single products there may be very many
_HEADS = {
    "firing": (N_("Firing"), N_("All that are firing")),
    "pending": (N_("Pending"), N_("All that are pending")),
    "over": (N_("Recently resolved"), N_("All that are over")),
}


@dataclass(frozen=True, slots=True)
class _RuleState:
    """A rule as the store has it: ``alerts`` by state, of which ``more`` are those with more."""

    health: Health
    alerts: Mapping[str, Sequence[AlertRow]]
    more: tuple[str, ...]
    counts: dict[str, int]
    messages: Sequence[Notification]
    silences: Sequence[Silence]
    named: Sequence[NamedByRule]


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /rules/NAME``, ``/rules/page?rule`` of the one that is called so."""
    rule = _rule(context, request)
    past = await context.read(partial(_past, rule))
    score = await _score(context, rule)
    return context.html(
        request,
        "rule.html",
        rule=rule,
        past=past,
        silences=past.silences[:SILENCES],
        **written(rule, context.sources.book().sellers),
        groups=[
            (state, *map(_, _HEADS[state]), lines_of(rows, context))
            for state, rows in past.alerts.items()
        ],
        score=score,
        score_rates=[heard(each, rate(each)) for each in score.heard],
        score_lines=list(outcome_lines(score)),
        score_measured=measured(score),
        durations=durations(),
        back=context.here(request),
        of_page=rule.file == PAGE_FILE,
        pictures=await context.pictures(
            [*subjects_of(chain.from_iterable(past.alerts.values())), *products_of(score.noisiest)]
        ),
    )


async def data(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/rules/NAME.json``."""
    rule = _rule(context, request)
    past = await context.read(partial(_past, rule))
    alerts = {state: in_words(rows) for state, rows in past.alerts.items()}
    return as_json(
        {
            "name": rule.name,
            "description": rule.description,
            **written(rule, context.sources.book().sellers),
            "health": past.health,
            "firing": alerts["firing"],
            "pending": alerts["pending"],
            "resolved": alerts["over"],
            "counts": past.counts,
            "messages": [summary(each) for each in past.messages],
            "silences": past.silences,
            "score": await _score(context, rule),
        }
    )


def _rule(context: PageContext, request: web.Request) -> Rule:
    name = request.match_info.get("name", "page")
    for rule in context.sources.book().rules:
        if rule.name == name:
            return rule
    raise web.HTTPNotFound(text=_("There is no rule of this name in the rule file now."))


async def _score(context: PageContext, rule: Rule) -> RuleScore:
    sources = context.sources
    return await context.board.of(rule, sources.book(), sources.now(), sources.read)


def _past(rule: Rule, database: Store, book: Rulebook, now: Instant) -> _RuleState:
    name = rule.name
    pages = {
        "firing": (database.browsing.live_alerts(AlertState.FIRING, name, limit=LIVE + 1), LIVE),
        "pending": (database.browsing.live_alerts(AlertState.PENDING, name, limit=LIVE + 1), LIVE),
        "over": (database.browsing.past_alerts(name, limit=PAST + 1), PAST),
    }
    return _RuleState(
        health=database.health.get("rule", name),
        alerts={
            each: shown(database, ids[:size], book, now) for each, (ids, size) in pages.items()
        },
        more=tuple(state for state, (ids, size) in pages.items() if len(ids) > size),
        counts=database.browsing.live_counts(name),
        messages=stored(database, database.browsing.notifications_of_rule(name, MESSAGES)),
        silences=[each for each in database.silences.active(now) if each.covers_rule(name)],
        named=named_by(database, book, rule),
    )
