"""For people: what each channel of a rule is told of a product now, or which gate holds it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from watcher.model import Alert, Instant, Told
from watcher.notification.audiences import Audience, audiences_of
from watcher.notification.decision import Decision, decide
from watcher.notification.flush_deferred import waiting_since
from watcher.notification.holds import Gates, Hold
from watcher.notification.notify import manner_of
from watcher.notification.waiting import HELD
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.ports import Store
from watcher.store.sql.alerts import AlertRow, StoredHold
from watcher.store.sql.silences import Silence


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one channel: what is decided, and until when it stays so, where time alone ends it.

    ``told`` is what the channel was last told of the rule and product. ``silence`` is the one
    that holds, where one does.
    """

    channel: str
    decision: Decision
    until: Instant | None = None
    told: Told | None = None
    silence: Silence | None = None


# What of a decision is worth a word beside an alert: the rest is as everybody expects it.
_HOLDS = frozenset({Decision.COOLDOWN, Decision.BELOW_SEVERITY, Decision.CARRIED})


def standings(
    database: Store,
    rule: Rule,
    alert: Alert,
    audiences: Mapping[str, Audience],
    at: Instant,
    now: Instant,
) -> tuple[Standing, ...]:
    """How ``alert``, the rule's newest of a product, stands with each channel of the rule.

    ``at`` is the time of the watch's newest scan, on which cooldowns and reminders count; ``now``
    is the clock's.
    """
    gates = Gates(database, now, waiting_since(database.held.groups()))
    return _standings(database, rule, [alert], audiences, (at, now), gates)[alert.id]


def with_holds(
    database: Store, book: Rulebook | None, rows: Sequence[AlertRow], now: Instant
) -> list[AlertRow]:
    """The same alerts with what holds them back by the clock ``now``; without a ``book`` (the rule
    file can't be read) what the database knows of it."""
    if book is None:
        known = _remembered(database, rows, now)
        return [replace(row, holds=tuple(known.get(row.alert.id, ()))) for row in rows]
    audiences = audiences_of(book.channels)
    gates = Gates(database, now, waiting_since(database.held.groups()))
    holds: dict[int, tuple[StoredHold, ...]] = {}
    for rule in book.rules:
        alerts = [row.alert for row in rows if row.alert.rule == rule.name]
        if alerts:
            found = _standings(database, rule, alerts, audiences, (now, now), gates)
            holds |= {alert: tuple(map(_hold, filter(_holds, each)))
                      for alert, each in found.items()}  # fmt: skip
    return [replace(row, holds=holds.get(row.alert.id, ())) for row in rows]


def _standings(
    database: Store,
    rule: Rule,
    alerts: Sequence[Alert],
    audiences: Mapping[str, Audience],
    times: tuple[Instant, Instant],
    gates: Gates,
) -> dict[int, tuple[Standing, ...]]:
    """By alert, all of one rule, and for each channel of it; ``times`` are that of the newest scan
    and the clock's."""
    at, now = times
    products = [alert.product for alert in alerts]
    told = {(each.product, each.channel): each
            for each in database.alerts.told(rule.name, products)}  # fmt: skip
    held = {
        (each.alert, each.channel)
        for each in database.held.of_alerts(alert.id for alert in alerts)
        if each.silence is None
    }
    silenced = gates.silenced(rule.name, products)
    found: dict[int, tuple[Standing, ...]] = {}
    for alert in alerts:
        each: list[Standing] = []
        for name in rule.notify:
            last, manner = told.get((alert.product, name)), manner_of(rule, audiences[name])
            decision = decide(alert, last, manner, at, waiting=(alert.id, name) in held)
            silence, hold = silenced.get(alert.product), None
            if decision.owed and silence is not None:
                hold = Hold(Decision.SILENCED, silence.ends, silence)
            elif decision.owed:
                hold = gates.closed(audiences[name])
            each.append(_standing(rule, name, decision, hold, last, now))
        found[alert.id] = tuple(each)
    return found


def _standing(
    rule: Rule, channel: str, decision: Decision, hold: Hold | None, told: Told | None,
    now: Instant,
) -> Standing:  # fmt: skip
    if hold is not None:
        return Standing(channel, hold.decision, hold.until, told, hold.silence)
    until = None
    told_at = min(told.told_at, now) if told is not None else now
    if told is not None and decision is Decision.COOLDOWN:
        until = told_at + rule.watch.least(rule.cooldown)
    elif told is not None and decision is Decision.ALREADY_TOLD and rule.remind is not None:
        due = told_at + rule.watch.least(rule.remind)
        until = due if not told.resolved_told else None
    return Standing(channel, decision, until, told)


def _holds(standing: Standing) -> bool:
    return standing.decision.of_a_gate or standing.decision in _HOLDS


def _hold(standing: Standing) -> StoredHold:
    silence = standing.silence.id if standing.silence is not None else None
    return StoredHold(standing.channel, standing.decision.value, standing.until, silence)


def _remembered(
    database: Store, rows: Sequence[AlertRow], now: Instant
) -> dict[int, list[StoredHold]]:
    """By alert, what was held at the last scan."""
    ends = {silence.id: silence.ends for silence in database.silences.active(now)}
    found: dict[int, list[StoredHold]] = {}
    for each in database.held.of_alerts(row.alert.id for row in rows):
        if each.silence is None:
            hold = StoredHold(each.channel, HELD)
        else:
            why, until = Decision.SILENCED.value, ends.get(each.silence, now)
            hold = StoredHold(each.channel, why, until, each.silence)
        found.setdefault(each.alert, []).append(hold)
    return found
