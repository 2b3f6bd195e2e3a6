"""What a report tells of its lists."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from tests.fakes.reported import GLOW, GMV, HEAD, Market, P
from tests.store.making import DAY, START
from watcher.analysis.reports.composing import Moment, compose, whole_of
from watcher.model import ScanState
from watcher.report import ListTrouble, ReportContent
from watcher.store.ports import Store
from watcher.text.reports import report_title

WEEK = START + 7 * DAY


def _ids(rows: object) -> list[str]:
    assert isinstance(rows, tuple)
    return [each.product_id for each in rows]


def test_a_week(store: Store) -> None:
    """The largest changes first, up or down; who is new and who is gone; sellers; prices."""
    market = Market(store)
    market.weeks(
        {"1": P(100, 10), "2": P(500, 20), "3": P(50, 5, seller="71"), "4": P(9)},
        {"1": P(180, 9), "2": P(300, 20), "3": P(50, 5, seller="71"), "5": P(70), "6": P(80)},
    )
    told = market.report()
    assert [(each.product_id, each.before, each.value) for each in told.movers] == [
        ("2", 500, 300), ("1", 100, 180),
    ]  # fmt: skip
    assert (told.rising, told.falling) == (1, 1)
    assert (_ids(told.entered), told.all_entered) == (["6", "5"], 2)
    assert (_ids(told.left), told.all_left) == (["4"], 1)
    assert [(one.before, one.value, one.products) for one in told.sums] == [(650, 530, 3)]
    glow, other = told.sellers
    assert (glow.seller, glow.name, glow.value, glow.size) == (GLOW, "GlowLab", 630, 4)
    assert (glow.before, glow.now, glow.both) == (600, 480, 2)
    assert (other.seller, other.value, other.now, other.before) == ("71", 50, 50, 50)
    assert [(one.product_id, one.before, one.value) for one in told.prices] == [("1", 10, 9)]
    assert told.prices[0].currency == "USD"
    assert report_title(told) == "weekly: -18.5% 7-day GMV of best, 2 new, 1 gone (US)"


@pytest.mark.parametrize(("order", "ids"), [("desc", ["1", "3"]), ("asc", ["2"])])
def test_rises_or_falls_alone(store: Store, order: str, ids: list[str]) -> None:
    """As ``order_by`` says; both are counted all the same."""
    market = Market(store, f"reports: {{r: {{at: '08:00', watch: best, order_by: {GMV} {order}}}}}")
    before = {"1": P(100), "2": P(500), "3": P(50)}
    market.weeks(before, {"1": P(180), "2": P(300), "3": P(51)})
    told = market.report("r")
    assert (_ids(told.movers), told.rising, told.falling) == (ids, 2, 1)


def test_a_rank_and_a_price_do_not_add_up(store: Store) -> None:
    """Sums are of GMV then."""
    reports = (
        "reports: {a: {at: '08:00', watch: best, order_by: rank}, "
        "b: {at: '08:00', watch: best, order_by: spu_avg_price}}"
    )
    market = Market(store, reports)
    market.weeks({"1": P(1, 5), "2": P(2, 6), "3": P(3, 7)}, {"3": P(9, 7), "1": P(1, 8), "2": P()})
    told = market.report("a")
    assert [(one.product_id, one.before, one.value) for one in told.movers] == [
        ("3", 3, 1), ("2", 2, 3), ("1", 1, 2),
    ]  # fmt: skip
    assert (told.sum_metric, told.sums[0].value, told.sums[0].products) == (GMV, 10, 2)
    assert [one.value for one in market.report("b").movers] == [8]


def test_nothing_moved(store: Store) -> None:
    """The same list twice."""
    market = Market(store)
    same = {"1": P(100, 10), "2": P(500, 20)}
    market.weeks(same, same)
    told = market.report()
    assert (told.movers, told.entered, told.left, told.prices) == ((), (), (), ())
    assert report_title(told) == "weekly: nothing moved (US)"


def test_a_list_that_was_never_read(store: Store) -> None:
    """It says so, and that there is nothing to compare."""
    told = Market(store).report()
    assert told.lists[0].troubles == (ListTrouble.NEVER,)
    assert (told.all_entered, told.all_left, told.data_at) == (None, None, None)
    assert report_title(told) == "weekly: nothing to compare yet (US)"


def test_a_list_that_is_not_known_so_long(store: Store) -> None:
    """Of six days ago is not a week ago; sellers and sums of now are known."""
    market = Market(store)
    market.scan(START + 3 * DAY, {"1": P(5)})
    market.scan(WEEK, {"1": P(9), "2": P(3)})
    told = market.report()
    assert told.lists[0].troubles == (ListTrouble.YOUNG,)
    assert (told.movers, told.all_entered) == ((), None)
    assert (told.sellers[0].value, told.sellers[0].before) == (12, 0)


def test_what_is_too_old_is_not_compared(store: Store) -> None:
    """As a rule's ``7d ago`` takes nothing of more than half as long again."""
    market = Market(store)
    market.scan(START - 4 * DAY, {"1": P(5)})
    market.scan(WEEK, {"1": P(9)})
    assert market.report().lists[0].troubles == (ListTrouble.YOUNG,)


