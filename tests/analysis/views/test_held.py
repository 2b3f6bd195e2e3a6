"""Lists in memory: read once for each scan, and never too many of them."""

from __future__ import annotations

import pytest

from tests.analysis.views.drawing import ids, shown
from tests.fakes.listed import RULES, Product, Shelf, random_days
from tests.store import making
from watcher.analysis.views.held import HeldLists
from watcher.model import ScanState
from watcher.rules.files.loading import load_text
from watcher.store.ports import Store


def test_a_list_is_read_once(store: Store) -> None:
    """Until there is a newer scan, or there are other rules."""
    shelf, lists = Shelf(store), HeldLists()
    first, second = random_days(2, 30)
    shelf.scan(first)
    held = lists.of(store, shelf.book, shelf.list)
    assert lists.of(store, shelf.book, shelf.list) is held
    assert held is not None
    assert held.columns.fields == 0
    shown(shelf, "cols=spu_avg_price,rank", lists=lists)
    assert held.columns.fields == 1
    shown(shelf, "cols=commission&sort=-spu_avg_price", lists=lists)
    assert held.columns.fields == 2
    shelf.scan(second)
    assert ids(shown(shelf, "", every=True, lists=lists)) == [*second]
    held = lists.of(store, shelf.book, shelf.list)
    newer = load_text(RULES.replace("spu_avg_price * commission", "spu_avg_price"))
    assert lists.of(store, newer, shelf.list) is not held


def test_the_book_s_own_metrics_are_those_of_now(store: Store) -> None:
    """A formula of the same name that was changed is computed anew."""
    shelf, lists = Shelf(store), HeldLists()
    shelf.scan({"1": {"spu_avg_price": 10.0, "product_commission_rate": 0.1}})
    assert shown(shelf, "cols=earnings", lists=lists).rows[0].cells[0].value == 1
    shelf.book = load_text(RULES.replace("spu_avg_price * commission", "spu_avg_price * 3"))
    assert shown(shelf, "cols=earnings", lists=lists).rows[0].cells[0].value == 30


def test_memory_is_bounded(store: Store) -> None:
    """Who was looked at last stays."""
    best, plain = Shelf(store), Shelf(store, "plain")
    for shelf in (best, plain):
        shelf.scan(random_days(1, 60)[0])
    lists = HeldLists(limit=1)
    held = lists.of(store, best.book, best.list)
    assert lists.of(store, best.book, best.list) is held
    lists.of(store, plain.book, plain.list)
    assert lists.of(store, best.book, best.list) is not held
    roomy = HeldLists()
    first = roomy.of(store, best.book, best.list)
    roomy.of(store, plain.book, plain.list)
    assert roomy.of(store, best.book, best.list) is first
    before = roomy.size
    shown(best, "cols=spu_avg_price,total_sale_7d_cnt.change,earnings", lists=roomy)
    assert roomy.size > before > 0


def test_tables_of_a_list_are_bounded(store: Store) -> None:
    """Each view may ask for another baseline: no more are kept than a few."""
    shelf, lists, sizes = Shelf(store), HeldLists(), list[int]()
    shelf.scan(random_days(1, 60)[0])
    names = ("rank", "spu_avg_price", "total_sale_7d_cnt", "total_sale_30d_cnt", "commission",
             "earnings")  # fmt: skip
    shown(shelf, f"cols={','.join(names)}", lists=lists)
    for name in names:
        shown(shelf, f"cols={name}.change", lists=lists)
        sizes.append(lists.size)
    assert sizes[0] < sizes[-3] == sizes[-2] == sizes[-1]


def test_books_have_lists_of_their_own() -> None:
    """Of one name in two stores."""
    lists = HeldLists()
    with making.memory() as one, making.memory() as other:
        first, second = Shelf(one), Shelf(other)
        first.scan({"1": {}})
        second.scan({"2": {}})
        for _turn in range(2):
            assert ids(shown(first, "", lists=lists)) == ["1"]
            assert ids(shown(second, "", lists=lists)) == ["2"]
        held = lists.of(one, first.book, first.list)
        lists.of(other, second.book, second.list)
        assert (lists.of(one, first.book, first.list) is held) is (one.place != other.place)


def test_a_partial_scan_is_shown_as_it_is(store: Store) -> None:
    """It is the newest; peers of a list that was cut off are not known."""
    shelf = Shelf(store)
    shelf.scan({str(number): {"spu_avg_price": float(number)} for number in range(1, 41)})
    peers = "when=spu_avg_price: {highest: 10%25, among: watch}"
    assert shown(shelf, peers).found == 4
    half: dict[str, Product] = {
        str(number): {"spu_avg_price": float(number)} for number in range(40, 10, -1)
    }
    shelf.scan(half, ScanState.PARTIAL)
    found = shown(shelf, "")
    assert (ids(found), found.scan.state) == ([*half], ScanState.PARTIAL)
    found = shown(shelf, peers)
    assert (found.found, found.unknown) == (0, 30)


def test_a_failed_scan_shows_the_one_before(store: Store) -> None:
    """It read nothing."""
    shelf = Shelf(store)
    shelf.scan({"1": {}})
    shelf.scan({}, ScanState.FAILED)
    assert ids(shown(shelf, "")) == ["1"]


def test_who_is_listed_again(store: Store) -> None:
    """After two lists that prove that it was not there; it is not new."""
    shelf = Shelf(store)
    for names in ("1 2", "2", "2", "1 2 3"):
        shelf.scan({key: {} for key in names.split()})
    rows = {row.product_id: (row.fresh, row.back) for row in shown(shelf, "").rows}
    assert rows == {"1": (False, True), "2": (False, False), "3": (True, False)}


@pytest.mark.parametrize(("watch", "change"), [("weekly", 1.0), ("best", None)])
def test_a_weekly_list_is_compared_with_the_scan_before(
    store: Store, watch: str, change: float | None
) -> None:
    """It has no value of a day ago; of a daily one that is what counts."""
    shelf = Shelf(store, watch)
    shelf.scan({"1": {"spu_avg_price": 10.0}})
    shelf.days += [{}] * 6  # days without a scan
    shelf.scan({"1": {"spu_avg_price": 20.0}})
    (cell,) = shown(shelf, "cols=spu_avg_price.change").rows[0].cells
    assert cell.value == change


def test_several_regions_have_several_currencies(store: Store) -> None:
    """Of a shop; a market's list has one."""
    shelf = Shelf(store, "shop")
    shelf.scan(
        {
            "1": {"region": "US", "spu_avg_price": 3.0},
            "2": {"region": "GB", "spu_avg_price": 2.0},
            "3": {"region": "US"},
        }
    )
    db = making.raw(store)
    db.execute("UPDATE products SET currency = CASE region WHEN 'GB' THEN 'GBP' ELSE 'USD' END")
    found = shown(shelf, "sort=spu_avg_price")
    assert found.currencies == ("USD", "GBP")
    assert [(row.region, row.product_id, row.currency) for row in found.rows] == [
        ("GB", "2", "GBP"), ("US", "1", "USD"), ("US", "3", "USD"),
    ]  # fmt: skip
    found = shown(shelf, "is.region=gb")
    assert ids(found) == ["2"]
    assert found.currencies == ("USD", "GBP")
