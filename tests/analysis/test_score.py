"""What became of what was told: reckoned by hand."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from tests.fakes.selling import Shop, steps
from tests.store.making import DAY
from watcher.analysis.scores.fates import LEFT, NO_LEVEL, UNSEEN
from watcher.analysis.scores.score import RuleScore, Scores, Tally, score
from watcher.evidence import Evidence
from watcher.model import ScanState, Verdict
from watcher.store.sqlite.database import Database

RISES = "rules:\n  - {name: r, watch: WATCH, when: {sales_growth: {at_least: 50%}}}\n"
TOLD = 50  # the morning of day 50: the week of days 43 to 49 set it off
# 12 others that sell 10 a day for ever, so that the market stands still.
FLAT = {f"flat {number}": steps((200, 10)) for number in range(12)}


def scored(shop: Shop, day: int, days: int = 90) -> Scores:
    """The scores, asked on that morning."""
    book = shop.book
    return score(shop.database, book, book.rules, days, shop.morning(day) + 60)


def one(shop: Shop, day: int = 80) -> RuleScore:
    """The only rule's."""
    (found,) = scored(shop, day).rules
    return found


def told_once(store: Database, sold: list[float], **how: object) -> Shop:
    """A product that sells so, on a flat market, read daily and told on the morning of day 50."""
    shop = Shop(store, RISES, {"x": sold, **FLAT})
    shop.read(range(40, 75), **how)  # type: ignore[arg-type]
    shop.tell("x", TOLD)
    return shop


@pytest.mark.parametrize(
    ("after", "went_on"),
    [(15.0, True), (14.9, False), (10.0, False), (2.0, False)],
)
def test_half_again_the_level_before_went_on(store: Database, after: float, went_on: bool) -> None:
    """10 a day before; the week that set it off is in neither."""
    shop = told_once(store, steps((43, 10), (7, 500), (40, after)))
    found = one(shop)
    assert found.tally == Tally(1, int(went_on), int(not went_on))
    assert found.times == pytest.approx(after / 10, abs=1e-6)
    assert found.share == float(went_on)


@pytest.mark.parametrize(("after", "tally"), [(30.0, Tally(1, went_on=1)), (10.0, Tally(1, 0, 1))])
def test_what_was_told_before_its_watch_was_edited(
    store: Database, after: float, tally: Tally
) -> None:
    """Another query is another list: the day's scan of the old one has the level of before."""
    shop = Shop(store, RISES, {"x": steps((43, 10), (7, 500), (40, after)), **FLAT})
    shop.read(range(40, 55), watch="before the edit")
    shop.tell("x", TOLD)
    shop.read(range(55, 75))
    assert one(shop).tally == tally


def test_another_lists_last_place_is_no_bound(store: Database) -> None:
    """It left the old list: that the new one has no place for it may have another reason."""
    sold = {"x": steps((43, 10), (7, 500), (40, 1)), **FLAT}
    shop = Shop(store, RISES, sold, top=12)
    away = {"x": range(TOLD + 1, 90)}
    shop.read(range(40, 55), watch="before the edit", without=away)
    shop.tell("x", TOLD)
    shop.read(range(55, 75), without=away)
    assert one(shop).tally == Tally(1, unknown=1)


def test_a_message_of_before_the_alerts_were_noted(store: Database) -> None:
    """An older version sent it: what it shows is what it told."""
    shop = told_once(store, steps((43, 10), (7, 500), (40, 30)))
    alert = store.number("SELECT id FROM alerts")
    body = json.loads(store.value("SELECT body FROM messages"))
    del body["alerts"]
    body["items"] = [{"alert": f"A{alert}", "kind": "firing"}]
    store.execute("UPDATE messages SET body = ?", (json.dumps(body),))
    assert one(shop).tally == Tally(1, went_on=1)


def test_a_clock_that_was_set_back_hears_of_no_day_to_come(store: Database) -> None:
    """What the clock of before told is of a day that is not yet there: it is in no rate."""
    shop = told_once(store, steps((43, 10), (7, 500), (40, 30)))
    found = one(shop, TOLD - 1)
    assert (found.tally, found.heard) == (Tally(), ())


