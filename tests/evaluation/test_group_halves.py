"""Groups of lists that were not read to their end: nothing is said of them, and nothing is lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.fakes.shelves import FIGURES, Row, Shelf, Shelves, alert, book_of, lively, only, shelf
from tests.store.making import DAY
from watcher.evaluation.lifecycle import LEFT_THE_LIST
from watcher.model import ScanState
from watcher.store.records import AFTER_ALL
from watcher.store.sqlite.database import Database

_MOST, _FEW = ("3", *map(str, range(12, 24))), ("3", "19", "20")


def _day(day: int, gmv: float, of: Sequence[str] = _MOST) -> Shelf:
    """The products of a day, some of which sell for so much."""
    return {**lively(24, day), **{each: Row(gmv=gmv) for each in of}}


def _half(listed: Shelf) -> Shelf:
    """What was read of it: some that sell for so much are on a page that could not be."""
    return {product: row for product, row in listed.items() if product not in ("20", "21", "22")}


def test_it_ends_once_two_lists_have_too_few_of_it(store: Database) -> None:
    """Under three products it is no group; a scan that broke off changes nothing."""
    world = Shelves(store, book_of({"r": "gmv: {above: 1}"}, more=", resolved: true"))
    world.look(shelf(5))
    assert world.state() == "f"
    world.look(shelf(2), ScanState.PARTIAL)
    world.look(shelf(2))
    world.look({**shelf(1), **shelf(9, seller="B", first=90)}, ScanState.PARTIAL)
    assert (world.state(), alert(world).absent) == ("f", 1)
    world.look({**shelf(2), **shelf(9, seller="B", first=90)})
    ended = next(
        row.alert for row in world.database.alerts.list("r") if row.product_id == "seller_id=A"
    )
    assert ended.reason == LEFT_THE_LIST
    assert [(message.told, message.ended) for message in world.told()] == [(1, 0), (1, 1)]


def test_half_a_list_says_nothing_of_a_group(store: Database) -> None:
    """What a cut-off scan lacks is not gone: no verdict, nothing kept of it."""
    rules = {"r": "size: {below: 9}", "falls": "size: {falls: 1}", "s": "gmv: {falls: 30%}"}
    world = Shelves(store, book_of(rules))
    world.look(lively(20, 0))
    found = world.verdicts(world.look(lively(4, 1), ScanState.PARTIAL))
    assert found == dict.fromkeys(rules, "?")
    assert world.verdicts(world.look(lively(20, 2))) == dict.fromkeys(rules, "n")
    kept = store.groups.figures(
        world.book.used_watches[0].key, "seller_id", AFTER_ALL, (0, world.now)
    )
    assert [each.at for each in kept] == [world.now, world.now - 2 * DAY]


@pytest.mark.parametrize("figure", FIGURES)
def test_what_half_a_list_brought_is_told_by_the_whole_one(store: Database, figure: str) -> None:
    """Be it of a product that half the list has, or lacks: it is held against the last whole one,
    and told once."""
    world = Shelves(store, book_of({"r": f"{figure}: {{rises: 5%, from: last}}"}))
    for day in range(2):
        world.look(lively(24, day))
    grown = _day(2, 2_000)
    assert world.verdicts(world.look(_half(grown), ScanState.PARTIAL)) == {"r": "?"}
    assert world.verdicts(world.look(grown)) == {"r": "m"}
    assert only(alert(world).evidence).compared == (24, 24)
    assert only(alert(world).evidence).baseline_at == world.now - 2 * DAY
    assert world.verdicts(world.look(_day(4, 2_002))) == {"r": "n"}


def test_the_begin_of_a_longer_shop_is_its_last_list(store: Database) -> None:
    """Something was said of it, so what moved before it is no news; of half of it nothing was."""

    def look(listed: Shelf, state: ScanState = ScanState.COMPLETE, *, cut: bool = True) -> str:
        shop = {product: replace(row, region="US") for product, row in listed.items()}
        regions = ("US",) * len(shop)
        found = world.look(shop, state, of="shop", of_market=False, cut=cut, regions=regions)
        return world.verdicts(found)["r"]

    world = Shelves(store, book_of({"r": "gmv: {rises: 30%, from: last}"}, of="shop"))
    for day in range(4):
        look(lively(24, day), cut=day > 1)
    assert look(_day(4, 2_000, _FEW)) == "m"
    assert look(_day(5, 2_002, _FEW)) == "n"
    assert look(_half(_day(6, 9_000, _FEW)), ScanState.PARTIAL) == "?"
    assert look(_day(7, 9_000, _FEW)) == "m"
    assert look(_day(8, 9_005, _FEW)) == "n"