def test_partial_lists(store: Store) -> None:
    """A cut list proves no absence: the whole one before it counts; where there is none, who
    entered or left is not known, and what moved is."""
    market = Market(store)
    market.scan(START, {"1": P(5), "2": P(5)})
    market.scan(WEEK, {"1": P(9), "3": P(5)})
    market.scan(WEEK + 60, {"1": P(10)}, state=ScanState.PARTIAL)
    told = market.report(at=WEEK + 120)
    assert told.lists[0].troubles == (ListTrouble.PARTIAL,)
    assert (told.movers[0].value, told.all_entered, told.all_left) == (9, 1, 1)


def test_only_partial_lists(store: Store) -> None:
    """What moved is told of them, and that nobody knows who entered or left."""
    market = Market(store)
    market.scan(START, {"1": P(5), "2": P(5)}, state=ScanState.PARTIAL)
    market.scan(WEEK, {"1": P(9), "3": P(5)}, state=ScanState.PARTIAL)
    told = market.report()
    assert told.lists[0].troubles == (ListTrouble.PARTIAL,)
    assert (_ids(told.movers), told.all_entered, told.all_left) == (["1"], None, None)
    assert told.movers[0].before == 5


def test_a_partial_list_beside_a_whole_one(store: Store) -> None:
    """Who entered or left is told of the whole one alone."""
    market = Market(store, "reports: {r: {at: '08:00', watch: [best, rival]}}")
    for at, here in ((START, {"1": P(1), "2": P(1)}), (WEEK, {"1": P(1), "3": P(1)})):
        market.scan(at, here)
        other = {f"{key}0": each for key, each in here.items()}
        market.scan(at, other, watch="rival", state=ScanState.PARTIAL)
    told = market.report("r")
    assert (_ids(told.entered), _ids(told.left)) == (["3"], ["2"])


def test_stale_data(store: Store) -> None:
    """Nobody read the list for two days."""
    market = Market(store)
    market.weeks({"1": P(5)}, {"1": P(9)})
    assert market.report(at=WEEK + DAY).lists[0].troubles == ()
    assert market.report(at=WEEK + 2 * DAY).lists[0].troubles == (ListTrouble.STALE,)


def test_several_lists(store: Store) -> None:
    """Each product once; one that only changed the list neither entered nor left."""
    market = Market(store, "reports: {r: {at: '08:00', watch: [best, rival]}}")
    market.scan(START, {"1": P(5), "2": P(8)})
    market.scan(START, {"3": P(7)}, watch="rival")
    market.scan(WEEK, {"1": P(9), "3": P(7)})
    market.scan(WEEK, {"1": P(9), "2": P(6), "4": P(1)}, watch="rival")
    told = market.report("r")
    assert [(one.product_id, one.list) for one in told.movers] == [("1", "best")]
    assert (_ids(told.entered), _ids(told.left)) == (["4"], [])
    assert told.sellers[0].value == 23
    assert [(one.size, one.both) for one in told.lists] == [(2, 1), (3, 0)]


