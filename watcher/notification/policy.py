"""The one decision whether a message goes now, and by name why not.

A message is owed when what is so (the alert) differs from what was told (the last log entry of
that rule and product in that channel). Deciding by level makes every hindrance heal by itself:
what was held back and still fires is owed again at the next look. What is owed may be held all the
same: by a silence, by the channel's quiet hours, by its digest, by what it is told a day at most,
by the other lists of a round. Messages of the watcher's own trouble pass its quiet hours only.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from watcher.alert import Alert, AlertState, NotificationLogEntry
from watcher.data_days import KnowsDays
from watcher.evaluation.lifecycle import UNTOLD
from watcher.model import Bools, Instant, Ints, Severity
from watcher.quiet import QuietHours
from watcher.rules.channel import Channel
from watcher.rules.rulebook import Rule, Rulebook
from watcher.schedule import Cron
from watcher.store.records import Live
from watcher.store.sql.silences import Silence
from watcher.units import MINUTE

LONGEST = 10 * MINUTE  # that a channel waits for a round's other lists, from when the first waits


class Decision(StrEnum):
    """Whether one alert is told to one channel now; the first six are told."""

    FIRES = "firing"
    AGAIN = "again"
    RAISED = "more severe"
    REMINDER = "reminder"
    RESOLVED = "resolved"
    MISSED = "ended while it was held"

    ALREADY_TOLD = "already told"
    COOLDOWN = "in cooldown"
    BELOW_SEVERITY = "below the channel's min_severity"
    ABOVE_SEVERITY = "above the channel's max_severity"
    NOT_FIRING = "not firing"
    CARRIED = "fired before the rule was changed"
    END_NOT_ASKED = "the rule does not tell the end"
    NEVER_TOLD = "its begin was never told"
    MUTED = "muted"
    ACKNOWLEDGED = "acknowledged"

    # Owed, and held back all the same.
    SILENCED = "silenced"
    QUIET = "in the channel's quiet hours"
    RULE_QUIET = "in the rule's quiet hours"
    DIGEST = "waiting for the channel's digest"
    AT_MOST = "beyond the channel's at_most of the day"
    ROUND = "waiting for the other lists of the round"

    @property
    def owed(self) -> bool:
        return self in _OWED

    @property
    def of_a_hold(self) -> bool:
        """Whether it is owed, and held back all the same."""
        return self in _HOLDS

    @property
    def of_an_end(self) -> bool:
        return self in _ENDS

    @property
    def can_be_muted(self) -> bool:
        """Whether it is a word, now or later, that another rule's may stand for."""
        return self.owed or self is Decision.COOLDOWN


