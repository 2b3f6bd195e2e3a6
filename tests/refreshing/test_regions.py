"""One rule, watches of two regions: each alert's times count by the data days of its own."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from watcher.alert import Alert, AlertState, NotificationLogEntry
from watcher.data_days import DataDay, DataDays
from watcher.model import Instant
from watcher.notification.deferral import channel_statuses
from watcher.notification.holds import Holds
from watcher.notification.policy import Decision, policies_of
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rule
from watcher.store.engine import Engine
from watcher.units import DAY, HOUR

RULES = """
api: {key: k}
channels: {me: {url: "json://localhost"}}
defaults: {notify: [me], every: refresh, cooldown: 24h}
watches:
  early: {region: GB, top: 20}
  late: {region: US, top: 20}
  grid: {region: FR, top: 20, every: 6h}
rules:
  - {name: r, watch: [WATCHES], remind: 3d, when: {review_count: {at_least: 1}}}
"""
FIRST = 20_000


def at(day: float) -> Instant:
    """Of days after the first one."""
    return FIRST * DAY + int(day * DAY)


def row(day: int, hour: float) -> DataDay:
    """A day whose data came at that hour."""
    began = at(day) + int(hour * HOUR)
    return DataDay(FIRST + day, began, began - HOUR, began)


@dataclass
class Days:
    """GB's data comes at four and US' at three; on the last day it is the other way round."""

    def data_days(self, region: str) -> DataDays:
        """Four of them."""
        hours = {"GB": (4, 4, 4, 3), "US": (3, 3, 3, 5)}[region]
        return DataDays(tuple(row(day, hour) for day, hour in enumerate(hours)))


def rule_of(watches: str = "early, late, grid") -> Rule:
    """The one rule."""
    (rule,) = load_text(RULES.replace("WATCHES", watches)).rules
    return rule


@pytest.mark.parametrize("watches", ["early, late, grid", "grid, late, early", "early"])
def test_another_regions_day_is_no_hindrance(watches: str) -> None:
    """GB's data came, and US' did not yet: a reminder is due, and a cooldown over."""
    rule, past = rule_of(watches), Days()
    watch = next(each for each in rule.watches if each.name == "early")
    policy = policies_of(load_text(RULES.replace("WATCHES", watches)).channels)["me"]
    now = at(3) + int(3.25 * HOUR)
    with Engine.in_memory() as database:
        holds = Holds(database, now, past=past)
        alerts = [
            Alert(number, "r", number, AlertState.FIRING, at(0), at(0), at(0), watch=watch.key)
            for number in (1, 2)
        ]
        told = [(1, 1, at(0)), (2, 9, at(2))]  # the one for three days, the other of another alert
        log = {
            product: NotificationLogEntry("r", product, "me", alert, day + int(4.25 * HOUR))
            for product, alert, day in told
        }
        decided = holds.judge(rule, policy, alerts, log, (), now)
    assert [each.decision for each in decided] == [Decision.REMINDER, Decision.FIRES]


def test_a_grid_beside_it_counts_by_the_clock() -> None:
    """With the slack of the schedules that have no data days."""
    rule, past = rule_of(), Days()
    grid = rule.watches[2]
    assert DAY * 8 // 10 < rule.least(DAY, past, at(3.2), grid.key) <= DAY
    assert rule.over(DAY, past, at(2.2), grid.key) <= at(3.2)


def test_what_is_shown_is_of_the_same_days() -> None:
    """The time of the next reminder."""
    book = load_text(RULES.replace("WATCHES", "early, late, grid"))
    (rule,) = book.rules
    early, late, _ = rule.watches
    with Engine.in_memory() as database:
        for region in ("GB", "US"):
            for each in Days().data_days(region).rows:
                database.refreshes.begin_day(region, each)
        opens = []
        for watch in (early, late):
            alert = Alert(1, "r", 1, AlertState.FIRING, at(0), at(0), at(0), watch=watch.key)
            (alert,) = database.alerts.save([alert])
            database.alerts.mark_told([NotificationLogEntry("r", 1, "me", alert.id, at(0.3))])
            (status,) = channel_statuses(
                database, rule, alert, policies_of(book.channels), at(1), at(1)
            )
            opens.append(status.opens)
    assert opens == [at(3) + 3 * HOUR, at(3) + 5 * HOUR]