def test_currencies_are_never_summed(store: Store) -> None:
    """Two markets: two sums, and changes count by their part of their market; GMV that the user
    says to be in one currency is."""
    reports = "reports: {r: {at: '08:00', watch: [best, abroad]}}"
    market = Market(store, reports)
    for at, dollars, pounds in ((START, 1000, 10), (WEEK, 1100, 20)):
        market.scan(at, {"1": P(dollars)})
        market.scan(at, {"2": P(pounds)}, watch="abroad", region="GB", currency="GBP")
    told = market.report("r")
    assert [(one.before, one.value, one.regions, one.currency) for one in told.sums] == [
        (1000, 1100, "US", None), (10, 20, "GB", None),
    ]  # fmt: skip
    assert _ids(told.movers) == ["2", "1"]
    assert len(told.sellers) == 2
    assert report_title(told) == "r: 2 products moved (US, GB)"
    market.head = "api: {gmv_currency: USD}\n" + HEAD
    market.reread(reports)
    told = market.report("r")
    assert [(one.before, one.value, one.currency) for one in told.sums] == [(1010, 1120, "USD")]
    assert _ids(told.movers) == ["1", "2"]


def test_products_of_ones_own(store: Store) -> None:
    """One that was added did not enter, one that was taken out did not leave; one that is not
    indexed any more left."""
    from dataclasses import replace

    from tests.store.making import scan

    head = HEAD.replace("  best:", "  mine: {products: ['11111111111', '22222222222']}\n  best:")
    market = Market(store, "reports: {r: {at: '08:00', watch: mine}}", head)
    key = market.watch("mine").key

    def read(at: int, there: list[str], asked: tuple[str, ...]) -> None:
        made = scan(at, {each: {GMV: 5.0} for each in there}, watch=key, ranked=False)
        regions = ("US",) * len(there)
        store.history.record(replace(made, asked=asked, of_market=False, regions=regions))

    read(START, ["1", "2", "3"], ("1", "2", "3", "5"))
    read(WEEK, ["1", "4", "5"], ("1", "2", "4", "5"))
    told = market.report("r")
    assert (_ids(told.entered), _ids(told.left)) == (["5"], ["2"])


def test_parts_that_are_left_out(store: Store) -> None:
    """0 and false."""
    show = "{movers: 1, entered: 0, left: false, prices: true}"
    market = Market(store, f"reports: {{r: {{at: '08:00', watch: best, show: {show}}}}}")
    market.weeks({"1": P(1, 1), "2": P(1), "9": P(1)}, {"1": P(2, 2), "2": P(4), "3": P(1)})
    told = market.report("r")
    assert told.parts == ("movers", "sellers", "prices", "alerts")
    assert (_ids(told.movers), told.entered, told.left) == (["2"], (), ())
    assert (told.rising, told.all_entered) == (2, 1)


def test_all_rows_of_what_was_told(store: Store) -> None:
    """Of the scans that it was made of, whatever came since; where the report is no more, those
    that were told."""
    market = Market(store, "reports: {r: {at: '08:00', watch: best, show: {movers: 1}}}")
    before = {str(key): P(key) for key in range(1, 31)}
    market.weeks(before, {key: P(each.gmv + 1) for key, each in before.items() if each.gmv})
    told = market.report("r")
    market.scan(WEEK + DAY, {"1": P(99)})
    whole = whole_of(store, market.book, told)
    assert len(told.movers) == 1
    assert len(whole.movers) == 30
    assert whole.movers[0] == told.movers[0]
    assert whole.sums == told.sums
    market.reread("reports: {other: {at: '08:00', watch: best}}")
    assert whole_of(store, market.book, told) == told


