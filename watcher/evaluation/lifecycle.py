"""The life of an alert: inactive, pending, firing; one step for each evaluation. Pure functions of
what was, what the conditions say now, and the time. "Inactive" is no alert at all before it became
pending, and a row with ``resolved_at`` after it fired. Modelled on the active alerts of Prometheus'
``rules/alerting.go``, with a third verdict: no data changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
from msgspec.structs import replace

from watcher.alert import Alert, AlertState
from watcher.language import gettext_noop as N_
from watcher.model import Bools, Instant, Ints, Verdict
from watcher.store.records import Live

GONE_AFTER = 2  # complete scans in a row without the product: one proves nothing

# Stored as they stand here; told in the language of whoever is told.
CONDITION_ENDED = N_("condition ended")
LEFT_THE_LIST = N_("left the list")
RULE_CHANGED = N_("rule changed")
TAKEN_OUT = N_("no longer asked for")
UNTOLD = frozenset((RULE_CHANGED, TAKEN_OUT))  # the user's own doing


@dataclass(frozen=True, slots=True)
class Terms:
    """The times of a rule, in seconds."""

    for_: int = 0
    keep_firing_for: int = 0


class Verdicts(msgspec.Struct, frozen=True, gc=False):
    """Verdicts of the rule's conditions on a product now; ``until`` is None where not given."""

    when: Verdict
    until: Verdict | None = None


def step(
    alert: Alert | None, rule: str, product: int, verdicts: Verdicts, terms: Terms, now: Instant
) -> Alert | None:
    """The alert after one evaluation; None where there was none and none begins. One that ends
    comes back inactive: with ``resolved_at`` and ``reason`` if it had fired, without if it was only
    pending. An unchanged alert comes back as the same object."""
    if alert is None or alert.state is AlertState.INACTIVE:
        return begin(rule, product, terms, now) if verdicts.when is Verdict.MET else None
    if alert.absent:
        alert = replace(alert, absent=0)
    if verdicts.when is Verdict.NO_DATA:
        return alert
    if verdicts.when is Verdict.MET:
        return _still_met(alert, terms, now)
    return _not_met(alert, verdicts, terms, now)


def begin(rule: str, product: int, terms: Terms, now: Instant, watch: str = "") -> Alert:
    """A new alert, whose condition is met now, by the watch of that key."""
    state, fired_at = (AlertState.PENDING, None) if terms.for_ > 0 else (AlertState.FIRING, now)
    return Alert(0, rule, product, state, now, now, fired_at, watch=watch)


def stays(live: Live, met: Bools, known: Bools, waits: Bools, keep: Ints, now: Instant) -> Bools:
    """(n,) the alerts that ``step`` leaves as they are: most of them, most of the time. ``waits``
    marks those whose ``until`` is not met, ``keep`` has the seconds of ``keep_firing_for``."""
    goes_on = np.where(met, keep == 0, waits | (now - live.last_met < keep))
    stay: Bools = (live.absent == 0) & (~known | (live.firing & ~live.carried & goes_on))
    return stay


def step_absent(alert: Alert, now: Instant) -> Alert:
    """The alert after a complete scan that did not list its product."""
    absent = alert.absent + 1
    if absent < GONE_AFTER:
        return replace(alert, absent=absent)
    # It may be the edit that took it off the list: of a carried alert nobody is to hear that.
    return end(alert, RULE_CHANGED if alert.carried else LEFT_THE_LIST, now)


def end(alert: Alert, reason: str, now: Instant) -> Alert:
    """A firing alert resolved, or a pending one that came to nothing."""
    if alert.state is AlertState.PENDING:
        return replace(alert, state=AlertState.INACTIVE, since=now)
    return replace(
        alert, state=AlertState.INACTIVE, since=now, resolved_at=now, reason=reason, carried=False
    )


def _still_met(alert: Alert, terms: Terms, now: Instant) -> Alert:
    if alert.state is AlertState.PENDING:
        alert = replace(alert, last_met=now)
        if now - alert.since < terms.for_:
            return alert
        return replace(alert, state=AlertState.FIRING, since=now, fired_at=now)
    if alert.carried:
        return replace(alert, carried=False, last_met=now)
    # Where nothing asks when it was last met, a steady alert need not be written again.
    return replace(alert, last_met=now) if terms.keep_firing_for else alert


def _not_met(alert: Alert, verdicts: Verdicts, terms: Terms, now: Instant) -> Alert:
    if alert.carried:
        return end(alert, RULE_CHANGED, now)
    if alert.state is AlertState.PENDING:
        return end(alert, CONDITION_ENDED, now)
    waits_for_until = verdicts.until is not None and verdicts.until is not Verdict.MET
    if waits_for_until or now - alert.last_met < terms.keep_firing_for:
        return alert
    return end(alert, CONDITION_ENDED, now)
