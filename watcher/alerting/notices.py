"""What is owed to whom, and why not.

A message is owed when what is so (the alert) differs from what was told (the last telling of
that rule and product in that channel). Deciding by level makes every hindrance heal by itself:
what was held back and still fires is owed again at the next look. Every decision has a name,
so that people can be shown which gate holds a message back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from watcher.alerting.lifecycle import RULE_CHANGED
from watcher.model import Alert, AlertState, Instant, Severity, Told


class Decision(StrEnum):
    """Whether one alert is told to one channel now; the first three are told."""

    FIRES = "firing"
    REMINDER = "reminder"
    RESOLVED = "resolved"

    ALREADY_TOLD = "already told"
    COOLDOWN = "in cooldown"
    BELOW_SEVERITY = "below the channel's min_severity"
    NOT_FIRING = "not firing"
    CARRIED = "fired before the rule was changed"
    END_NOT_ASKED = "the rule does not tell the end"
    NEVER_TOLD = "its begin was never told"

    @property
    def owed(self) -> bool:
        return self in _OWED


_OWED = frozenset({Decision.FIRES, Decision.REMINDER, Decision.RESOLVED})


@dataclass(frozen=True, slots=True)
class Manner:
    """How a rule tells, and the least severity that the channel takes; times in seconds."""

    severity: Severity = Severity.INFO
    min_severity: Severity = Severity.INFO
    cooldown: int = 0
    remind: int | None = None
    resolved: bool = False


def decide(alert: Alert, told: Told | None, manner: Manner, now: Instant) -> Decision:
    """Whether ``alert`` is owed to a channel that was last told ``told`` of rule and product."""
    if manner.severity.rank < manner.min_severity.rank:
        return Decision.BELOW_SEVERITY
    if alert.state is AlertState.FIRING:
        return _firing(alert, told, manner, now)
    if alert.resolved_at is not None:
        return _ended(alert, told, manner)
    return Decision.NOT_FIRING


def _firing(alert: Alert, told: Told | None, manner: Manner, now: Instant) -> Decision:
    if alert.carried:
        return Decision.CARRIED
    if told is None:
        return Decision.FIRES
    since_told = now - told.told_at
    if told.alert != alert.id:
        return Decision.COOLDOWN if since_told < manner.cooldown else Decision.FIRES
    due = manner.remind is not None and since_told >= manner.remind
    return Decision.REMINDER if due else Decision.ALREADY_TOLD


def _ended(alert: Alert, told: Told | None, manner: Manner) -> Decision:
    if not manner.resolved or alert.reason == RULE_CHANGED:
        return Decision.END_NOT_ASKED
    if told is None or told.alert != alert.id:
        return Decision.NEVER_TOLD
    return Decision.ALREADY_TOLD if told.resolved_told else Decision.RESOLVED