def test_an_alert_of_less_than_14_days_is_too_young(store: Database) -> None:
    """Until the morning of the 14th day; the last minute counts."""
    shop = told_once(store, steps((43, 10), (7, 500), (40, 30)))
    found = scored(shop, TOLD + 13).rules[0]
    assert found.tally == Tally(1, too_young=1)
    assert found.share is None
    assert scored(shop, TOLD + 14).rules[0].tally == Tally(1, went_on=1)


def test_a_product_that_rose_with_its_market_did_not_go_on(store: Database) -> None:
    """All sell twice as much from then on: 20 of 10 is no more than the market's own move."""
    doubles = steps((50, 10), (50, 20))
    shop = Shop(store, RISES, {"x": doubles, **dict.fromkeys(FLAT, doubles)})
    shop.read(range(40, 75))
    shop.tell("x", TOLD)
    found = one(shop)
    assert found.tally == Tally(1, fell_back=1)
    assert found.times == pytest.approx(1)


def test_one_product_that_outsells_all_does_not_move_the_market(store: Database) -> None:
    """It goes from 10 to 5,000 a day: it counts for three products, of 12 that stand still."""
    giant = steps((50, 10), (50, 5_000))
    shop = Shop(store, RISES, {"x": steps((50, 10), (50, 16)), "giant": giant, **FLAT})
    shop.read(range(40, 75))
    shop.tell("x", TOLD)
    # The 12 sell 120 before and after; the giant weighs 30 of 5,000, so that it adds 0.06 and 30.
    assert one(shop).times == pytest.approx(1.6 / ((120 + 30) / (120 + 0.06)), rel=1e-6)


def test_too_few_others_are_no_market(store: Database) -> None:
    """Of nine others nothing is known: nothing is divided."""
    shop = Shop(
        store, RISES, dict.fromkeys([f"p{n}" for n in range(10)], steps((50, 10), (50, 20)))
    )
    shop.read(range(40, 75))
    shop.tell("p0", TOLD)
    assert one(shop).times == pytest.approx(2)


def test_a_gap_and_a_late_scan_change_nothing(store: Database) -> None:
    """The product is away on day 57 and 64; on day 65 the answer is that of day 64."""
    sold = steps((43, 10), (7, 500), *((1, 10.0 + day) for day in range(30)))
    shop = told_once(store, sold, without={"x": [57, 64]}, late=[65])
    # What is told on day 65 are the sums of the morning before: 14 days, 10 to 23 a day.
    assert one(shop).times == pytest.approx(1.65)


def test_a_scan_that_is_a_day_late_counts_as_the_day_before(store: Database) -> None:
    """On the 14th day the answer is that of the 13th, on the 15th it is there."""
    shop = told_once(store, steps((43, 10), (7, 500), (13, 10), (1, 500), (1, 10), (30, 10)),
                     late=[64])  # fmt: skip
    # Days 50 to 64: 13 of 10, 500, 10.
    assert one(shop).times == pytest.approx((14 * 10 + 500) / 15 / 10)


def test_without_totals_two_weeks_are_added(store: Database) -> None:
    """The counters of the 7th and the 14th day."""
    shop = told_once(store, steps((43, 10), (7, 500), (7, 10), (7, 40), (20, 10)),
                     drop=["total_sale_cnt"])  # fmt: skip
    assert one(shop).times == pytest.approx(2.5)


def test_without_the_first_week_the_half_month_says_it(store: Database) -> None:
    """Of the 15th day, which holds all 14 and one more."""
    sold = steps((43, 10), (7, 500), (7, 10), (7, 40), (20, 10))
    shop = told_once(store, sold, drop=["total_sale_cnt"], without={"x": [57]})
    assert one(shop).times == pytest.approx((7 * 10 + 7 * 40 + 10) / 15 / 10)


def test_totals_that_stand_still_are_not_believed(store: Database) -> None:
    """A service that corrects them says so by its counters."""
    shop = Shop(store, RISES, {"x": steps((43, 10), (7, 500), (50, 30)), **FLAT})
    shop.read(range(40, 75), more={"x": {"total_sale_cnt": 5_000}})
    shop.tell("x", TOLD)
    assert one(shop).times == pytest.approx(3)


