"""A list that is read each day at the same hour, over days of 23 and 25 hours in every zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from tests.fakes.world import HEAD
from tests.store.making import START, scan
from watcher.analysis.backtest import backtest
from watcher.analysis.explain import explain
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load_text
from watcher.store.sqlite.database import Database
from watcher.units import DAY, HOUR

DAILY = 'every: "0 9 * * *", timezone: Europe/Berlin'


@cache
def lengths() -> frozenset[int]:
    """The seconds between nine o'clock and nine o'clock of the next day, in every zone, of all
    days of two years."""
    found = set[int]()
    first = datetime(2025, 1, 1, 12, tzinfo=UTC)
    for name in available_timezones():
        zone = ZoneInfo(name)
        offsets = [(first + timedelta(days=day)).astimezone(zone).utcoffset() for day in range(731)]
        steps = {later - earlier for earlier, later in pairs(offsets)}  # type: ignore[operator]
        found |= {DAY - int(step.total_seconds()) for step in steps}
    return frozenset(found)


def pairs(offsets: list[timedelta | None]) -> Iterator[tuple[timedelta | None, timedelta | None]]:
    """Each with the next one, where they differ, and one pair that does not."""
    yield offsets[0], offsets[0]
    yield from (pair for pair in pairwise(offsets) if pair[0] != pair[1])


class Days:
    """One product, read after days of given lengths; what is told by which scan."""

    def __init__(self, store: Database, rule: str, schedule: str = DAILY) -> None:
        text = f"watch: {{sort: total_sale_7d_cnt desc, {schedule}}}, {rule}"
        self.book = load_text(f"{HEAD}rules:\n- {{name: r, {text}, notify: [me]}}")
        self.store = store
        self.at = START
        store.rules.sync(self.book.marks, START)

    def see(self, sales: float, after: int = DAY) -> str:
        """``.`` not met, ``p`` pending, ``f`` firing; with ``!`` where the channel was told."""
        self.at += after
        (rule,) = self.book.rules
        made = scan(self.at, {"1": sales, "2": {}}, watch=rule.watch.key)
        policies = policies_of(self.book.channels)
        outcome = evaluate(self.store, made, [rule], policies, self.book.metrics, self.at)
        live = self.store.alerts.active(["r"])
        state = live[0].state.value[0] if live else "."
        return f"{state}{'!' if outcome.notifications else ''}"


def test_days_have_other_lengths_than_24_hours() -> None:
    """Else the tests below try nothing."""
    assert {23 * HOUR, DAY, 25 * HOUR} < lengths()


@pytest.mark.parametrize(
    ("rule", "series", "told"),
    [
        ("when: {total_sale_7d_cnt: {rises: 50%, from: 1d ago}}", "10 20", ". f!"),
        ("when: {total_sale_7d_cnt: {at_least: 20}}, for: 24h", "20 20", "p f!"),
        ("when: {total_sale_7d_cnt: {at_least: 20}}, keep_firing_for: 24h", "20 10", "f! ."),
        ("when: {total_sale_7d_cnt: {at_least: 20}}, remind: 24h", "20 20", "f! f!"),
        ("when: {total_sale_7d_cnt: {at_least: 20}}, remind: 2d", "20 20 20", "f! f f!"),
        ("when: {total_sale_7d_cnt: {at_least: 20}}, for: 3d", "20 20 20 20", "p p p f!"),
        (
            "when: {total_sale_7d_cnt: {rises: 50%, from: 3d ago}}",
            "10 11 12 20",
            ". . . f!",
        ),
        (
            "when: {total_sale_7d_cnt: {at_least: 20}}, cooldown: 24h, until: {rank: 1}",
            "20 10 20",
            "f! . f!",
        ),
        (
            "when: {total_sale_7d_cnt: {at_least: 20}}, cooldown: 3d",
            "20 10 20 20",
            "f! . f f!",
        ),
    ],
)
def test_a_day_is_a_day(rule: str, series: str, told: str) -> None:
    """Whichever of them is shorter or longer, nothing comes a day late, nor too early."""
    values = [float(word) for word in series.split()]
    for length in lengths():
        for odd in range(1, len(values)):
            with Database.in_memory() as store:
                days = Days(store, rule)
                steps = [length if day == odd else DAY for day in range(len(values))]
                seen = [days.see(value, after) for value, after in zip(values, steps, strict=True)]
            assert " ".join(seen) == told, (length, odd)


def test_half_a_day_is_no_day(store: Database) -> None:
    """Where a list is read often, the slack does not reach to another scan."""
    twice = Days(store, "when: {total_sale_7d_cnt: {at_least: 20}}, for: 24h", "every: 12h")
    assert [twice.see(20, 12 * HOUR) for _ in range(3)] == ["p!"[:1], "p", "f!"]
    hourly = Days(
        Database.in_memory(), "when: {total_sale_7d_cnt: {at_least: 20}}, for: 24h", "every: 1h"
    )
    assert [hourly.see(20, HOUR) for _ in range(25)] == ["p"] * 24 + ["f!"]


def test_an_observation_may_be_a_little_younger_and_half_as_long_again_older(
    store: Database,
) -> None:
    """Up to a tenth younger, to half of the interval at most; never over a week older."""
    rises = "when: {total_sale_7d_cnt: {rises: 1, from: %s ago}}"
    cases = (
        ("1d", DAY - 144 * 60, True), ("1d", DAY - 144 * 60 - 1, False),
        ("1d", 36 * HOUR, True), ("1d", 36 * HOUR + 1, False),
        ("7d", 6 * DAY + 12 * HOUR, True), ("7d", 6 * DAY + 12 * HOUR - 1, False),
        ("7d", 10 * DAY + 12 * HOUR, True), ("7d", 10 * DAY + 12 * HOUR + 1, False),
        ("14d", 21 * DAY, True), ("14d", 21 * DAY + 1, False),
        ("30d", 37 * DAY, True), ("30d", 37 * DAY + 1, False),
        ("364d", 371 * DAY, True), ("364d", 371 * DAY + 1, False),
    )  # fmt: skip
    for ago, age, known in cases:
        days = Days(Database.in_memory(), rises % ago)
        days.see(10)
        assert (days.see(20, age) == "f!") is known, (ago, age)
    assert store.alerts.list() == []


def test_explain_and_backtest_know_of_it(store: Database) -> None:
    """When a pending alert fires, when a cooldown ends, and what the past would have told."""
    days = Days(store, "when: {total_sale_7d_cnt: {at_least: 20}}, for: 24h, cooldown: 24h")
    days.see(20)
    (rule,) = days.book.rules
    (facts,) = store.history.find("1")
    assert explain(store, days.book, rule, facts, days.at).fires_at == days.at + 24 * HOUR - 8640
    assert days.see(20, 23 * HOUR) == "f!"
    days.see(10, HOUR)
    days.see(20, HOUR)
    (gate,) = explain(store, days.book, rule, facts, days.at).gates
    assert gate.opens is None  # pending: nothing is to be told yet
    found = backtest(store, days.book, rule, (START, days.at))
    assert [told.message.data_at for told in found.told] == [START + DAY + 23 * HOUR]
