"""A stored message as the document for programs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from itertools import chain
from typing import cast

import msgspec

from watcher.delivery.payload import document as shapes
from watcher.delivery.payload.part import number_or_none, text_or_none, time_of, time_or_none
from watcher.delivery.payload.reporting import report_of, report_text
from watcher.delivery.product_words import reason_words
from watcher.evidence import Criterion, Evidence, Gap, MetricLimit
from watcher.fields import unit_of
from watcher.identity import product_page
from watcher.message import Item, Message, as_item
from watcher.model import Severity
from watcher.text.messages import text_of, title_of
from watcher.text.sanitize import plain, plain_lines
from watcher.units import Currencies, Unit

_UNITS = frozenset(Unit)
# Facts that are no field of the API's, which know their units themselves.
_OWN_UNITS = {
    "rank": Unit.PLACE,
    "creators_7d": Unit.COUNT,
    "commission": Unit.FRACTION,
}


def document_text(message: Message, channel: str, key: str, zone: tzinfo, act: str = "") -> str:
    """The document's text. ``key`` is the notification's own; words tell times in ``zone``, and
    ``act`` is the page on which one acts on the message."""
    return msgspec.json.encode(document_of(message, channel, key, zone, act)).decode()


def document_of(
    message: Message, channel: str, key: str, zone: tzinfo, act: str = ""
) -> shapes.PayloadDocument:
    """The document of a message; see ``document_text``."""
    incident, waited = message.incident, message.waited
    return shapes.PayloadDocument(
        version=shapes.VERSION,
        id=message_id(message, channel, key),
        kind=cast("shapes.Kind", message.kind),
        channel=channel,
        created=time_of(message.created),
        data_at=time_or_none(message.data_at),
        severity=message.severity,
        region=text_or_none(message.region),
        title=plain(title_of(message)),
        text=plain_lines(_lead(message, zone)),
        rules=[*_rules(message)],
        items=[
            _Alert(message, each, zone, f"{act}/{number}" if act else None).document()
            for number, item in enumerate(message.items, start=1)
            for each in (item, *(as_item(also, item) for also in item.also))
        ],
        rest=max(message.rest, len(message.more)),
        more=[*map(plain, message.more)],
        alerts=_ids(message),
        incident=None
        if incident is None
        else shapes.OwnTrouble(
            kind=incident.kind,
            about=incident.about,
            subject=text_or_none(incident.subject),
            fields=[*map(plain, incident.fields)],
            since=time_or_none(incident.since or None),
            over=message.over,
        ),
        waited=None
        if waited is None
        else shapes.WaitedFor(waited.messages, waited.seconds, waited.passed),
        report=None if message.report is None else report_of(message.report),
        links=shapes.LinksOfMessage(act or None),
    )


def _lead(message: Message, zone: tzinfo) -> str:
    if message.report is not None:
        return report_text(message.report, zone)
    return text_of(message) or message.description


def message_id(message: Message, channel: str, key: str) -> str:
    """The mark of a message to a channel, of what does not change while it waits. Of two watchers
    each may have a first message, but of other alerts, or at another time."""
    ids = sorted(chain.from_iterable(message.alerts.values()))
    said = f"{channel}\n{key}\n{message.created}\n{message.kind}\n{message.cause}\n{ids}"
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:32]


def _rules(message: Message) -> Iterator[shapes.RuleOfMessage]:
    for part in message.parts:
        yield shapes.RuleOfMessage(
            name=plain(part.rule),
            label=text_or_none(part.label),
            description=_lines(part.description),
            severity=part.severity,
            grouped_by=part.grouped_by or None,
            told=part.told,
            ended=part.ended,
        )
    if message.rule and not message.parts:
        grouped_by = next((item.grouped_by for item in message.items), "")
        yield shapes.RuleOfMessage(
            name=plain(message.rule),
            label=text_or_none(message.label),
            description=_lines(message.description),
            severity=message.severity,
            grouped_by=grouped_by or None,
            told=message.told,
            ended=message.ended,
        )


def _ids(message: Message) -> list[str]:
    """The ids of all alerts, as people write them."""
    shown = (id_ for item in message.items for id_ in (item.alert, *(o.alert for o in item.also)))
    counted = (f"A{each}" for each in sorted(chain.from_iterable(message.alerts.values())))
    return [*dict.fromkeys(chain(shown, counted))]


class _Alert:
    """One alert of a message; words tell times in ``zone``, at ``act`` one may act on it."""

    def __init__(self, message: Message, item: Item, zone: tzinfo, act: str | None) -> None:
        self._message, self._item, self._zone, self._act = message, item, zone, act
        self._currencies = Currencies(text_or_none(item.currency), text_or_none(item.gmv_currency))

    def document(self) -> shapes.AlertItem:
        item, page = self._item, None
        if not item.grouped_by:
            page = product_page(item.product_id)
        return shapes.AlertItem(
            alert=item.alert,
            rule=plain(item.rule or self._message.rule),
            label=text_or_none(item.label or self._message.label),
            kind=cast("shapes.AlertKind", item.kind),
            severity=item.severity or self._severity(),
            told_as=item.told_as,
            since=time_of(item.since),
            seen=time_or_none(item.seen),
            watch=text_or_none(item.watch),
            ended=text_or_none(item.reason),
            subject=self._subject(),
            facts={
                name: self._figure(name, value)
                for name, value in item.facts.items()
                if value is not None
            },
            reasons=self._reasons(item.why),
            reasons_now=self._reasons(item.now),
            reasons_again=self._reasons(item.again),
            reasons_severity=self._reasons(item.grade),
            links=shapes.PayloadLinks(page, self._act),
        )

    def _severity(self) -> Severity:
        """Its rule's, where the data decide nothing."""
        found = (each.severity for each in self._message.parts if each.rule == self._item.rule)
        return next(found, self._message.severity)

    def _subject(self) -> shapes.SubjectOfAlert:
        item = self._item
        seller = None
        if item.seller in item.names:
            seller = shapes.Seller(plain(item.seller), plain(item.names[item.seller]))
        return shapes.SubjectOfAlert(
            type="group" if item.grouped_by else "product",
            region=plain(item.region),
            id=plain(item.product_id),
            name=plain(item.name),
            seller=seller,
            grouped_by=item.grouped_by or None,
            size=item.size,
        )

    def _figure(self, metric: str, value: float) -> shapes.FactFigure:
        unit = _unit(metric, _OWN_UNITS.get(metric, Unit.SCORE))
        return shapes.FactFigure(number_or_none(value), unit, self._currencies.of(unit))

    def _reasons(self, evidence: Sequence[Evidence]) -> list[shapes.ConditionReason]:
        told_at = self._message.data_at or self._message.created
        words = reason_words(self._item, evidence, told_at, self._zone)
        return [self._reason(*each) for each in zip(evidence, words, strict=True)]

    def _reason(self, evidence: Evidence, words: str) -> shapes.ConditionReason:
        unit, peers, gap = _unit(evidence.metric, evidence.unit), evidence.peers, evidence.gap
        return shapes.ConditionReason(
            metric=evidence.metric,
            label=plain(evidence.label),
            unit=unit,
            currency=self._currencies.of(unit),
            form=evidence.form or None,
            condition=_condition(evidence.condition),
            negated=bool(evidence.negations % 2),
            verdict=evidence.verdict,
            value=_value(evidence.value),
            baseline=_value(evidence.baseline),
            baseline_at=time_or_none(evidence.baseline_at),
            gap=shapes.LongAgo(gap.kind, gap.seconds) if isinstance(gap, Gap) else None,
            score=number_or_none(evidence.score),
            days=evidence.days,
            peers=None
            if peers is None
            else shapes.PeersOfValue(peers.share, peers.size, number_or_none(peers.median)),
            compared=shapes.ComparedProducts(*evidence.compared) if evidence.compared else None,
            members=[
                shapes.MemberOfGroup(each.product_id, plain(each.name), number_or_none(each.value))
                for each in evidence.members
            ],
            words=words,
        )


def _condition(asked: Criterion | str) -> shapes.AskedCondition | None:
    if isinstance(asked, str):
        return None
    measures = asked.measures or (None,) * len(asked.limits)
    limits = zip(asked.limits, measures, strict=False)
    return shapes.AskedCondition(
        operator=asked.operator,
        limits=[_value(limit) if by is None else _measure(by) for limit, by in limits],
        percent=asked.percent,
        more=asked.more,
        file=text_or_none(asked.file),
        baseline=cast("shapes.Baseline", asked.baseline),
        seconds=asked.seconds,
        floor=number_or_none(asked.floor),
        among=text_or_none(asked.among),
    )


def _measure(by: MetricLimit) -> shapes.MeasuredLimit:
    return shapes.MeasuredLimit(
        by.metric, by.unit, number_or_none(by.factor), number_or_none(by.value)
    )


def _unit(metric: str, said: str) -> Unit:
    """A unit, that of a score where an early version stored a word of its own."""
    unit = unit_of(metric, said)
    return Unit(unit) if unit in _UNITS else Unit.SCORE


def _value(value: float | str | None) -> float | str | None:
    return plain_lines(value) if isinstance(value, str) else number_or_none(value)


def _lines(text: str) -> str | None:
    return plain_lines(text) if text else None
