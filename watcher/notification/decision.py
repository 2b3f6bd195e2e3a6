"""What is owed to whom, and why not.

A message is owed when what is so (the alert) differs from what was told (the last telling of
that rule and product in that channel). Deciding by level makes every hindrance heal by itself:
what was held back and still fires is owed again at the next look. Every decision has a name,
so that people can be shown which gate holds a message back.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from watcher.evaluation.lifecycle import RULE_CHANGED
from watcher.model import Alert, AlertState, Bools, Instant, Ints, Severity, Told
from watcher.store.sql.alerts import Live


class Decision(StrEnum):
    """Whether one alert is told to one channel now; the first four are told."""

    FIRES = "firing"
    REMINDER = "reminder"
    RESOLVED = "resolved"
    MISSED = "ended while it was held"

    ALREADY_TOLD = "already told"
    COOLDOWN = "in cooldown"
    BELOW_SEVERITY = "below the channel's min_severity"
    NOT_FIRING = "not firing"
    CARRIED = "fired before the rule was changed"
    END_NOT_ASKED = "the rule does not tell the end"
    NEVER_TOLD = "its begin was never told"

    # Owed, and held back all the same: ``gates`` says which.
    SILENCED = "silenced"
    QUIET = "in the channel's quiet hours"
    DIGEST = "waiting for the channel's digest"

    @property
    def owed(self) -> bool:
        return self in _OWED

    @property
    def of_a_gate(self) -> bool:
        """Whether it is owed, and held back all the same."""
        return self in (Decision.SILENCED, Decision.QUIET, Decision.DIGEST)

    @property
    def of_an_end(self) -> bool:
        """Whether it tells of an alert that is over."""
        return self in (Decision.RESOLVED, Decision.MISSED)


_OWED = frozenset({Decision.FIRES, Decision.REMINDER, Decision.RESOLVED, Decision.MISSED})


@dataclass(frozen=True, slots=True)
class Manner:
    """How a rule tells, and the least severity that the channel takes; times in seconds."""

    severity: Severity = Severity.INFO
    min_severity: Severity = Severity.INFO
    cooldown: int = 0
    remind: int | None = None
    resolved: bool = False

    @property
    def tells(self) -> bool:
        """Whether the channel is told of such a rule at all."""
        return self.severity.rank >= self.min_severity.rank


def decide(
    alert: Alert, told: Told | None, manner: Manner, now: Instant, *, waiting: bool = False
) -> Decision:
    """Whether ``alert`` is owed to a channel that was last told ``told`` of rule and product.

    ``waiting``: its begin was held back for the channel (quiet hours, digest), so that it is
    still to be told though it is over.
    """
    if not manner.tells:
        return Decision.BELOW_SEVERITY
    if alert.state is AlertState.FIRING:
        return _firing(alert, told, manner, now)
    if alert.resolved_at is not None:
        return _ended(alert, told, manner, waiting=waiting)
    return Decision.NOT_FIRING


def is_heard(live: Live, told_at: Ints, remind: Ints, now: Instant) -> Bools:
    """(n,) the firing alerts that ``decide`` does not have told, going on as they are.

    ``told_at`` is when the channel was told of each (-1: it was not), ``remind`` after how many
    seconds it is told again.
    """
    return live.carried | ((told_at >= 0) & (now - told_at < remind))


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


def _ended(alert: Alert, told: Told | None, manner: Manner, *, waiting: bool) -> Decision:
    if alert.reason == RULE_CHANGED:
        return Decision.END_NOT_ASKED
    began_told = told is not None and told.alert == alert.id
    if waiting and not began_told:
        return Decision.MISSED
    if not manner.resolved:
        return Decision.END_NOT_ASKED
    if told is None or not began_told:
        return Decision.NEVER_TOLD
    return Decision.ALREADY_TOLD if told.resolved_told else Decision.RESOLVED
