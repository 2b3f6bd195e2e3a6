"""What is owed to a channel, and the name of what holds it back."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.store import making
from watcher.alert import Alert, AlertState, NotificationLogEntry
from watcher.evaluation.lifecycle import CONDITION_ENDED, RULE_CHANGED
from watcher.model import Severity
from watcher.notification.holds import Holds
from watcher.notification.policy import Decision, NotifyPolicy, NotifyTerms, decide
from watcher.schedule import Cron
from watcher.store.engine import open_store
from watcher.store.sql.silences import HeldGroup
from watcher.units import DAY, HOUR

NOW = 1_000 * DAY


def alert(
    state: AlertState = AlertState.FIRING,
    *,
    id: int = 2,  # noqa: A002
    reason: str | None = None,
    carried: bool = False,
) -> Alert:
    """An alert that fired a day ago."""
    resolved = NOW if state is AlertState.INACTIVE else None
    return Alert(id, "rule", 1, state, NOW - DAY, NOW, NOW - DAY, resolved, reason, carried=carried)


def told(of: int = 2, ago: int = DAY, *, end: bool = False) -> NotificationLogEntry:
    """A telling ``ago`` seconds ago."""
    return NotificationLogEntry("rule", 1, "me", of, NOW - ago, resolved_told=end)


def test_a_new_alert_is_owed() -> None:
    """What fires and was never told is told."""
    assert decide(alert(), None, NotifyTerms(), NOW) is Decision.FIRES


def test_what_was_told_is_not_repeated() -> None:
    """The same alert is told once, however long it fires."""
    assert decide(alert(), told(), NotifyTerms(), NOW) is Decision.ALREADY_TOLD


def test_pending_is_never_told() -> None:
    """Pending is our own business."""
    assert decide(alert(AlertState.PENDING), None, NotifyTerms(), NOW) is Decision.NOT_FIRING


def test_cooldown_holds_a_new_alert_and_ends() -> None:
    """A product that fires again soon after it was told waits out the cooldown, then is told."""
    terms = NotifyTerms(cooldown=DAY)
    assert decide(alert(), told(of=1, ago=DAY - 1), terms, NOW) is Decision.COOLDOWN
    assert decide(alert(), told(of=1, ago=DAY), terms, NOW) is Decision.FIRES


def test_remind_tells_again() -> None:
    """``remind`` counts from the last telling of this alert."""
    terms = NotifyTerms(remind=3 * DAY, cooldown=9 * DAY)
    assert decide(alert(), told(ago=3 * DAY - 1), terms, NOW) is Decision.ALREADY_TOLD
    assert decide(alert(), told(ago=3 * DAY), terms, NOW) is Decision.REMINDER


def test_severity_below_the_channels_is_held() -> None:
    """A channel hears nothing below its ``min_severity``."""
    terms = NotifyTerms(severity=Severity.INFO, min_severity=Severity.WARNING)
    assert decide(alert(), None, terms, NOW) is Decision.BELOW_SEVERITY
    equal = NotifyTerms(severity=Severity.WARNING, min_severity=Severity.WARNING)
    assert decide(alert(), None, equal, NOW) is Decision.FIRES


@pytest.mark.parametrize("least", Severity)
@pytest.mark.parametrize("most", Severity)
@pytest.mark.parametrize("severity", Severity)
def test_a_channel_hears_what_lies_between(
    least: Severity, most: Severity, severity: Severity
) -> None:
    """Both bounds included; by name why not."""
    if least.rank > most.rank:
        return
    terms = NotifyTerms(severity, min_severity=least, max_severity=most)
    told = {
        severity.rank < least.rank: Decision.BELOW_SEVERITY,
        severity.rank > most.rank: Decision.ABOVE_SEVERITY,
    }.get(True, Decision.FIRES)
    assert decide(alert(), None, terms, NOW) is told
    policy = NotifyPolicy("me", ("me/1",), least, max_severity=most)
    assert policy.hears(severity) is (told is Decision.FIRES)


def test_above_what_was_told_of_it_is_told_whatever_the_cooldown() -> None:
    """By data only, above the highest that was told, and where the channel hears it; what was told
    before the data decided is not known, and nothing is above it."""
    info, warning, critical = Severity
    cases = [
        (critical, told_as(warning), Decision.RAISED),
        (critical, told_as(warning, of=1, ago=HOUR), Decision.RAISED),
        (warning, told_as(warning), Decision.ALREADY_TOLD),
        (warning, told_as(critical), Decision.ALREADY_TOLD),
        (warning, told_as(critical, of=1, ago=HOUR), Decision.COOLDOWN),
        (critical, told(), Decision.ALREADY_TOLD),
        (critical, told_as(info, of=1), Decision.FIRES),
    ]
    for severity, before, expected in cases:
        assert decide(alert(), before, NotifyTerms(severity, cooldown=DAY), NOW) is expected
    ended = alert(AlertState.INACTIVE, reason=CONDITION_ENDED)
    terms = NotifyTerms(info, min_severity=warning, resolved=True)
    assert decide(alert(), told_as(critical), terms, NOW) is Decision.BELOW_SEVERITY
    assert decide(ended, told_as(critical), terms, NOW) is Decision.RESOLVED
    assert decide(ended, told_as(critical, of=1), terms, NOW) is Decision.BELOW_SEVERITY


def told_as(severity: Severity, of: int = 2, ago: int = DAY) -> NotificationLogEntry:
    """A telling, with the highest severity that was told of the alert."""
    return msgspec.structs.replace(told(of, ago), severity=severity)


def test_the_end_is_told_of_what_was_told() -> None:
    """``resolved: true`` tells the end once, and only where the begin was told."""
    ended = alert(AlertState.INACTIVE, reason=CONDITION_ENDED)
    terms = NotifyTerms(resolved=True, cooldown=9 * DAY)
    assert decide(ended, told(ago=HOUR), terms, NOW) is Decision.RESOLVED
    assert decide(ended, told(end=True), terms, NOW) is Decision.ALREADY_TOLD
    assert decide(ended, told(of=1), terms, NOW) is Decision.NEVER_TOLD
    assert decide(ended, None, terms, NOW) is Decision.NEVER_TOLD
    assert decide(ended, told(), NotifyTerms(), NOW) is Decision.END_NOT_ASKED


def test_a_changed_rule_ends_silently() -> None:
    """An edit of the rule is no news about the product."""
    ended = alert(AlertState.INACTIVE, reason=RULE_CHANGED)
    assert decide(ended, told(), NotifyTerms(resolved=True), NOW) is Decision.END_NOT_ASKED


def test_a_carried_alert_waits_for_its_first_evaluation() -> None:
    """Until the changed rule has spoken, nothing is said."""
    assert decide(alert(carried=True), None, NotifyTerms(), NOW) is Decision.CARRIED


def test_what_began_and_ended_while_it_was_held_is_owed() -> None:
    """Once, whether the rule tells ends or not; not where the edit of a rule ended it."""
    ended = alert(AlertState.INACTIVE, reason=CONDITION_ENDED)
    for resolved in (False, True):
        terms = NotifyTerms(resolved=resolved)
        assert decide(ended, None, terms, NOW, waiting=True) is Decision.MISSED
        assert decide(ended, told(of=1), terms, NOW, waiting=True) is Decision.MISSED
    assert decide(ended, told(), NotifyTerms(), NOW, waiting=True) is Decision.END_NOT_ASKED
    changed = alert(AlertState.INACTIVE, reason=RULE_CHANGED)
    assert decide(changed, None, NotifyTerms(), NOW, waiting=True) is Decision.END_NOT_ASKED


def test_owed_names() -> None:
    """Exactly six decisions are told."""
    owed = {decision for decision in Decision if decision.owed}
    assert owed == {
        Decision.FIRES,
        Decision.AGAIN,
        Decision.RAISED,
        Decision.REMINDER,
        Decision.RESOLVED,
        Decision.MISSED,
    }


def test_a_digest_collects_from_the_first_that_waits_for_its_channel(tmp_path: Path) -> None:
    """Whichever rule's it is: what came later, after its time, does not put it off a day."""
    policy = NotifyPolicy("me", ("me/1",), digest=Cron("0 12 * * *"))
    waiting = [
        HeldGroup("one", "me", None, NOW + 11 * HOUR, 1),
        HeldGroup("other", "me", None, NOW + 13 * HOUR, 1),
    ]
    with open_store(making.place(tmp_path)) as database:
        for groups in (waiting, waiting[::-1]):
            assert Holds(database, NOW + 14 * HOUR, groups).on(policy) is None
        hold = Holds(database, NOW + 14 * HOUR, waiting[1:]).on(policy)
        assert hold is not None
        assert hold.until == NOW + 36 * HOUR