_ENDS = frozenset({Decision.RESOLVED, Decision.MISSED})
_OWED = frozenset({Decision.FIRES, Decision.AGAIN, Decision.RAISED, Decision.REMINDER} | _ENDS)
_HOLDS = frozenset({
    Decision.SILENCED, Decision.QUIET, Decision.RULE_QUIET, Decision.DIGEST, Decision.AT_MOST,
    Decision.ROUND,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hold:
    """A reason that holds a message now, and until when; ``silence`` where that is one."""

    decision: Decision
    until: Instant
    silence: Silence | None = None


@dataclass(frozen=True, slots=True)
class NotifyPolicy:
    """A channel's settings: its targets, the least and the highest severity, when and how often it
    may be told, and what goes into one message: ``whole`` where a program reads it. ``timezone`` is
    that of its days."""

    channel: str
    targets: tuple[str, ...]
    min_severity: Severity = Severity.INFO
    quiet: QuietHours | None = None
    digest: Cron | None = None
    at_most: int | None = None
    limit: int | None = None
    by_rule: bool = False
    timezone: str = "UTC"
    max_severity: Severity = Severity.CRITICAL
    whole: bool = False

    @property
    def joins(self) -> bool:
        """Whether it waits for a round's other lists: what its digest collects needs no round."""
        return not self.by_rule and self.digest is None

    @property
    def collects(self) -> bool:
        """Whether it tells at times of its own what came before: of each it counts since when."""
        return self.digest is not None or self.at_most is not None

    def hears(self, severity: Severity) -> bool:
        """Whether what is so severe is told here."""
        return severity.lies_between(self.min_severity, self.max_severity)

    def hears_of(self, rule: Rule) -> bool:
        """Whether an alert of the rule can be so severe that it is told here."""
        return any(map(self.hears, rule.possible_severities))

    def hold(self, now: Instant, since: Instant | None = None) -> Hold | None:
        """The hold on the channel as a whole, if any. What waits for its digest ``since`` a time is
        due once one of the digest's times has come after that."""
        if (hold := self.urgent_hold(now)) is not None:
            return hold
        if self.digest is not None:
            begun = now if since is None else min(since, now)  # of a clock that was set back
            if (due := self.digest.next(begun)) > now:
                return Hold(Decision.DIGEST, due)
        return None

    def urgent_hold(self, now: Instant) -> Hold | None:
        """The hold on messages of the watcher's own trouble: quiet hours alone. Who is named as
        operator wants to hear of trouble soon, whatever its severity; but nobody is to be woken."""
        until = self.quiet.until(now) if self.quiet is not None else None
        return Hold(Decision.QUIET, until) if until is not None else None

    def without(self, targets: Collection[str | None]) -> Self:
        """The policy of the channel's other targets: one that is dead hears nothing."""
        return replace(self, targets=tuple(name for name in self.targets if name not in targets))


def policies_of(channels: Mapping[str, Channel]) -> dict[str, NotifyPolicy]:
    """The rule file's channels, without their URLs."""
    return {
        name: NotifyPolicy(
            name,
            each.targets,
            each.min_severity,
            each.quiet,
            each.digest,
            at_most=each.at_most,
            limit=each.limit,
            by_rule=each.by_rule,
            timezone=each.timezone,
            max_severity=each.max_severity,
            whole=each.payload,
        )
        for name, each in channels.items()
    }


@dataclass(frozen=True, slots=True)
class OpenRound:
    """The round that a scan is part of: the rules of all its lists, and ``until`` when each channel
    waits for the others; one that need not wait is told all of the round that it is owed."""

    book: Rulebook
    until: Mapping[str, Instant] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NotifyTerms:
    """An alert's severity and its rule's repetition, and the channel's least and highest severity;
    times in seconds."""

    severity: Severity = Severity.INFO
    min_severity: Severity = Severity.INFO
    cooldown: int = 0
    remind: int | None = None
    resolved: bool = False
    max_severity: Severity = Severity.CRITICAL

    @property
    def tells(self) -> bool:
        return self.severity.lies_between(self.min_severity, self.max_severity)

    @property
    def outside(self) -> Decision:
        """The decision on what is told to others, for it is too light or too severe."""
        light = self.severity.rank < self.min_severity.rank
        return Decision.BELOW_SEVERITY if light else Decision.ABOVE_SEVERITY

    def raises(self, told: Severity | None) -> bool:
        """Whether it is more severe than what was told of it; of a rule whose severity the data do
        not decide, or did not as it was told, nothing is."""
        return told is not None and self.severity.rank > told.rank


def terms_of(
    rule: Rule, policy: NotifyPolicy, past: KnowsDays, at: Instant, watch: str
) -> NotifyTerms:
    """The terms between ``rule`` and a channel, for a scan or a look at ``at``, of alerts of the
    watch of that key that have the severity which the rule gives."""
    cooldown = rule.least(rule.cooldown, past, at, watch)
    remind = rule.least(rule.remind, past, at, watch) if rule.remind is not None else None
    return NotifyTerms(
        rule.severity, policy.min_severity, cooldown, remind, rule.resolved, policy.max_severity
    )


def decide(
    alert: Alert, told: NotificationLogEntry | None, terms: NotifyTerms, now: Instant, *,
    waiting: bool = False, again: bool = False,
) -> Decision:  # fmt: skip
    """Decide whether ``alert`` is owed to a channel whose log says ``told`` of rule and product.
    ``waiting``: its begin was held back for the channel (quiet hours, digest), so that it is still
    to be told though it is over. ``again``: what it was told has moved on, as the rule asks for."""
    if not terms.tells and not _was_told(alert, told):
        return terms.outside
    if alert.state is AlertState.FIRING:
        return _firing(alert, told, terms, now, again=again)
    if alert.resolved_at is not None:
        return _ended(alert, told, terms, waiting=waiting)
    return Decision.NOT_FIRING


def _was_told(alert: Alert, told: NotificationLogEntry | None) -> bool:
    """Whether it is the end of what was told as it was more severe, or less."""
    if told is None or alert.resolved_at is None:
        return False
    return told.severity is not None and told.alert == alert.id


def is_heard(live: Live, told_at: Ints, remind: Ints, now: Instant) -> Bools:
    """(n,) the firing alerts that ``decide`` does not have told, going on as they are. ``told_at``
    is when the channel was told of each (-1: it was not), ``remind`` after how many seconds it is
    told again."""
    return live.carried | ((told_at >= 0) & (now - told_at < remind))


def _firing(
    alert: Alert, told: NotificationLogEntry | None, terms: NotifyTerms, now: Instant, *,
    again: bool,
) -> Decision:  # fmt: skip
    if alert.carried:
        return Decision.CARRIED
    if told is None:
        return Decision.FIRES
    since_told = now - told.told_at
    if told.alert != alert.id and since_told >= terms.cooldown:
        return Decision.FIRES
    if terms.raises(told.severity):
        return Decision.RAISED
    if again:
        return Decision.AGAIN
    if told.alert != alert.id:
        return Decision.COOLDOWN
    due = terms.remind is not None and since_told >= terms.remind
    return Decision.REMINDER if due else Decision.ALREADY_TOLD


def _ended(
    alert: Alert, told: NotificationLogEntry | None, terms: NotifyTerms, *, waiting: bool
) -> Decision:
    if alert.reason in UNTOLD:
        return Decision.END_NOT_ASKED
    if told is None or told.alert != alert.id:
        untold = Decision.NEVER_TOLD if terms.resolved else Decision.END_NOT_ASKED
        return Decision.MISSED if waiting else untold
    if not terms.resolved:
        return Decision.END_NOT_ASKED
    if told.muted:  # what was dropped has no end for whom it was dropped
        return Decision.NEVER_TOLD
    return Decision.ALREADY_TOLD if told.resolved_told else Decision.RESOLVED
