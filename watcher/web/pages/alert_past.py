"""One alert as it is stored, with all that came of it, for its page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aiohttp import web

from watcher.analysis.scores.afterwards import Sold, sold
from watcher.audited import written_of
from watcher.language import gettext_noop as N_
from watcher.message import Message
from watcher.model import Instant
from watcher.people import AuditRecord, WriteKind
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.records import AlertRow, Transition
from watcher.store.sql.alert_messages import Mention
from watcher.store.sql.links import Deed
from watcher.store.sql.silences import Silence
from watcher.subjects import subject_parts
from watcher.web.pages.common import shown
from watcher.web.timeline import Mentioned

_LOOKED_THROUGH = 500  # records of what people wrote in its time
_MOST = 40  # notifications that are shown of one alert: the first and the last


@dataclass(frozen=True, slots=True)
class AlertPast:
    """An alert as the store has it. ``sold`` is None of a group of products; of the notifications
    that tell of it, ``left_out`` are not shown. ``written`` is what people did with it."""

    row: AlertRow
    transitions: Sequence[Transition]
    told: Sequence[Mentioned]
    left_out: int
    silences: Sequence[Silence]
    written: Sequence[AuditRecord]
    sold: Sold | None
    others: int


def past_of(number: int, database: Store, book: Rulebook, now: Instant) -> AlertPast:
    """Read it; 404 where there is no such alert."""
    rows = shown(database, [number], book, now)
    if not rows:
        raise web.HTTPNotFound(text=N_("There is no such alert, or it is not kept any more."))
    (row,) = rows
    alert = row.alert
    begun = alert.since if alert.fired_at is None else alert.fired_at
    mentions = []
    if alert.fired_at is not None:
        about = database.alert_messages.mentions
        mentions = about(alert.id, alert.rule, alert.product, begun)
    few = mentions
    if len(mentions) > _MOST:
        few = [*mentions[: _MOST // 2], *mentions[-(_MOST // 2) :]]
    transitions = database.alerts.transitions(alert.id)
    first = min((each.at for each in transitions), default=begun)
    is_group = subject_parts(row.product_id) is not None
    until = now if alert.resolved_at is None else alert.resolved_at
    silences = database.silences.of_alert(alert.rule, alert.product, first, until)
    return AlertPast(
        row,
        transitions,
        list(_told(database, few, alert.short_id)),
        len(mentions) - len(few),
        silences,
        [*_written(database, alert.short_id, silences, (first, until))],
        None if is_group else sold(database, alert.product, begun, now),
        len(database.browsing.alerts_of_product(alert.product, 100)) - 1,
    )


def _written(
    database: Store, short_id: str, silences: Sequence[Silence], within: tuple[Instant, Instant]
) -> Iterator[AuditRecord]:
    """Yield the records of who acknowledged the alert or took that back, and of who made or ended
    these silences, the oldest first."""
    names = {WriteKind.ACKNOWLEDGE: {short_id}, WriteKind.TAKE_BACK: {short_id}}
    numbers = {str(each.id) for each in silences}
    names |= dict.fromkeys((WriteKind.SILENCE, WriteKind.END_SILENCE), numbers)
    begin = min((within[0], *(each.begins for each in silences)))
    for each in database.audit.within(begin, within[1], [*names], _LOOKED_THROUGH):
        if names[WriteKind(each.what)] & written_of(each):
            yield each


def _told(database: Store, mentions: Sequence[Mention], short_id: str) -> Iterator[Mentioned]:
    """Yield the notifications that tell of an alert, with what was done with it by their links."""
    for each in mentions:
        one = database.outbox.get(each.notification)
        if one is not None:
            deeds = database.links.deeds(one.id)
            yield Mentioned(
                each.what, one, [deed for deed in deeds if _is_about(one.message, deed, short_id)]
            )


def _is_about(message: Message, deed: Deed, short_id: str) -> bool:
    items = message.items[deed.number - 1 : deed.number]
    return any(short_id in (item.alert, *(each.alert for each in item.also)) for item in items)
