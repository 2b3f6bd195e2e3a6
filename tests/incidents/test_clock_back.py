"""Alerts over a clock that was ahead by hours, days or a year, and was set back."""

from __future__ import annotations

import pytest

from tests.evaluation.test_slack import Days
from tests.store.making import scan, told_of
from watcher.analysis.explain import explain
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.store.sqlite.database import Database
from watcher.units import DAY, HOUR

SELLS = "when: {total_sale_7d_cnt: {at_least: 20}}"
RISES = "when: {total_sale_7d_cnt: {rises: 5}}"
AHEAD = (9 * HOUR, 3 * DAY, 365 * DAY)


@pytest.mark.parametrize("ahead", AHEAD)
@pytest.mark.parametrize(
    ("rule", "series", "told"),
    [
        (f"{SELLS}, cooldown: 24h", "20 | 10 20 20 20", "f! | . f f f!"),
        (f"{SELLS}, remind: 24h", "20 | 20 20 20 20", "f! | f f f f!"),
        (f"{SELLS}, for: 24h", "20 | 20 20 20 20", "p | p p p f!"),
        (f"{SELLS}, keep_firing_for: 24h", "20 | 10 10 10 10", "f! | f f f ."),
        (f"{SELLS}, resolved: true", "20 | 10 20 10 20", "f! | .! f! .! f!"),
        (
            "when: {total_sale_7d_cnt: {rises: 5}}, cooldown: 1h",
            "10 | 20 30 30 40",
            ". | f! f . f!",
        ),
    ],
)
def test_what_was_noted_ahead_counts_as_now(
    store: Database, ahead: int, rule: str, series: str, told: str
) -> None:
    """Of all that a rule counts: ``|`` is where the clock is set back, then a scan each 8 h."""
    days = Days(store, rule, "every: 8h")
    days.at += ahead
    seen: list[str] = []
    for word in series.split():
        if word == "|":
            days.at -= ahead
            seen.append(word)
        else:
            seen.append(days.see(float(word), 8 * HOUR if seen else HOUR))
    assert " ".join(seen) == told


def test_explain_counts_a_future_telling_as_now(store: Database) -> None:
    """It only reads, so it may come before anything is mended."""
    days = Days(store, f"{SELLS}, cooldown: 7d, for: 1h", "every: 8h")
    days.at += 365 * DAY
    days.see(20)
    now = days.at - 365 * DAY
    (rule,) = days.book.rules
    (facts,) = store.history.find("1")
    assert explain(store, days.book, rule, facts, now).fires_at == now + HOUR - HOUR // 10
    days.see(20)
    days.see(10)
    days.see(20)
    days.see(20)
    (gate,) = explain(store, days.book, rule, facts, now).gates
    assert gate.opens == now + 7 * DAY - 4 * HOUR


def test_a_scan_that_the_clock_has_not_reached_is_now(store: Database) -> None:
    """Its time follows that of the scan before; what it begins, and what is told, does not."""
    days = Days(store, SELLS)
    (rule,) = days.book.rules
    now = days.at
    made = scan(now + 3 * HOUR, {"1": 20}, watch=rule.watch.key)
    policies = policies_of(days.book.channels)
    outcome = evaluate(store, made, [rule], policies, days.book.metrics, now)
    (alert,) = store.alerts.by_id(outcome.fired.alerts)
    assert (alert.since, alert.fired_at) == (now, now)
    (told,) = told_of(store, ["r"])
    assert told.told_at == now