def test_totals_that_leap_are_not_believed(store: Database) -> None:
    """They count more than the month has: a past that was added later."""
    shop = Shop(store, RISES, {"x": steps((43, 10), (7, 500), (50, 10)), **FLAT})
    shop.read(range(40, 60))
    shop.sold = {**shop.sold, "x": steps((43, 10), (7, 500), (50, 10))}
    shop.read(range(60, 75), more={"x": {"total_sale_cnt": 90_000}})
    shop.tell("x", TOLD)
    assert one(shop).times == pytest.approx(1)


def test_who_left_may_have_sold_enough_before(store: Database) -> None:
    """80 a day for three days are more than 14 days of 15: it went on, whatever came then."""
    away = {"x": range(54, 75)}
    shop = told_once(store, steps((43, 10), (7, 500), (4, 80), (60, 0)), without=away)
    found = one(shop)
    assert found.tally == Tally(1, went_on=1)
    assert found.times is None


@pytest.mark.parametrize(
    ("back", "after", "times"),
    [(71, 30, 3), (75, 12, 1.2), (80, 40, 4), (95, 30, 3), (128, 30, 3)],
)
def test_who_comes_back_says_what_it_sold_meanwhile(
    store: Database, back: int, after: float, times: float
) -> None:
    """By its total, less the counter of the days since: 5 a day."""
    sold = steps((43, 10), (7, 500), (21, after), (100, 5))
    if back <= 75:
        sold = steps((43, 10), (7, 500), (back - 57, after), (100, 5))
    shop = Shop(store, RISES, {"x": sold, **FLAT})
    for day in range(40, 130):
        more = {}
        if day == back:
            more = {"x": {f"total_sale_{k}d_cnt": float(sum(sold[day - k : day])) for k in (60, 90)
                          if day >= k}}  # fmt: skip
        shop.read([day], without={"x": [*range(53, back), *range(back + 1, 130)]}, more=more)
    shop.tell("x", TOLD)
    assert one(shop, 130).times == pytest.approx(times)


def test_who_left_the_list_sells_less_than_its_last_place(store: Database) -> None:
    """A full list by sales whose last place sells 10 a day: the product had 10 before."""
    shop = Shop(store, RISES, {"x": steps((43, 10), (7, 500), (50, 2)), **FLAT}, top=12)
    shop.read(range(40, 75))
    shop.tell("x", TOLD)
    assert one(shop).tally == Tally(1, fell_back=1)


@pytest.mark.parametrize(
    ("top", "filters", "state"),
    [
        (12, "max_total_ifl_cnt: 50", ScanState.COMPLETE),  # perhaps it has more creators now
        (13, "", ScanState.COMPLETE),  # the list is not full: it is not there at all
        (12, "", ScanState.PARTIAL),
    ],
)
def test_where_the_last_place_says_nothing_it_is_not_known(
    store: Database, top: int, filters: str, state: ScanState
) -> None:
    """It may have left for another reason, or not at all."""
    sold = {"x": steps((43, 10), (7, 500), (50, 2)), **FLAT}
    shop = Shop(store, RISES, sold, top, filters)
    shop.read(range(40, 58))
    shop.read(range(58, 75), without={"x": range(58, 75)}, state=state)
    shop.tell("x", TOLD)
    found = one(shop)
    assert found.tally == Tally(1, unknown=1)
    assert found.why_unknown == {LEFT: 1}


def test_who_left_and_may_sell_more_than_before_is_not_known(store: Database) -> None:
    """It sold 1 a day before: the last place's 10 are no bound to speak of."""
    shop = Shop(store, RISES, {"x": steps((43, 1), (7, 500), (50, 2)), **FLAT}, top=12)
    shop.read(range(40, 75))
    shop.tell("x", TOLD)
    assert one(shop).tally == Tally(1, unknown=1)
    assert scored(shop, 66).tally == Tally(1, too_young=1)  # it may come back


