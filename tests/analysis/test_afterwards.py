"""The sales of one product after its alert, from what is stored of it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.fakes.selling import Shop, steps
from tests.store.making import DAY
from watcher.analysis.scores.afterwards import NO_NUMBER, TOO_YOUNG, UNSEEN, Sold, sold
from watcher.store.ports import Store

RULES = "rules:\n  - {name: r, watch: WATCH, when: {total_sale_7d_cnt: {at_least: 1}}}\n"
DAYS = range(35, 75)
BEGUN = 50  # the day of the alert


def shop(store: Store, sales: Sequence[float], days: Sequence[int] = DAYS, **given: object) -> Shop:
    """A shop of one product, read on these mornings."""
    made = Shop(store, RULES, {"1": sales, "other": steps((100, 5))})
    made.read(days, **given)  # type: ignore[arg-type]
    return made


def asked(made: Shop, now: int = 80) -> Sold:
    """What became of an alert of that day, as known on another one."""
    (facts,) = made.database.history.find("1")
    return sold(made.database, facts.product, made.morning(BEGUN), made.morning(now))


def test_it_sold_more(store: Store) -> None:
    """By the totals, each of the first numbers from its day on, against the weeks before the
    last."""
    made = shop(store, steps((50, 10), (10, 20), (90, 40)))
    found = asked(made)
    assert found.before == pytest.approx(10)
    week, fortnight = found.after
    assert week.days == 7
    assert week.at == pytest.approx(made.morning(57), abs=60)
    assert week.a_day == pytest.approx(20)
    assert week.times == pytest.approx(2)
    assert fortnight.a_day == pytest.approx((10 * 20 + 4 * 40) / 14)
    assert fortnight.at == pytest.approx(made.morning(64), abs=60)


def test_it_is_too_early(store: Store) -> None:
    """Nothing is said of days that did not come yet."""
    made = shop(store, steps((200, 10)), range(35, 60))
    week, fortnight = asked(made, 60).after
    assert week.times == pytest.approx(1)
    assert (fortnight.a_day, fortnight.why) == (None, TOO_YOUNG)


def test_it_is_much_too_early(store: Store) -> None:
    """On the next morning nothing is known."""
    made = shop(store, steps((200, 10)), range(35, BEGUN + 2))
    assert [each.why for each in asked(made, BEGUN + 1).after] == [TOO_YOUNG, TOO_YOUNG]


def test_it_was_not_seen(store: Store) -> None:
    """A product that left is not known; one that came back within the days is; the days that lie
    between count."""
    gone = {"1": [day for day in DAYS if day > 52]}
    assert {each.why for each in asked(shop(store, steps((200, 10)), without=gone)).after} == {
        UNSEEN
    }


def test_it_came_back(store: Store) -> None:
    """Its total then is over more days."""
    away = {"1": [day for day in DAYS if 55 <= day < 60 or 62 <= day < 67]}
    week, fortnight = asked(shop(store, steps((200, 10)), without=away)).after
    assert week.a_day == pytest.approx(10)
    assert week.times == pytest.approx(1)
    assert week.at is not None
    assert fortnight.a_day == pytest.approx(10)


def test_without_a_total(store: Store) -> None:
    """By the counters of the weeks; without these nothing is known."""
    made = shop(store, steps((50, 10), (50, 20)), drop=["total_sale_cnt"])
    week, fortnight = asked(made).after
    assert week.a_day == fortnight.a_day == pytest.approx(20)


def test_without_any_number(store: Store) -> None:
    """It says so."""
    made = shop(store, steps((200, 10)), drop=["total_sale_cnt", "total_sale_7d_cnt"])
    found = asked(made)
    assert found.before is None
    assert [(each.a_day, each.why) for each in found.after] == [(None, NO_NUMBER)] * 2


def test_a_product_that_sells_nothing(store: Store) -> None:
    """No level, and no times of it."""
    made = shop(store, steps((200, 0)))
    found = asked(made)
    assert found.before == 0
    assert {each.times for each in found.after} == {None}


def test_what_is_older_than_what_is_kept(store: Store) -> None:
    """Nothing is known of before the first scan."""
    made = shop(store, steps((200, 10)), range(60, 75))
    assert [each.why for each in asked(made).after] == [NO_NUMBER] * 2
    assert asked(made).before is None
    assert made.morning(60) > made.morning(BEGUN) + DAY
