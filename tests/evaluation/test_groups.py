"""Rules on groups of products: what is compared, what is kept, and how their alerts live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest

from tests.fakes.shelves import (
    FIGURES,
    Row,
    Shelf,
    Shelves,
    alert,
    book_of,
    flat_market,
    lively,
    only,
    shelf,
    shelf_scan,
)
from tests.store import making
from tests.store.making import DAY, statements
from watcher.analysis.backtest import backtests
from watcher.analysis.explain import explain
from watcher.data_days import DataDay
from watcher.evaluation.jumps import remember
from watcher.model import Verdict
from watcher.rules.metrics import FigureKind
from watcher.store.memory import matrix
from watcher.store.sql import baselines
from watcher.store.sqlite.database import Database

# Every baseline that a change may be from, and every operator that compares with earlier scans.
COMPARING = {
    "last": "rises: 30%",
    "ago": "rises: 30%, from: 7d ago",
    **{kind: f"rises: 30%, from: {kind} 6d" for kind in ("median", "mean", "min", "max")},
    "changes": "changes: 30%, from: 7d ago",
    "record": "highest: 7d",
}


def named(count: int) -> Shelf:
    """Products of a seller whom the user named."""
    return shelf(count, seller="7495")


def test_a_change_holds_the_products_of_both_times(store: Database) -> None:
    """Of each figure that is compared and each baseline: a list that is half another one moved
    nobody, and where those of both times sold more, that is what is said."""
    rules = {
        f"{figure}-{name}": f"{figure}: {{{asked}}}"
        for figure in FIGURES
        for name, asked in COMPARING.items()
    }
    world = Shelves(store, book_of(rules))
    for day in range(9):
        world.look(lively(24, day))
    # Half of it makes room for products that sell ten times as much.
    grown = {**lively(12, 9), **lively(12, 9, grown=10, first=50)}
    found = world.verdicts(world.look(grown))
    records = {rule for rule in rules if rule.endswith("record")}
    assert {rule: found[rule] for rule in rules if rule not in records} == dict.fromkeys(
        set(rules) - records, "n"
    )
    doubled = {**lively(12, 10, grown=2), **lively(12, 10, first=50)}
    found = world.verdicts(world.look(doubled))
    # Against the day before the new ones fell to a tenth; those twelve are of both times, too.
    assert {rule for rule, said in found.items() if said != "m"} <= {
        f"{figure}-{name}" for figure in FIGURES for name in ("last", "max", "mean", "record")
    } | {"gmv-median", "mean_gmv-median", "mid-median"}
    why = only(alert(world, "gmv-ago").evidence)
    assert why.compared == (12, 24)
    # Of a time: as few as at any of its scans, though the day before had all of them.
    assert only(alert(world, "gmv-median").evidence).compared == (12, 24)
    assert isinstance(why.value, float)
    assert isinstance(why.baseline, float)
    assert why.value == pytest.approx(2 * why.baseline, rel=0.01)
    assert why.baseline == pytest.approx(12 * 100, rel=0.02)
    # The three that rose most, and by how much.
    assert [each.product_id for each in why.members] == ["11", "10", "9"]
    assert [each.value for each in why.members] == pytest.approx([101, 101, 101], rel=0.02)
    assert why.members[0].name == "Product 11"


def test_who_did_most_of_it(store: Database) -> None:
    """Of a fall those that fell most, of a least value the least ones; of a count those that are
    counted, also in a formula beside what is compared."""
    rules = {"falls": "gmv: {falls: 30%}", "least": "cheapest: {below: 9}",
             "mixed": "mixed: {falls: 30%}", "count": "rising: {at_least: 4}"}  # fmt: skip
    world = Shelves(store, book_of(rules))
    world.look(lively(12, 0))
    fallen = {
        product: replace(
            row,
            gmv=row.gmv * (1 - 0.08 * n * (n > 5)),
            price=10 - abs(n - 5) / 5,
            rising=n in (2, 4, 6, 8),
        )
        for n, (product, row) in enumerate(lively(12, 1).items())
    }
    world.look(fallen)

    def members(rule: str) -> list[tuple[str, float | None]]:
        found = only(alert(world, rule).evidence).members
        return [(each.product_id, each.value and round(each.value)) for each in found]

    assert members("falls") == [("11", -89), ("10", -81), ("9", -73)]
    assert members("least")[0] == ("11", 9)
    assert [product for product, _ in members("least")][:2] == [
        "11",
        "0",
    ]  # "10" is as cheap, and sells less
    assert [product for product, _ in members("count")] == ["4", "2", "6"]
    assert members("mixed") == [("4", None), ("2", None), ("6", None)]


def test_under_ten_of_both_times_there_is_no_change(store: Database) -> None:
    """Nine are too few, ten are enough; the figure itself has a value all the same."""
    world = Shelves(
        store,
        book_of({
            "change": "gmv: {rises: 30%}",
            "usual": "gmv: {rises: 30%, from: median 4d}",
            "level": "gmv: {at_least: 1}",
            "crosses": "gmv: {crosses_above: 1500}",
        }),
    )  # fmt: skip
    for day in range(5):
        world.look(lively(12, day))
    nine = {**lively(9, 5, grown=2), **lively(8, 5, first=50)}
    assert world.verdicts(world.look(nine)) == {
        "change": "?", "usual": "?", "level": "m", "crosses": "m",
    }  # fmt: skip
    ten = {**lively(9, 6, grown=4), **lively(8, 6, first=50, grown=2)}
    assert world.verdicts(world.look(ten))["change"] == "m"
    assert only(alert(world, "change").evidence).compared == (17, 17)


@pytest.mark.parametrize("kind", FigureKind)
def test_a_level_is_held_against_what_was_said_then(store: Database, kind: FigureKind) -> None:
    """Of every figure: all of its products count, whoever they are."""
    name = {
        FigureKind.SUM: "gmv", FigureKind.MEAN: "mean_gmv", FigureKind.MEDIAN: "mid",
        FigureKind.MIN: "cheapest", FigureKind.MAX: "dearest", FigureKind.COUNT: "rising",
        FigureKind.SHARE: "hot", FigureKind.SIZE: "size", FigureKind.DISTINCT: "kinds",
        FigureKind.TOP_SHARE: "top",
    }[kind]  # fmt: skip
    compared = name in FIGURES
    rules = {
        "crosses": f"{name}: {{crosses_above: {4 if name in ('size', 'gmv') else 1.5}}}",
        "moves": f"{name}: {{changes: 1%}}",
        "ago": f"{name}: {{changes: 1%, from: 2d ago}}",
        "usual": f"{name}: {{changes: 1%, from: median 3d}}",
        "becomes": f"{name}: {{leaves: 1}}",
    }
    if name in ("hot", "top"):
        rules["crosses"] = f"{name}: {{crosses_below: 80%}}"
    world = Shelves(store, book_of(rules))
    first = {str(n): Row(gmv=1, price=1, rising=n == 0, kind="1") for n in range(3)}
    if name in ("hot", "top"):
        first = {key: replace(row, rising=True) for key, row in first.items()}
    for _ in range(4):
        world.look(first)
    other = {
        str(n): Row(gmv=n, price=float(n), rising=n < 14, kind=str(n % 3)) for n in range(12, 18)
    }
    found = world.verdicts(world.look(other))
    moved = "?" if compared else "m"
    assert found == {
        "crosses": "m", "moves": moved, "ago": moved, "usual": moved,
        "becomes": "n" if name == "size" else "m" if name not in FIGURES[:1] else "n",
    }  # fmt: skip


def test_a_formula_over_figures(store: Database) -> None:
    """It is made of the parts as each is compared."""
    rules = {
        "r": "each: {rises: 50%}", "now": "each: {above: 150}",
        "usual": "each: {rises: 60%, from: median 3d}",
    }  # fmt: skip
    world = Shelves(store, book_of(rules))
    for day in range(3):
        world.look(lively(12, day))
    found = world.look({**lively(12, 3, grown=1.7), **lively(4, 3, first=50)})
    assert world.verdicts(found) == {"r": "m", "now": "m", "usual": "m"}
    for rule in ("r", "usual"):
        assert only(alert(world, rule).evidence).compared == (12, 16)


@pytest.mark.parametrize("cells", [7, 11, 40, 400])
def test_a_long_past_is_read_in_parts(
    store: Database, monkeypatch: pytest.MonkeyPatch, cells: int
) -> None:
    """Whole groups at a time, wherever a part ends; the replay's, too: each group is what it is by
    itself."""
    rules = {kind: f"gmv: {{rises: 1%, from: {kind} 5d}}" for kind in ("median", "min", "mean")}
    world = Shelves(store, book_of(rules))
    growth = {"A": 1.0, "B": 1.4, "C": 2.0, "D": 1.1}
    for day in range(5):
        listed = {
            f"{number}{seller}": Row(seller, 100 + number + day % 2)
            for number in range(12)
            for seller in growth
        }
        world.look(listed)
    monkeypatch.setattr(baselines, "_VALUE_CELLS", cells)
    monkeypatch.setattr(baselines, "_LISTED_CELLS", 3 * cells)
    monkeypatch.setattr(matrix, "_CELLS", cells)
    grown = {
        key: replace(row, gmv=row.gmv * growth[row.seller or ""]) for key, row in listed.items()
    }
    world.look(grown)
    for rule in rules:
        found = {row.product_id[-1]: only(row.alert.evidence) for row in store.alerts.list(rule)}
        assert {*found} == {"B", "C", "D"}, rule
        for seller, why in found.items():
            assert why.compared == (12, 12)
            assert isinstance(why.value, float)
            assert isinstance(why.baseline, float)
            assert why.value / why.baseline == pytest.approx(growth[seller], rel=0.015), rule
    again = backtests(store, world.book, world.book.rules, (0, world.now + DAY))
    assert [each.fired for each in again.rules] == [3, 3, 3]


def test_a_scan_that_had_many_last_is_read_once(store: Database) -> None:
    """What is told of groups that are gone is as the last list with them had it."""
    world = Shelves(store, book_of({"r": "gmv: {above: 1}"}, more=", resolved: true, limit: 2"))
    sellers = ("A", "B", "C", "D", "E")
    others = shelf(3, seller="new", first=90)
    many = (shelf(3, seller=each, first=10 * n) for n, each in enumerate(sellers))
    world.look({**others, **dict(chain.from_iterable(each.items() for each in many))})
    world.look(others)
    with statements(store) as asked:
        world.look(others)
    assert world.told()[-1].ended == len(sellers)
    assert sum("s.mark, s.products" in each for each in asked) <= 2


def test_a_message_tells_of_a_group(store: Database) -> None:
    """Its name, how many products it has, why; cooldown, and a silence of its seller."""
    text = 'sellers: {"7495": GlowLab}\n' + book_of(
        {"r": "gmv: {above: 50}"}, more=", cooldown: 5d"
    )
    world = Shelves(store, text)
    world.look({**named(4), **shelf(3, seller="B", first=50), **shelf(2, seller="C", first=90)})
    (message,) = world.told()
    first, second = message.items
    assert (first.product_id, first.name, first.size) == ("seller_id=7495", "GlowLab", 4)
    assert (first.grouped_by, first.facts) == ("seller_id", {})
    assert (second.name, second.size) == ("seller B", 3)
    assert [each.value for each in first.why[0].members] == pytest.approx([100.3, 100.2, 100.1])
    store.silences.add(begins=world.now, ends=world.now + 90 * DAY, seller="7495")
    world.look(shelf(3, gmv=1))
    world.look(shelf(3, gmv=1))  # both end
    world.look({**named(4), **shelf(3, seller="B", first=50)}, days=9)
    again = [item.name for message in world.told()[1:] for item in message.items]
    assert again == ["seller B"]


def test_it_is_explained(store: Database) -> None:
    """With what was compared; where the newest list lacks it, by the last that had it; and all
    where nothing can be written."""
    world = Shelves(store, book_of({"r": "gmv: {rises: 30%}, size: {at_least: 3}"}))
    for day in range(3):
        world.look(lively(12, day, grown=1.6 if day == 2 else 1))
    (group,) = store.history.find("seller_id=A")
    making.forbid_writes(store)
    found = explain(store, world.book, world.book.rules[0], group, world.now)
    assert (found.when.verdict, found.listed) == (Verdict.MET, True)
    assert found.alert is not None
    change = found.when.parts[0].evidence
    assert change is not None
    assert change.compared == (12, 12)


def test_of_one_that_is_not_listed_the_last_word_is_explained(store: Database) -> None:
    """As it was when a list had it last."""
    world = Shelves(store, book_of({"r": "gmv: {above: 30}"}))
    world.look(lively(12, 0))
    world.look({**lively(2, 1), **shelf(5, seller="B", first=90)})
    (group,) = store.history.find("seller_id=A")
    found = explain(store, world.book, world.book.rules[0], group, world.now)
    assert (found.listed, found.judged_at) == (False, world.now - DAY)
    assert found.when.verdict is Verdict.MET


def test_a_rule_that_is_new_knows_what_was_seen_before_it(store: Database) -> None:
    """Figures of earlier scans are computed of what these saw, once."""
    world = Shelves(store, book_of({"r": "size: {below: 0}"}))
    (watch,) = (each for each in world.book.watches if each.name == "best")
    for day in range(9):
        scan = shelf_scan(world.now, lively(10 + day, day), watch.key)
        remember(store, scan, watch.schedule)
        world.day += 1
    rules = {
        "ago": "size: {rises: 5, from: 7d ago}",
        "usual": "rising: {rises: 5, from: median 7d}",
        "record": "dearest: {highest: 8d}",
    }
    world.reread(book_of(rules))
    rising = {key: replace(row, rising=True) for key, row in lively(20, 9).items()}
    assert world.verdicts(world.look(rising)) == dict.fromkeys(rules, "m")
    kept = [*store.groups.figures(watch.key, "seller_id", 1 << 60, (0, world.now))]
    assert len(kept) == 8
    world.look(rising)  # and once more only of the new one
    assert len([*store.groups.figures(watch.key, "seller_id", 1 << 60, (0, world.now))]) == 9


def test_an_alert_belongs_to_the_list_that_opened_it(store: Database) -> None:
    """Of a group of two lists: one subject, moved by its own list's scans."""
    world = Shelves(store, book_of({"r": "gmv: {above: 500}"}, of="[best, other]"))
    world.look(shelf(6))
    assert world.state() == "f"
    for _ in range(3):
        world.look({"1": Row(), "2": Row(), "3": Row()}, of="other")
    assert world.state() == "f"
    world.look(shelf(6), of="best")
    assert len(world.told()) == 1