@pytest.mark.parametrize("seed", range(8))
def test_against_brute_force(store: Store, seed: int) -> None:
    """Random histories of two lists, reckoned once more from what was recorded."""
    luck = Random(seed)
    market = Market(store, "reports: {r: {at: '08:00', watch: [best, rival]}}")
    ids = [str(key) for key in range(1, 60)]
    past: dict[str, list[tuple[int, dict[str, P], bool]]] = {"best": [], "rival": []}
    at = START
    for _ in range(24):
        at += luck.randrange(DAY // 2, DAY)
        for watch, scans in past.items():
            chosen = luck.sample(ids, luck.randrange(5, 40))
            found = {
                key: P(
                    luck.choice([None, luck.randrange(0, 900)]),
                    luck.choice([None, luck.randrange(1, 400) / 4]),
                    seller=str(int(key) % 7),
                )
                for key in chosen
            }
            whole = luck.random() < 0.8
            state = ScanState.COMPLETE if whole else ScanState.PARTIAL
            market.scan(at, found, watch=watch, state=state)
            scans.append((at, found, whole))
    asked = market.book.reports[0]
    told = compose(store, market.book, asked, Moment(at + 60, at + 60), whole=True)
    _hold(told, past)
    shown = compose(store, market.book, asked, Moment(at + 60, at + 60))
    assert shown.movers == told.movers[:10]
    assert shown.sellers == told.sellers[:5]


def _hold(told: ReportContent, past: dict[str, list[tuple[int, dict[str, P], bool]]]) -> None:
    """Hold a report against what was recorded."""
    now: dict[str, P] = {}
    both: dict[str, tuple[P, P]] = {}
    whole_now, all_now, whole_then, all_then = set[str](), set[str](), set[str](), set[str]()
    for each in told.lists:
        scans = past[each.name][::-1]
        at, here, proves = next((one for one in scans if one[2]), scans[0])
        # A list that is read daily may be younger by a tenth, of half a day at most.
        last, first = at - 7 * DAY + DAY // 2, at - 7 * DAY - 7 * DAY // 2
        old = [one for one in scans if first <= one[0] <= last]
        then = next((one for one in old if one[2]), next(iter(old), None))
        assert (each.at, each.then) == (at, then and then[0])
        assert then is not None
        for key, product in here.items():
            now.setdefault(key, product)
            if key in then[1]:
                both.setdefault(key, (then[1][key], product))
        all_now |= here.keys()
        all_then |= then[1].keys()
        if proves and then[2]:
            whole_now |= here.keys()
            whole_then |= then[1].keys()
    moved = {
        key: one.gmv - was.gmv
        for key, (was, one) in both.items()
        if one.gmv is not None and was.gmv is not None and one.gmv != was.gmv
    }
    found = [(row.product_id, (row.value or 0) - (row.before or 0)) for row in told.movers]
    assert dict(found) == moved
    assert all(abs(first[1]) >= abs(second[1]) for first, second in pairwise(found))
    assert {row.product_id for row in told.entered} == whole_now - all_then
    assert {row.product_id for row in told.left} == whole_then - all_now
    known = [(was.gmv, one.gmv) for was, one in both.values() if None not in (was.gmv, one.gmv)]
    (one,) = told.sums
    assert (one.before, one.value) == tuple(sum(column) for column in zip(*known, strict=True))
    sellers: dict[str, float] = {}
    for product in now.values():
        if product.gmv is not None:
            sellers[product.seller] = sellers.get(product.seller, 0) + product.gmv
    assert {row.seller: row.value for row in told.sellers} == sellers
    prices = {
        key: one.price / was.price - 1
        for key, (was, one) in both.items()
        if one.price is not None and was.price is not None and one.price != was.price
    }
    assert [row.product_id for row in told.prices] == sorted(
        prices, key=lambda key: -abs(prices[key])
    ) or sorted(row.product_id for row in told.prices) == sorted(prices)
