"""For people: what each channel of a rule is told of a product now, or which gate holds it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from watcher.alerting.audiences import Audience
from watcher.alerting.gates import Gates, Hold
from watcher.alerting.notices import Decision, decide
from watcher.alerting.sweeping import waiting_since
from watcher.alerting.telling import manner_of
from watcher.model import Alert, Instant, Told
from watcher.rules.rulebook import Rule
from watcher.store.database import Database
from watcher.store.silences import Silence


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


def standings(
    database: Database,
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
    told = {each.channel: each for each in database.alerts.told(rule.name, [alert.product])}
    held = {
        each.channel
        for each in database.held.of_rule(rule.name)
        if each.alert == alert.id and each.silence is None
    }
    gates = Gates(database, now, waiting_since(database.held.groups()))
    found = []
    for name in rule.notify:
        last, manner = told.get(name), manner_of(rule, audiences[name])
        decision = decide(alert, last, manner, at, waiting=name in held)
        hold = gates.of(rule.name, alert.product, audiences[name]) if decision.owed else None
        found.append(_standing(rule, name, decision, hold, last, now))
    return tuple(found)


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