def test_a_shop_is_compared_as_a_whole(store: Database) -> None:
    """Who is not on the list was not sold: all count at both times, as few as they are."""
    rules = {"r": "gmv: {rises: 30%}", "usual": "gmv: {rises: 30%, from: median 3d}"}
    world = Shelves(store, book_of(rules, of="shop"))
    for _ in range(4):
        few = shelf(5, region="US")
        world.look(few, of="shop", of_market=False, regions=("US",) * 5)
    more = {**shelf(5, region="US"), **shelf(3, region="US", first=50)}
    found = world.look(more, of="shop", of_market=False, regions=("US",) * 8)
    assert world.verdicts(found) == dict.fromkeys(rules, "m")
    assert only(alert(world).evidence).compared is None
    # Of a shop that is longer than what was read, it is as of a list: too few are compared.
    found = world.look({**more, "99": Row(region="US", gmv=900)}, of="shop", cut=True,
                       of_market=False, regions=("US",) * 9)  # fmt: skip
    assert world.verdicts(found) == dict.fromkeys(rules, "?")


def test_groups_are_of_a_region(store: Database) -> None:
    """Where a list has products of several, each region's group is a subject of its own; products
    of an unknown seller or category are of none."""
    world = Shelves(store, book_of({"r": "size: {at_least: 3}"}, of="shop"))
    mixed = {
        **shelf(3, region="US"), **shelf(3, region="GB", first=20),
        **shelf(4, region="US", seller=None, first=40), **shelf(4, seller="0", first=60),
    }  # fmt: skip
    regions = ("US",) * 3 + ("GB",) * 3 + ("US",) * 8
    world.look(mixed, of="shop", of_market=False, regions=regions)
    found = {(row.region, row.product_id) for row in store.alerts.list("r")}
    assert found == {("US", "seller_id=A"), ("GB", "seller_id=A")}