def test_another_watch_that_sees_it_counts(store: Database) -> None:
    """Numbers are the product's, whoever reads them."""
    shop = Shop(store, RISES, {"x": steps((43, 1), (7, 500), (50, 2)), **FLAT}, top=12)
    shop.read(range(40, 75))
    shop.top = 100
    shop.read([64], watch="other")
    shop.tell("x", TOLD)
    assert one(shop).times == pytest.approx(2)


def test_a_list_that_was_not_read_since_says_nothing(store: Database) -> None:
    """The daemon stood still."""
    shop = Shop(store, RISES, {"x": steps((43, 10), (7, 500), (50, 30)), **FLAT})
    shop.read(range(40, 55))
    shop.tell("x", TOLD)
    assert scored(shop, 66).tally == Tally(1, too_young=1)
    found = one(shop)
    assert found.tally == Tally(1, unknown=1)
    assert found.why_unknown == {UNSEEN: 1}


def test_a_young_product_has_no_level_before(store: Database) -> None:
    """Under 14 days it is too new; with 20 days the 13 before the week count."""
    sold = steps((30, 0), (13, 10), (7, 500), (50, 30))
    for crawled, tally in ((20231222, Tally(1, unknown=1)), (20231214, Tally(1, went_on=1))):
        with Database.in_memory() as database:
            shop = Shop(database, RISES, {"x": sold, **FLAT})
            shop.read(range(40, 75), more={"x": {"first_crawl_dt": crawled}})
            shop.tell("x", TOLD)
            found = one(shop)
            assert found.tally == tally, crawled
            assert found.why_unknown == ({NO_LEVEL: 1} if tally.unknown else {})
            if tally.went_on:
                assert found.times == pytest.approx(3)


def test_each_alert_counts_once(store: Database) -> None:
    """Two channels, a reminder and a digest tell of one alert; its end is no alert."""
    shop = Shop(store, RISES, {"x": steps((43, 10), (7, 500), (50, 30)), **FLAT})
    shop.read(range(40, 75))
    alert = shop.tell("x", TOLD, channels=["me", "boss"])
    shop.tell("x", TOLD + 3, decision="reminder", alert=alert)
    shop.message({"firing": (alert,)}, TOLD + 4, "", kind="digest", channels=["boss"])
    shop.tell("x", TOLD + 5, decision="resolved", alert=alert)
    found = one(shop)
    assert found.tally == Tally(1, went_on=1)
    assert {each.channel: each.messages for each in found.heard} == {"me": 3, "boss": 2}


def test_what_nobody_got_was_not_told(store: Database) -> None:
    """Dead, dropped and waiting messages; one that was told by a reminder first was."""
    shop = Shop(store, RISES, {"x": steps((43, 10), (7, 500), (50, 30)), **FLAT})
    shop.read(range(40, 75))
    for state in ("dead", "dropped", "waiting"):
        shop.tell("x", TOLD, state=state, resolved=TOLD + 1)
    assert one(shop).tally == Tally()
    late = shop.tell("x", TOLD, state="dead")
    shop.tell("x", TOLD + 2, decision="reminder", alert=late)
    assert one(shop).tally.told == 1


def test_a_reminder_of_what_was_told_before_the_time_is_no_alert(store: Database) -> None:
    """Its first message is not looked at, or is not kept any more."""
    shop = Shop(store, RISES, {"x": steps((43, 10), (7, 500), (50, 30)), **FLAT})
    shop.read(range(40, 75))
    alert = shop.tell("x", TOLD)
    shop.tell("x", TOLD + 10, decision="reminder", alert=alert)
    assert scored(shop, 75, days=20).tally == Tally()
    assert scored(shop, 75, days=26).tally == Tally(1, went_on=1)


def test_pruned_messages_leave_the_rest(store: Database) -> None:
    """What is kept is scored; the time that it is of begins where messages are kept from."""
    shop = Shop(store, RISES + "keep: {notifications: 20d}\n",
                {"x": steps((43, 10), (7, 500), (50, 30)), **FLAT})  # fmt: skip
    shop.read(range(40, 75))
    shop.tell("x", 45, resolved=46)
    shop.tell("x", TOLD + 8, resolved=TOLD + 9)
    now = shop.morning(75)
    while store.pruner.step(now - 400 * DAY, now - 20 * DAY).more:
        pass
    found = scored(shop, 75)
    assert found.tally.told == 1
    assert found.since == now + 60 - 20 * DAY


