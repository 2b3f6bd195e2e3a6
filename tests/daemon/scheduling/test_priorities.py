"""Who gets the last credits of a day."""

from __future__ import annotations

import pytest

from tests.store.making import scan
from watcher.analysis.forecast import scans_left
from watcher.daemon.scheduling.budget import kept_for_others
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook, Watch
from watcher.schedule import Every
from watcher.store.sqlite.database import Database
from watcher.units import DAY, HOUR

NOON = 20_000 * DAY + 12 * HOUR


def book(cap: str = "credits_per_day: 100") -> Rulebook:
    """A costly watch (20 credits every 6 hours), one of 5 a day, and one of 10 that matters."""
    return load_text(f"""
api: {{{cap}}}
defaults: {{region: US, notify: []}}
watches:
  big: {{sort: total_sale_cnt, top: 200, every: 6h}}
  small: {{sort: total_sale_7d_cnt, top: 50}}
  vital: {{sort: spu_avg_price, top: 100, every: "0 9,15,21 * * *"}}
rules:
  - {{name: a, watch: big, when: {{rank: 1}}}}
  - {{name: b, watch: small, when: {{rank: 1}}}}
  - {{name: c, watch: vital, when: {{rank: 1}}}}
  - {{name: d, watch: vital, when: {{rank: 1}}, priority: 5}}
""")


def watch_of(rules: Rulebook, name: str) -> Watch:
    """The watch of that name."""
    return next(watch for watch in rules.watches if watch.name == name)


def read(store: Database, watch: Watch, at: int, products: int = 100) -> None:
    """A scan of it at that time."""
    listed = {str(number): 1.0 for number in range(products)}
    store.history.record(scan(at, listed, watch=watch.key))


def test_the_priority_of_a_watch_is_its_rules_highest() -> None:
    """What nobody ranks has 0."""
    rules = book()
    assert [rules.priority(watch) for watch in rules.watches] == [0, 0, 5]


def test_what_the_higher_still_need_today_is_kept(store: Database) -> None:
    """Two scans of ten are left after noon; nothing is kept from the higher one itself."""
    rules = book()
    vital = watch_of(rules, "vital")
    read(store, vital, NOON - 3 * HOUR)
    assert kept_for_others(store, rules, watch_of(rules, "big"), NOON) == 20
    assert kept_for_others(store, rules, vital, NOON) == 0
    assert kept_for_others(store, rules, watch_of(rules, "big"), NOON + 10 * HOUR) == 10
    read(store, vital, NOON + 9 * HOUR)
    assert kept_for_others(store, rules, watch_of(rules, "big"), NOON + 10 * HOUR) == 0


def test_a_watch_never_read_is_due_at_once(store: Database) -> None:
    """And then at its times."""
    rules = book()
    assert kept_for_others(store, rules, watch_of(rules, "small"), NOON) == 30


def test_a_list_that_ended_early_keeps_less(store: Database) -> None:
    """As many credits as it really costs."""
    rules = book()
    read(store, watch_of(rules, "vital"), NOON - 3 * HOUR, products=25)
    assert kept_for_others(store, rules, watch_of(rules, "small"), NOON) == 8  # 4 each


def test_what_can_not_be_made_keeps_nothing(store: Database) -> None:
    """Where a scan does not fit anyway, the lower ones may have the rest."""
    rules = book("credits_per_day: 25")
    small = watch_of(rules, "small")
    assert kept_for_others(store, rules, small, NOON) == 20
    store.ledger.charge("x", 16, NOON)
    assert kept_for_others(store, rules, small, NOON) == 0


def test_what_is_under_way_is_not_kept_twice(store: Database) -> None:
    """Its credits are set aside in the ledger."""
    rules = book()
    vital = watch_of(rules, "vital")
    read(store, vital, NOON - 3 * HOUR)
    store.ledger.reserve(vital.key, 10, NOON, None, None)
    assert store.ledger.set_aside(NOON) == {vital.key: 10}
    assert kept_for_others(store, rules, watch_of(rules, "small"), NOON + 3 * HOUR) == 10


def test_without_caps_or_priorities_nothing_is_kept(store: Database) -> None:
    """As it always was."""
    free = book("")
    assert kept_for_others(store, free, watch_of(free, "small"), NOON) == 0


@pytest.mark.parametrize(
    ("due", "count"),
    [(NOON - DAY, 3), (NOON, 3), (NOON + 4 * HOUR, 2), (NOON + 8 * HOUR, 1), (NOON * 2, 0)],
)
def test_scans_left(due: int, count: int) -> None:
    """Of a watch every four hours until midnight: what is overdue is made now, once."""
    assert scans_left(Every(4 * HOUR), due, NOON, NOON + 12 * HOUR) == count
    assert scans_left(Every(4 * HOUR), due, NOON, NOON + 12 * HOUR, at_most=1) == min(count, 1)