@pytest.mark.parametrize("by", ["seller_id", "category_l3_id", "watch"])
def test_what_they_are_grouped_by(store: Database, by: str) -> None:
    """The subject says it."""
    world = Shelves(store, book_of({"r": "size: {at_least: 4}"}, by=by))
    world.look({**shelf(4, kind="7"), **shelf(2, kind="8", first=50)})
    (row,) = store.alerts.list("r")
    wanted = {"seller_id": "A", "category_l3_id": "7", "watch": "best"}[by]
    assert row.product_id == f"{by}={wanted}"


def test_a_list_that_is_named_otherwise_is_the_same_group(store: Database) -> None:
    """Its alert goes on under the new name; two lists may even swap theirs."""
    text = book_of({"r": "size: {at_least: 3}"}, by="watch", of="[best, other]")
    world = Shelves(store, text)
    world.look(shelf(3))
    world.look(shelf(4), of="other")
    alerts = {row.product_id: row.alert.id for row in store.alerts.list("r")}
    swapped = (
        text.replace("best: {", "X: {").replace("other: {", "best: {").replace("X: {", "other: {")
    )
    world.reread(swapped)
    world.look(shelf(4), of="best")
    world.look(shelf(3), of="other")
    now = {row.product_id: row.alert.id for row in store.alerts.list("r")}
    assert now == {"watch=best": alerts["watch=other"], "watch=other": alerts["watch=best"]}
    world.reread(swapped.replace("other", "hits"))
    assert [row.product_id for row in store.alerts.list("r")] == ["watch=best", "watch=hits"]
    assert len(world.told()) == 2