def test_messages_a_week_count_from_when_the_rule_was_there(store: Database) -> None:
    """10 days of a new rule, not 90; and only of the channel that hears most."""
    shop = Shop(store, RISES, {"x": steps((100, 10)), **FLAT})
    shop.read(range(40, 75))
    store.execute("UPDATE rules SET began = ?", (shop.morning(60),))
    for day in (61, 63, 70):
        shop.tell("x", day, channels=["me", "boss"] if day == 70 else ["me"], resolved=day + 1)
    found = scored(shop, 74).rules[0]
    assert found.since == shop.morning(60)
    assert found.a_week == pytest.approx(3 * 7 / 14, rel=1e-3)
    assert [(each.channel, each.messages) for each in found.heard] == [("me", 3), ("boss", 1)]


def test_an_edit_does_not_shorten_the_time_in_which_messages_came(store: Database) -> None:
    """A rule that begins anew was there before: its first message says so."""
    shop = Shop(store, RISES, {"x": steps((100, 10)), **FLAT})
    shop.read(range(40, 75))
    shop.tell("x", 46, resolved=47)
    store.execute("UPDATE rules SET began = ?", (shop.morning(73),))
    assert scored(shop, 74).rules[0].since == shop.morning(46)


def test_the_noisiest_come_first(store: Database) -> None:
    """Rules by what fell back; products that were told more than once, over all rules."""
    rules = RISES + "  - {name: s, watch: WATCH, when: {sales_growth: {at_least: 20%}}}\n"
    shop = Shop(store, rules, {"x": steps((50, 10), (50, 2)), "y": steps((100, 10)), **FLAT})
    shop.read(range(40, 75))
    for day in (45, 48, 50):
        shop.tell("x", day, "s", resolved=day + 1)
    shop.tell("y", 50)
    shop.tell("x", 50)
    found = scored(shop, 74)
    assert [each.rule for each in found.rules] == ["s", "r"]
    assert found.tally == Tally(5, fell_back=5)
    (noisy,) = found.products
    assert (noisy.product_id, noisy.tally) == ("x", Tally(4, fell_back=4))


GUARDS = {
    "limit": "{spu_avg_price: {below: 9}}",
    "move": "{spu_avg_price: {falls: 10%, from: median 7d}}",
}


@pytest.mark.parametrize(
    ("when", "prices", "tally", "early"),
    [
        (GUARDS["move"], (8.0, 9.0), Tally(1, went_on=1), 0),
        (GUARDS["move"], (9.1, 9.1), Tally(1, fell_back=1), 1),
        (GUARDS["limit"], (8.0, 8.0), Tally(1, went_on=1), 0),
        (GUARDS["limit"], (10.0, 8.0), Tally(1, went_on=1), 1),
        (GUARDS["limit"], (8.0, 9.0), Tally(1, fell_back=1), 0),
    ],
)
def test_a_guard_is_measured_by_whether_it_still_holds(
    store: Database, when: str, prices: tuple[float, float], tally: Tally, early: int
) -> None:
    """A limit: after 4 and after 14 days."""
    rules = f"rules:\n  - {{name: r, watch: WATCH, when: {when}}}\n"
    shop = Shop(store, rules, {"x": steps((100, 10)), **FLAT})
    shop.read(range(40, 51), more={"x": {"spu_avg_price": 8}})
    shop.read(range(51, 60), more={"x": {"spu_avg_price": prices[0]}})
    shop.read(range(60, 75), more={"x": {"spu_avg_price": prices[1]}})
    alert = shop.tell("x", TOLD)
    fell = Evidence("spu_avg_price", "price", "money", "falls", Verdict.MET, 8.0, 10.0)
    store.alerts.save([replace(store.alerts.by_id([alert])[0], evidence=(fell,))])
    found = one(shop)
    assert found.measure == "state"
    assert ("half of the move" in found.condition) == ("falls" in when)
    assert (found.tally, found.early, found.of_early) == (tally, early, 1)
