"""What became of what was told since the last report."""

from __future__ import annotations

import pytest

from tests.fakes.world import HEAD, World
from tests.store.making import DAY, SALES
from watcher.analysis.reports.composing import Moment, compose
from watcher.analysis.reports.fates import fate_of
from watcher.model import Instant
from watcher.report import FateOfAlert, ReportContent
from watcher.store.ports import Store

RULES = """
watches: {best: {sort: total_sale_7d_cnt desc}}
reports: {r: {at: "08:00", watch: best}}
rules:
  - {name: jump, watch: best, when: {total_sale_7d_cnt: {rises: 50%}}, keep_firing_for: 9d}
  - {name: growth, watch: best, when: {sales_growth: {at_least: 50%}}, notify: []}
"""


def _deliver(world: World, now: Instant) -> None:
    for each in world.database.outbox.waiting_for("me/1"):
        world.database.outbox.sent(each.id, now, "ok")


def _report(world: World, last: Instant | None = None) -> ReportContent:
    asked = world.book.reports[0]
    return compose(world.database, world.book, asked, Moment(world.now, world.now + 99, last))


def test_alerts_told_since(store: Store) -> None:
    """One grew on, one fell back, one holds, one is not on the list any more."""
    world = World(store, RULES, head=HEAD)
    world.scan(dict.fromkeys("1234", 100.0))
    world.scan({"1": 200.0, "2": 200.0, "3": 200.0, "4": 200.0})
    _deliver(world, world.now + 70)
    told_at = world.now + 70
    world.scan({"1": 260.0, "2": 150.0, "3": 180.0})
    found = _report(world)
    assert {(one.baseline, one.told) for one in found.alerts} == {(100, 200)}
    assert [(one.product_id, one.fate, one.now) for one in found.alerts] == [
        ("1", FateOfAlert.GROWING, 260),
        ("3", FateOfAlert.HOLDS, 180),
        ("2", FateOfAlert.FELL_BACK, 150),
        ("4", FateOfAlert.UNKNOWN, None),
    ]
    assert {one.rule for one in found.alerts} == {"jump"}
    assert found.alerts[0].metric == SALES
    assert found.alerts[0].alert.startswith("A")
    assert _report(world, told_at - 1).all_alerts == 4
    assert _report(world, told_at).all_alerts == 0
    assert found.alerts_since == world.now + 99 - 7 * DAY


def test_what_nobody_took_was_not_told(store: Store) -> None:
    """A message that waits tells nobody yet."""
    world = World(store, RULES, head=HEAD)
    world.scan({"1": 100.0})
    world.scan({"1": 200.0})
    assert _report(world).alerts == ()
    _deliver(world, world.now + 80)
    assert len(_report(world).alerts) == 1


def test_an_end_is_said(store: Store) -> None:
    """Of an alert that is over, when that was."""
    world = World(store, RULES.replace(", keep_firing_for: 9d", ""), head=HEAD)
    for sold in (100.0, 200.0, 90.0):
        world.scan({"1": sold})
    _deliver(world, world.now + 80)
    (one,) = _report(world).alerts
    assert (one.fate, one.ended) == (FateOfAlert.FELL_BACK, world.now)


@pytest.mark.parametrize(
    ("baseline", "told", "now", "fate"),
    [
        (100, 200, 201, FateOfAlert.GROWING),
        (100, 200, 200, FateOfAlert.HOLDS),
        (100, 200, 151, FateOfAlert.HOLDS),
        (100, 200, 150, FateOfAlert.FELL_BACK),
        (100, 200, 20, FateOfAlert.FELL_BACK),
        (20, 10, 9, FateOfAlert.GROWING),  # a price that falls on
        (20, 10, 14, FateOfAlert.HOLDS),
        (20, 10, 15, FateOfAlert.FELL_BACK),
        (None, 10, 15, FateOfAlert.UNKNOWN),
        (10, 10, 15, FateOfAlert.UNKNOWN),
        (10, 20, None, FateOfAlert.UNKNOWN),
    ],
)
def test_half_of_the_move(
    baseline: float | None, told: float, now: float | None, fate: FateOfAlert
) -> None:
    """It fell back once half of the move is lost, in whichever direction it went."""
    assert fate_of(baseline, told, now) is fate
