"""Reads and forms that several pages share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import tzinfo
from typing import Any, TypeVar

import numpy as np
from aiohttp import web

from watcher.evaluation.known import with_known, worded
from watcher.evaluation.series import Track, number
from watcher.language import gettext as _
from watcher.message import Notification, NotificationState
from watcher.model import Instant
from watcher.notification.deferral import with_holds
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.records import AlertRow
from watcher.text.evidence import said
from watcher.text.messages import title_of
from watcher.units import Currencies, counted
from watcher.web.context import PageContext
from watcher.web.plots import card_of, chart_of
from watcher.web.rendering import whole_number
from watcher.web.words import AlertLine, lines

T = TypeVar("T")
SPANS = (30, 90, 400)  # days of a past that is shown
ALERTS = 30  # of one subject
ROWS = 400  # of values in a table and the JSON, the newest


def durations() -> list[tuple[str, str]]:
    """Times that a silence is offered to last, each with what the form sends."""
    return [
        *((f"{each}h", counted("{count} hour", "{count} hours", each)) for each in (1, 6)),
        *((f"{each}d", counted("{count} day", "{count} days", each)) for each in (1, 3)),
        ("1w", counted("{count} week", "{count} weeks", 1)),
        ("30d", counted("{count} day", "{count} days", 30)),
    ]


def lines_of(rows: Sequence[AlertRow], context: PageContext) -> list[AlertLine]:
    """Alerts as lists show them, with the severity that their rules give them now."""
    book = context.sources.book()
    rules = {rule.name: rule for rule in book.rules}
    severities = {
        row.alert.id: rules[row.alert.rule].severity_of(row.alert)
        for row in rows
        if row.alert.rule in rules
    }
    return lines(rows, context.sources.now(), book.zone, severities, book.metrics.gmv_currency)


def days_of(query: Mapping[str, str]) -> int:
    """The span that is asked for, or the usual one."""
    wanted = whole_number(query, "days")
    return wanted if wanted in SPANS else SPANS[1]


def plotted(
    tracks: Sequence[Track], chosen: Track | None, alerts: Sequence[AlertRow],
    within: tuple[Instant, Instant], currencies: Currencies, zone: tzinfo,
) -> dict[str, Any]:  # fmt: skip
    """A subject's past for a page: a card of each track, and the chosen one with its plot, its
    alerts and its rows."""
    return {
        "cards": [card_of(each, within, currencies, chosen=each is chosen) for each in tracks],
        "chosen": chosen,
        "chart": chart_of(chosen, alerts, within, currencies, zone) if chosen else None,
        "rows": track_rows(chosen, currencies) if chosen else (),
        "spans": SPANS,
        "durations": durations(),
    }


def subjects_of(rows: Iterable[AlertRow]) -> list[tuple[str, str]]:
    """The products of alerts, by region and id."""
    return [(row.region, row.product_id) for row in rows]


def in_words(rows: Sequence[AlertRow]) -> list[AlertRow]:
    """Alerts for programs."""
    return [*map(worded, rows)]


def shown(database: Store, ids: Sequence[int], book: Rulebook, now: Instant) -> list[AlertRow]:
    """The alerts of these ids that there are, with what holds them back and what is so now."""
    rows = with_holds(database, book, database.alerts.shown(ids), now)
    return with_known(database, book, rows)


def stored(database: Store, ids: Iterable[int]) -> list[Notification]:
    """The notifications of these ids that there are."""
    return [each for one in ids if (each := database.outbox.get(one)) is not None]


def page_of(found: Sequence[T], size: int) -> tuple[Sequence[T], bool]:
    """Split one more than a page: the page, and whether there is another one."""
    return found[:size], len(found) > size


def track_rows(track: Track, currencies: Currencies) -> list[tuple[Instant, str]]:
    """A track's values in words as they changed, the newest first."""
    changed = np.ones(len(track.at), np.bool_)
    before, after = track.values[:-1], track.values[1:]
    changed[1:] = ~((before == after) | (np.isnan(before) & np.isnan(after)))
    pairs = zip(track.at[changed].tolist(), track.values[changed].tolist(), strict=True)
    return [
        (at, said(track.metric.name, number(value), track.metric.unit, currencies))
        for at, value in reversed(list(pairs)[-ROWS:])
    ]


def track_json(track: Track) -> dict[str, object]:
    """A track for programs."""
    times, values = track.at[-ROWS:].tolist(), map(number, track.values[-ROWS:].tolist())
    named = {"name": track.name, "label": track.label, "unit": track.metric.unit}
    return {**named, "values": list(zip(times, values, strict=True))}


def number_of(fields: Mapping[str, str], what: str) -> int:
    """The id that a form names; 400 without one, with the question ``what`` is meant."""
    number = whole_number(fields, "id")
    if number is None:
        raise web.HTTPBadRequest(text=_(what))
    return number


def summary(one: Notification) -> dict[str, object]:
    """A notification for programs, without its products."""
    return {
        "id": one.id,
        "channel": one.channel,
        "target": one.target,
        "state": one.state,
        "title": title_of(one.message),
        "rule": one.message.rule,
        "rules": [part.rule for part in one.message.parts],
        "created": one.created,
        "next_try": one.next_try if one.state is NotificationState.WAITING else None,
        "tries": one.tries,
        "error": one.error,
        "joined": one.joined,
        "finished": one.finished,
    }
