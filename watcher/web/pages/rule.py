"""One rule: how it is written, what it fires on, and what was told of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

from aiohttp import web

from watcher.alert import AlertState
from watcher.analysis.scores.score import RuleScore
from watcher.analysis.scores.wording import measured, outcome_lines, rate
from watcher.labels import label_said
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.message import Notification
from watcher.model import Health, Instant
from watcher.rules.metrics import Metric
from watcher.rules.rulebook import Rule, Rulebook
from watcher.rules.sections.figures import meaning_of
from watcher.store.ports import Store
from watcher.store.records import AlertRow
from watcher.store.sql.silences import Silence
from watcher.text.retold import retold
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
from watcher.web.pages.scores import heard, products_of
from watcher.web.pages.terms import term
from watcher.web.rendering import duration, severities_said

LIVE = 10
PAST = 8
MESSAGES = 12
_URL = re.compile(r"\b(\w+://)[^\s\"'<>]+")
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


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /rules/NAME``."""
    rule = _rule(context, request)
    past = await context.read(partial(_past, rule.name))
    score = await _score(context, rule)
    return context.html(
        request,
        "rule.html",
        rule=rule,
        past=past,
        **_written(rule, context.sources.book().sellers),
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
        pictures=await context.pictures(
            [*subjects_of(chain.from_iterable(past.alerts.values())), *products_of(score.noisiest)]
        ),
    )


async def data(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/rules/NAME.json``."""
    rule = _rule(context, request)
    past = await context.read(partial(_past, rule.name))
    alerts = {state: in_words(rows) for state, rows in past.alerts.items()}
    return as_json(
        {
            "name": rule.name,
            "description": rule.description,
            **_written(rule, context.sources.book().sellers),
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


def masked(text: str) -> str:
    """``text`` without URLs: a rule's own lines hold none, but a comment might."""
    return _URL.sub(r"\1***", text)


def _rule(context: PageContext, request: web.Request) -> Rule:
    name = request.match_info["name"]
    for rule in context.sources.book().rules:
        if rule.name == name:
            return rule
    raise web.HTTPNotFound(text=_("There is no rule of this name in the rule file now."))


async def _score(context: PageContext, rule: Rule) -> RuleScore:
    sources = context.sources
    return await context.board.of(rule, sources.book(), sources.now(), sources.read)


def _past(name: str, database: Store, book: Rulebook, now: Instant) -> _RuleState:
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
    )


def _written(rule: Rule, sellers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "text": masked(rule.text),
        "when": term(rule.when),
        "until": term(rule.until) if rule.until is not None else None,
        "grades": {grade.severity.value: term(grade.when) for grade in rule.grades},
        "settings": dict(_settings(rule, sellers)),
    }


def _meaning(metric: Metric) -> str:
    return meaning_of(metric.figure) if metric.figure is not None else retold(metric.meaning)


def _settings(rule: Rule, sellers: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The rule's settings beside its conditions."""
    read = [f"{each.name}: {each.query.describe(sellers)}" for each in rule.watches]
    yield _("watch"), read[0] if len(read) == 1 else "; ".join(read)
    if rule.group is not None:
        said = _("{groups}, each as a whole ({name})")
        yield _("judges"), said.format(groups=retold(rule.group.said), name=rule.group.name)
        for metric in rule.group.figures:
            yield label_said(metric.name, metric.label), _meaning(metric)
    yield _("schedule"), ", ".join(dict.fromkeys(str(each.schedule) for each in rule.watches))
    if not rule.enabled:
        yield _("enabled"), _("no: it is not judged")
    yield _("severity"), severities_said(rule.severities)
    if rule.mutes:
        yield _("mutes"), ", ".join(rule.mutes)
    if rule.muted_by:
        yield _("muted by"), ", ".join(rule.muted_by)
    yield _("tells"), ", ".join(rule.notify) or _("nobody")
    if rule.for_:
        yield _("for"), duration(rule.for_)
    if rule.keep_firing_for:
        yield _("keep firing for"), duration(rule.keep_firing_for)
    yield _("cooldown"), duration(rule.cooldown)
    yield _("remind"), duration(rule.remind)
    yield _("tells the end"), _("yes") if rule.resolved else _("no")
    yield _("strongest by"), str(rule.order_by)
    yield _("products in a message"), str(rule.limit)
    yield _("priority"), str(rule.priority)
    yield _("written in"), f"{rule.file}:{rule.line}"