def test_on_a_refreshed_list_days_are_data_days(store: Database) -> None:
    """From "7d ago" on is seven refreshes ago, whenever these came."""
    text = book_of({"r": "gmv: {rises: 30%, from: 2d ago}, rising: {rises: 2, from: 2d ago}"})
    world = Shelves(store, text.replace("every: 24h", "every: refresh", 1))
    for day, hour in enumerate((4, 9, 3, 10)):
        at = world.now + hour * 3600
        store.refreshes.begin_day("US", DataDay(day, at, at - 3600, at))
        grown = 1.6 if day == 3 else 1
        rows = lively(12, day, grown=grown)
        if day == 3:
            rows = {key: replace(row, rising=True) for key, row in rows.items()}
        found = world.look(rows, days=0, hours=hour)
        world.day += 1
        assert world.verdicts(found)["r"] == ("m" if day == 3 else "?" if day < 2 else "n")
    first, _ = alert(world).evidence
    assert first.baseline_at == making.START + DAY + 9 * 3600


def test_a_flat_market_is_no_news(store: Database) -> None:
    """Half of the list is another one after a week: of the sums a quarter would have risen by 30%,
    of what is compared 2% at most."""
    world = Shelves(store, book_of({"r": "gmv: {rises: 30%, from: 7d ago}"}))
    market = flat_market(18, 1200, 16)
    naive, judged, met = [], 0, 0
    for day, listed in enumerate(market):
        outcome = world.look(listed)
        if day >= 7:
            (said,) = outcome.judged
            then, now = (_sums(each) for each in (market[day - 7], listed))
            naive += [now[seller] >= 1.3 * then[seller] for seller in now.keys() & then.keys()]
            judged, met = judged + len(now), met + said.met
    assert np.mean(naive) > 0.2
    assert met <= 0.02 * judged
    assert judged > 100


def _sums(listed: Shelf) -> Mapping[str | None, float]:
    found: dict[str | None, float] = {}
    for row in listed.values():
        found[row.seller] = found.get(row.seller, 0) + row.gmv
    return found


@pytest.mark.sqlite
def test_rules_without_groups_cost_nothing_more(store: Database) -> None:
    """No statement asks for a group."""
    text = "watches: {best: {sort: total_sale_7d_cnt desc}}\nrules:\n"
    world = Shelves(store, text + "  - {name: r, watch: best, when: {rank: {at_most: 1}}}\n")
    world.look(shelf(4))
    with statements(store) as asked:
        world.look(shelf(4))
    assert not [each for each in asked if "figures" in each or "grouped_by" in each.split("ON")[0]]
