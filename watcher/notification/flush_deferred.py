"""Between scans: what a silence, quiet hours or a digest held is told once it no longer does.

One message for each channel, of all its rules. Nothing is judged anew: what fires is what the
last scan left firing, and cooldowns and reminders count on that scan's time, as ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from watcher.evaluation.past import Archive
from watcher.model import Alert, AlertState, Instant
from watcher.notification.composing import combine
from watcher.notification.notify import Teller
from watcher.notification.policy import Decided, Holds, NotifyPolicy
from watcher.notification.products import last_left
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.ports import Store
from watcher.store.sql.deferred import Held, HeldGroup


@dataclass(frozen=True, slots=True)
class _Part:
    """All that one rule owes to a channel, and who can say it."""

    rule: Rule
    teller: Teller
    owed: list[Decided]


def sweep(
    database: Store,
    book: Rulebook,
    policies: Mapping[str, NotifyPolicy],
    now: Instant,
    *,
    archive: Archive | None = None,
) -> list[int]:
    """Tell what is no longer held at ``now``, in one transaction; the notifications written.
    ``archive`` is what was seen, where that is not the database itself.

    Where nothing is held or no hold is over, nothing is written and no lock is taken.
    """
    if not _ripe(database, book, policies, now):
        return []
    with database.atomic():
        return _Sweep(database, archive or database, book, policies, now).run()


def _ripe(
    database: Store, book: Rulebook, policies: Mapping[str, NotifyPolicy], now: Instant
) -> dict[str, list[HeldGroup]]:
    """Alerts held by holds that are over, by rule; of rules and channels that there are."""
    groups = database.held.groups()
    if not groups:
        return {}
    holds = Holds(database, now, groups)
    silences = {silence.id for silence in database.silences.active(now)}
    known = set(book.tellings)
    found: dict[str, list[HeldGroup]] = {}
    for group in groups:
        if (group.rule, group.channel) not in known:
            continue
        if group.silence is not None:
            opened = group.silence not in silences
        else:
            opened = holds.on(policies[group.channel]) is None
        if opened:
            found.setdefault(group.rule, []).append(group)
    return found


class _Sweep:
    """One round over what is held; tells each channel once."""

    def __init__(
        self,
        database: Store,
        archive: Archive,
        book: Rulebook,
        policies: Mapping[str, NotifyPolicy],
        now: Instant,
    ) -> None:
        self._database = database
        self._archive = archive
        self._book = book
        self._policies = policies
        self._now = now
        self._ripe = _ripe(database, book, policies, now)
        self._holds = Holds(database, now, database.held.groups())

    def run(self) -> list[int]:
        parts: dict[str, list[_Part]] = {}
        for rule in self._book.rules:
            if rule.name in self._ripe:
                for channel, part in self._parts(rule, self._ripe[rule.name]):
                    parts.setdefault(channel, []).append(part)
        return [row for channel, each in parts.items() for row in self._tell(channel, each)]

    def _parts(self, rule: Rule, ripe: Sequence[HeldGroup]) -> Iterable[tuple[str, _Part]]:
        """All that the rule owes to each channel of which something of it is ripe."""
        opened = {(group.channel, group.silence) for group in ripe}
        held = [
            each
            for each in self._database.held.of_rule(rule.name)
            if (each.channel, each.silence) in opened
        ]
        alerts = self._alerts(held)
        again = self._firing(rule) if any(_is_over(alert) for alert in alerts.values()) else set()
        teller = self._teller(rule, list(alerts.values()))
        for channel in dict.fromkeys(each.channel for each in held):
            ours = [each for each in held if each.channel == channel and each.alert in alerts]
            # That it ended stays held while it fires anew: it would be a wrong word now.
            kept = [each for each in ours if _is_over(alerts[each.alert]) and each.product in again]
            if self._policies[channel].digest is not None:  # for the next one
                later = (replace(each, since=self._now, silence=None) for each in kept)
                self._database.held.put(later)
            chosen = [alerts[each.alert] for each in ours if each not in kept]
            owed = teller.owed(rule, chosen, [self._policies[channel]])
            if channel in owed:
                yield channel, _Part(rule, teller, owed[channel])

    def _alerts(self, held: Sequence[Held]) -> dict[int, Alert]:
        """The alerts by id; what is held of one that is no more is let go."""
        found = {
            alert.id: alert for alert in self._database.alerts.by_id([each.alert for each in held])
        }
        self._database.held.release(each for each in held if each.alert not in found)
        return found

    def _firing(self, rule: Rule) -> set[int]:
        """The products for which the rule fires."""
        active = self._database.alerts.live([rule.name])
        return {alert.product for alert in active if alert.state is AlertState.FIRING}

    def _teller(self, rule: Rule, alerts: Sequence[Alert]) -> Teller:
        products, at = last_left(self._archive, rule, alerts, self._book.metrics, self._now)
        at = min(at, self._now)  # of a clock that was set back
        return Teller(self._database, products, self._policies, at, self._now, self._holds)

    def _tell(self, channel: str, parts: Sequence[_Part]) -> list[int]:
        composed = [
            (part.rule, part.owed, part.teller.message(part.rule, part.owed)) for part in parts
        ]
        message = composed[0][2] if len(composed) == 1 else combine(composed)
        targets = self._policies[channel].targets
        rows = self._database.outbox.add(channel, targets, message, self._now)
        for part in parts:
            part.teller.mark(part.rule, part.owed, channel, rows)
        return rows


def _is_over(alert: Alert) -> bool:
    return alert.resolved_at is not None
