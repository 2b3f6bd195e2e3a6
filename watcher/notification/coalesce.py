"""One message of what waits for a target for a while: what still holds of it. The target was
down, or somebody has what was dead sent again. Each rule and product is told once, as it is now:
that it fires, that it ended where the target had heard before that it fires, or else that it began
and ended meanwhile, and why. Of troubles of the watcher itself those are told that go on, the ends
of those that were told before, and what came and went. What was only just written goes out as it
is, unless it is dozens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from watcher.alert import Alert, NotificationLogEntry
from watcher.evaluation.lifecycle import UNTOLD
from watcher.incident import Incident, dead_message
from watcher.message import Message, Waited
from watcher.model import Instant, Severity
from watcher.notification.composing import Bundle, Owing, compose
from watcher.notification.holds import Decided
from watcher.notification.policy import Decision
from watcher.notification.products import firing, last_left
from watcher.rules.rulebook import Channel, Rule, Rulebook
from watcher.store.ports import Store
from watcher.store.records import Brief
from watcher.store.sql.outbox import Head, MessageSummary, Piled
from watcher.text.messages import text_of
from watcher.units import MINUTE

FEWEST = 2  # that waited for one target are joined
DOZENS = 24  # that wait for it are joined, however short that is
WAITED = 5 * MINUTE  # since it was due; a service that is up takes what is written in less
NAMED = 10  # troubles that came and went; the others are only counted
MOST_ITEMS = 50  # products in full; a service's limit may leave fewer

_ONCE_MORE = (Decision.REMINDER, Decision.AGAIN, Decision.RAISED)


def join_backlog(database: Store, book: Rulebook, target: str, now: Instant) -> bool:
    """Join what has waited for ``target``; whether it did. What was joined once takes in what came
    since, and is brought up to date; so does what comes after some was given up, for that. It is
    written in one transaction; what is read for it before may be a lot."""
    backlog = database.backlog
    head = backlog.head(target, DOZENS, dead_message(target).cause)
    if head is None:
        return False
    has_waited = _has_waited(head, now) or backlog.joins(target)
    if not has_waited and head.gone_since is None:
        return False
    piled = backlog.messages(target, head.gone_since)
    # A report is no word on what holds now: it is sent as it is, in its turn.
    piled = [each for each in piled if each.summary.kind != "report"]
    if all(each.row != head.id for each in piled):
        return False
    if len(piled) < FEWEST and not head.joins:
        return False
    if not has_waited and all(each.waits for each in piled):
        return False
    joining = _Joining(database, book, piled, now, book.channels.get(head.channel))
    message, rows = joining.message(), {each.row for each in piled if each.waits}
    if head.joins and rows == {head.id} and _is_told_by(database, head.id, message):
        return False
    with database.atomic():
        row = database.backlog.join(target, rows, message, now)
        if row is not None:
            joining.mark(head.channel, row)
    return row is not None


def _has_waited(head: Head, now: Instant) -> bool:
    """Whether more than one waits, and the first of them for a while: it was tried in vain, or due
    for long. What was put off to the end of quiet hours has not waited for its target."""
    if head.waiting < FEWEST or head.waiting >= DOZENS:
        return head.waiting >= DOZENS
    return head.tried or now - head.next_try >= WAITED


def _is_told_by(database: Store, row: int, message: Message) -> bool:
    """Whether a notification tells the same as the message."""
    before = database.outbox.get(row)
    return before is not None and _same(before.message, message)


def _same(before: Message, after: Message) -> bool:
    """Whether they tell of the same, however long it has waited."""
    if before.text:  # an earlier version's; its first line says how long
        same = before.text.split("\n")[1:] == text_of(after).split("\n")[1:]
    else:
        same = before.parts == after.parts and _lasting(before) == _lasting(after)
    return same and before.alerts == after.alerts


def _lasting(message: Message) -> Waited | None:
    waited = message.waited
    return msgspec.structs.replace(waited, messages=0, seconds=0) if waited is not None else None


class _Joining:
    """One target's backlog, judged by the alerts and causes as they are now."""

    def __init__(
        self,
        database: Store,
        book: Rulebook,
        piled: Sequence[Piled],
        now: Instant,
        channel: Channel | None,
    ) -> None:
        self._database, self._book, self._now, self._channel = database, book, now, channel
        self._piled, self._summaries = piled, [each.summary for each in piled]
        self._begun = self._ids(Decision.FIRES, Decision.MISSED)
        # What the target had heard of before.
        self._heard = self._ids(*_ONCE_MORE) - self._begun
        self._told = self._begun | self._heard
        ended = self._ids(Decision.RESOLVED) - self._begun
        alerts = database.alerts.brief(self._told | ended)
        self._keys = list(dict.fromkeys((rule, product) for _, rule, product, _, _ in alerts))
        over = {alert for alert, _, _, resolved_at, _ in alerts if resolved_at is not None}
        self._passed = over & self._told
        self._over = self._newest(each for each in alerts if each[0] in ended)
        self._missed = self._newest(each for each in alerts if each[0] in over & self._begun)
        owed = self._owed()
        self._owing = [
            self._of_rule(rule, owed[rule.name]) for rule in book.rules if rule.name in owed
        ]

    def _newest(self, alerts: Iterable[Brief]) -> dict[tuple[str, int], Alert]:
        """The newest of these alerts, by rule and product."""
        ids = {(rule, product): alert for alert, rule, product, _, _ in alerts}
        found = self._database.alerts.by_id(list(ids.values()))
        return {(alert.rule, alert.product): alert for alert in found}

    def _bundle(self) -> Bundle:
        channel = self._channel
        limit = channel.limit if channel is not None else None
        if channel is not None and channel.payload:
            return Bundle(self._owing, limit, "joined", whole=True)
        return Bundle(self._owing, min(MOST_ITEMS, limit or MOST_ITEMS), "joined")

    def message(self) -> Message:
        """Everything that still holds, as one message; that it is nothing is told, too."""
        owed = [each for part in self._owing for each in part.owed]
        troubles, ends, went = self._troubles()
        least = Severity.WARNING if troubles else Severity.INFO
        bundle = self._bundle()
        base = (
            compose(bundle, self._now, self._database.alerts.explained)
            if self._owing
            else Message("joined", "", least, self._now)
        )
        return msgspec.structs.replace(
            base,
            kind="joined",
            severity=max(base.severity, least, key=lambda each: each.rank),
            created=self._now,
            waited=Waited(
                messages=len(self._piled),
                seconds=max(self._now - min(each.created for each in self._piled), 0),
                passed=len(self._passed - {each.alert.id for each in owed}),
                troubles=tuple(troubles),
                over=tuple(ends),
                others=len(went[NAMED:]),
                went=tuple(went[:NAMED]),
            ),
        )

    def mark(self, channel: str, row: int) -> None:
        """Note that the channel was told of alerts that fired anew, and of ends that no message had
        yet, by the notification ``row``. The first were held by a cooldown, which begins anew, the
        others by a silence, quiet hours or a digest: these are not to tell them again. Where the
        channel has other targets, these have still to be told."""
        known = self._book.channels.get(channel)
        if known is None or len(known.targets) > 1:
            return
        alerts = self._database.alerts
        for part in self._owing:
            entries = [*part.entries(channel, [row])]
            told = [each for each in entries if not each.resolved_told]
            ended = [each for each in entries if each.resolved_told]
            alerts.mark_told(each for each in told if each.alert not in self._told)
            alerts.mark_told(self._ends(channel, part.rule, ended))
            if part.rule.again is not None:
                alerts.mark_told(self._with_values_of_now(channel, part.rule, told))

    def _ends(
        self, channel: str, rule: Rule, ended: Iterable[NotificationLogEntry]
    ) -> Iterator[NotificationLogEntry]:
        """Yield what the channel was told of these, with their ends, where these were held."""
        for entry, end in self._noted(channel, rule, ended):
            if not entry.resolved_told:
                yield msgspec.structs.replace(
                    entry, resolved_told=True, told_at=end.told_at, notification=end.notification
                )

    def _with_values_of_now(
        self, channel: str, rule: Rule, told: Iterable[NotificationLogEntry]
    ) -> Iterator[NotificationLogEntry]:
        """Yield what the channel was told, with the values of the joined message in place of those
        of messages that never came."""
        again = [each for each in told if each.alert in self._told]
        for entry, now in self._noted(channel, rule, again):
            yield msgspec.structs.replace(entry, told_with=now.told_with)

    def _noted(
        self, channel: str, rule: Rule, told: Iterable[NotificationLogEntry]
    ) -> Iterator[tuple[NotificationLogEntry, NotificationLogEntry]]:
        """Yield what was noted of these alerts before, all of it, and what is told of them now."""
        now = {each.alert: each for each in told}
        products = [each.product for each in now.values()]
        for entry in self._database.alerts.told(rule.name, products, with_values=True):
            if entry.channel == channel and entry.alert in now:
                yield entry, now[entry.alert]

    def _ids(self, *decisions: Decision) -> set[int]:
        return {
            alert
            for summary in self._summaries
            for decision in decisions
            for alert in summary.alerts.get(decision.value, ())
        }

    def _owed(self) -> dict[str, list[Decided]]:
        """Each product of each rule once: that it fires, or else that it ended, or did both."""
        fires = firing(self._database, (name for name, _ in self._keys))
        owed: dict[str, list[Decided]] = {}
        for key in self._keys:
            if (each := self._decided(key, fires.get(key))) is not None:
                owed.setdefault(key[0], []).append(each)
        return self._unmuted(owed)

    def _decided(self, key: tuple[str, int], fires: Alert | None) -> Decided | None:
        if fires is not None:
            again = fires.id in self._heard
            return Decided(fires, Decision.REMINDER if again else Decision.FIRES)
        over, missed = self._over.get(key), self._missed.get(key)
        if missed is None or missed.reason in UNTOLD or (over is not None and over.id > missed.id):
            return None if over is None else Decided(over, Decision.RESOLVED)
        return Decided(missed, Decision.MISSED)

    def _unmuted(self, owed: dict[str, list[Decided]]) -> dict[str, list[Decided]]:
        """Without the words of rules that others mute, of the products that these say fire."""
        fires = {
            name: {each.alert.product for each in own if not each.decision.of_an_end}
            for name, own in owed.items()
        }
        muted_by = {rule.name: rule.muted_by for rule in self._book.rules}
        found: dict[str, list[Decided]] = {}
        for name, own in owed.items():
            told = set[int]().union(*(fires.get(by, ()) for by in muted_by.get(name, ())))
            if kept := [each for each in own if each.alert.product not in told]:
                found[name] = kept
        return found

    def _of_rule(self, rule: Rule, owed: list[Decided]) -> Owing:
        alerts = [each.alert for each in owed]
        products, at = last_left(self._database, rule, alerts, self._book.metrics, self._now)
        return Owing(rule, owed, products, at)

    def _troubles(
        self,
    ) -> tuple[list[Incident | str], list[Incident | str], list[Incident | str]]:
        """The incidents that are on, those that are over and were told of before, and those that
        came and went."""
        told = self._told_of_causes()
        on = {each.cause: each for each in self._database.health.incidents()}
        going: list[Incident | str] = []
        ended: list[Incident | str] = []
        went: list[Incident | str] = []
        for cause, summaries in told.items():
            said = summaries[-1].incident or cause
            if cause in on:
                going.append(msgspec.structs.replace(on[cause], since=0))
            elif not any(summary.over for summary in summaries):
                going.append(summaries[-1].text or said)
            else:
                (ended if summaries[0].over else went).append(said)
        return going, ended, went

    def _told_of_causes(self) -> dict[str, list[MessageSummary]]:
        """The operator's messages, by what they are about."""
        told: dict[str, list[MessageSummary]] = {}
        for summary in self._summaries:
            if summary.kind == "operator":
                told.setdefault(summary.cause or summary.text, []).append(summary)
        return told
