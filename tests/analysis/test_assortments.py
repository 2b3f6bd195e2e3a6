"""Sums over time of what is one seller's, or of one category, held against the observations."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from tests.fakes.shops import WATCHES, Shops
from tests.store.making import (
    DAY,
    GMV,
    SALES,
    START,
    firing,
    memory,
    pending,
    raw,
    scan,
)
from watcher.alert import Alert, AlertState
from watcher.analysis.assortment_tallies import AssortmentTally, tallies
from watcher.analysis.assortments import MOST_TIMES, kinds_of, on_lists, past_of, total
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Watch
from watcher.store.ports import Store
from watcher.store.sql.assortments import Assortment


def _total(values: list[float | None]) -> float:
    known = [each for each in values if each is not None]
    return sum(known) if known else np.nan


def _kinds(shops: Shops, members: list[int]) -> dict[str, list[int]]:
    """These products by what GMV is summed up in: one of nothing, unless several are known."""
    rows: dict[int, str | None] = dict(raw(shops.store).rows("SELECT id, currency FROM products"))
    known = {rows[key] for key in members} - {None}
    if len(known) < 2:
        return {"": members}
    found: dict[str, list[int]] = {}
    for key in members:
        found.setdefault(rows[key] or "?", []).append(key)
    return found


def _watches() -> list[Watch]:
    """Watches of a rule file, in the regions of the shops' own."""
    text = "\n".join(
        f"  {name}: {{every: 1d, region: {region}, sort: total_sale_7d_cnt desc, "
        f"category_id: '{place}'}}"
        for place, (name, region) in enumerate(WATCHES.items(), 1)
    )
    rules = "".join(
        f"- {{name: {name}, watch: {name}, when: {{{SALES}: {{above: 1}}}}}}\n" for name in WATCHES
    )
    return [*load_text(f"watches:\n{text}\nrules:\n{rules}").watches]


@pytest.mark.parametrize("seed", range(12))
def test_sums_are_those_of_the_observations(seed: int) -> None:
    """At each instant: of whom lists had then, each product once, by its newest list; relisted or
    not, whatever it was of before; nothing of what was cut off or is doubted. What moved is of the
    products of both times."""
    with memory() as store:
        shops = Shops(store, Random(seed))
        shops.live()
        for key in range(1, 40) if seed % 2 else ():
            code = shops.random.choice(["USD", "EUR", None])
            raw(store).execute("UPDATE products SET currency = ? WHERE id = ?", (code, key))
        sums = 0
        for region, by, value in shops.subjects():
            members = shops.members(region, by, value)
            assortment = store.assortments.of(region, by, value)
            assert assortment.products.tolist() == sorted(members)
            past = past_of(store, region, assortment, (shops.now - 19 * DAY, shops.now))
            assert past.at[-1] == shops.now
            assert len(past.at) == 20
            kinds = _kinds(shops, members)
            assert past.gmv.keys() == kinds.keys()
            with_some = []
            # Lists that never had one of them say nothing of them.
            ever = [
                watch for watch in WATCHES
                if any(
                    product in members
                    for each in shops.store.history.scans(watch, 500)
                    for product in shops.store.history.everyone(watch, each.id)[1].products.tolist()
                )
            ]  # fmt: skip
            for row, at in enumerate(past.at.tolist()):
                known = shops.known(at, ever)
                own = None if known is None else {k: known[k] for k in members if k in known}
                expected = [
                    np.nan if own is None else len(own),
                    _total([each[0] for each in (own or {}).values()]),
                    *(
                        _total([own[k][1] for k in keys if own and k in own])
                        for keys in kinds.values()
                    ),
                ]
                gmv = [past.gmv[kind][row] for kind in kinds]
                got = [past.products[row], past.sales[row], *gmv]
                np.testing.assert_allclose(got, expected, atol=0.05, err_msg=f"{by} {value} {at}")
                sums += bool(own)
                if own:
                    with_some.append(own)
            if len(with_some) < 2:
                assert past.compared == {}
                continue
            first, last = with_some[0], with_some[-1]
            whose = [(0, "sales", members)]
            whose += ((1, f"gmv {kind}".strip(), keys) for kind, keys in kinds.items())
            for column, name, keys in whose:
                both = [
                    (then, now) for k in first.keys() & last.keys() & {*keys}
                    if (then := first[k][column]) is not None
                    and (now := last[k][column]) is not None
                ]  # fmt: skip
                found = past.compared[name]
                assert found.products == len(both)
                np.testing.assert_allclose(
                    [found.then, found.now], [sum(e[0] for e in both), sum(e[1] for e in both)],
                    atol=0.05,
                )  # fmt: skip
        assert sums > 20


@pytest.mark.parametrize("seed", range(6))
def test_all_side_by_side_are_what_each_is_alone(seed: int) -> None:
    """Of the newest lists: how many products each seller or category has there, what these sold,
    and how many were ever found; what nobody knows is counted apart."""
    with memory() as store:
        shops = Shops(store, Random(100 + seed))
        shops.live()
        watches = _watches()
        # The book's watches have keys of their own: the lists are those of the stored ones.
        keys = dict(zip(WATCHES, watches, strict=True))
        for name, watch in keys.items():
            for table in ("scans", "watches"):
                raw(store).execute(
                    f"UPDATE {table} SET watch = ? WHERE watch = ?", (watch.key, name)
                )
        lists = on_lists(store, watches, shops.now)
        known = shops.known_now()
        assert lists.products.tolist() == sorted(known)
        for by in ("seller_id", "category_id", "category_l3_id"):
            found, unknown = tallies(store, by, lists)
            rows = raw(store).rows(
                f"SELECT id, region, {by} FROM products WHERE grouped_by IS NULL"
            )
            groups: dict[tuple[str, str], list[int]] = {}
            nobodys: dict[str, int] = {}
            for key, region, value in rows:
                if value in (None, "", "0"):
                    nobodys[region] = nobodys.get(region, 0) + (key in known)
                else:
                    groups.setdefault((region, value), []).append(key)
            assert {(e.region, e.value): e.found for e in found} == {
                each: len(keys) for each, keys in groups.items()
            }
            assert unknown == {region: count for region, count in nobodys.items() if count}
            for each in found:
                own = [known[k] for k in groups[each.region, each.value] if k in known]
                assert each.listed == len(own)
                np.testing.assert_allclose(each.sales, _total([e[0] for e in own]))
                gmv = each.gmv.get("", np.nan)
                np.testing.assert_allclose(gmv, _total([e[1] for e in own]), atol=0.05)


def test_the_best_place_on_any_list(store: Store) -> None:
    """Is that of a product, and which list it is on; numbers are those of the newer one."""
    older, newer, _british = _watches()
    for number, (watch, listed) in enumerate(((older, "123"), (newer, "31"))):
        rows = {key: {SALES: float(10 * number + 1)} for key in listed}
        store.history.record(scan(START + number, rows, watch=watch.key))
    lists = on_lists(store, [newer, older], START + DAY)
    assert lists.ranks.tolist() == [1, 2, 1]  # 1, 2 and 3, in the order of their keys
    assert [lists.watches[place] for place in lists.ranked_by] == [
        older.name, older.name, newer.name,
    ]  # fmt: skip
    assert lists.numbers[0].tolist() == [11, 1, 11]


def test_what_fires_is_counted(store: Store) -> None:
    """On its products; not what is pending."""
    made = scan(START, {"1": 1.0, "2": 1.0, "3": 1.0})
    texts = {**made.texts, "seller_id": ("7495", "7495", "8001")}
    one, two, other = store.history.record(replace(made, texts=texts)).products.tolist()
    store.alerts.save([firing("r", one), firing("s", one), pending("r", two), pending("r", other)])
    found, _unknown = tallies(store, "seller_id", on_lists(store, [], START))
    assert {each.value: each.firing for each in found} == {"7495": 2, "8001": 0}


def test_the_largest_sum_is_what_is_sorted_by() -> None:
    """Of several currencies, of which none is added to another."""
    assert AssortmentTally("US", "1", 1, gmv={"EUR": 5, "USD": 9, "?": np.nan}).most_gmv == 9


def test_groups_are_no_products(store: Store) -> None:
    """Though they are of a seller; the parts with most products come first."""
    made = scan(START, dict.fromkeys("1234", 1.0))
    texts = {
        **made.texts, "seller_id": ("7",) * 4, "category_id": ("a", "b", "b", "b"),
    }  # fmt: skip
    store.history.record(replace(made, texts=texts))
    raw(store).execute("UPDATE products SET grouped_by = 'seller_id' WHERE product_id = '4'")
    (found,) = store.assortments.found("seller_id")
    assert found.products == 3
    assert len(store.assortments.of("US", "seller_id", "7").products) == 3
    parts = store.assortments.parts("US", "seller_id", "7", "category_id")
    assert [(each.value, each.products) for each in parts] == [("b", 2), ("a", 1)]


def test_the_newest_alerts_that_are_over(store: Store) -> None:
    """Come first, and only those that fired."""
    one, other = store.history.record(scan(START, {"1": 1.0, "2": 1.0})).products.tolist()
    over = [
        Alert(0, "r", key, AlertState.INACTIVE, START, START, START, START + 60, "x")
        for key in (one, other, one, one)
    ]
    ids = [each.id for each in store.alerts.save(over)]
    raw(store).execute("UPDATE alerts SET fired_at = NULL WHERE id = ?", (ids[3],))
    found = store.assortments.past_alerts(1, np.array([one], np.int64))
    assert found == [ids[2]]
    assert store.assortments.past_alerts(9, np.array([one], np.int64)) == [ids[2], ids[0]]


def test_gmv_of_several_currencies_is_never_added_up() -> None:
    """Each has a sum, and so have those whose currency is not known; where one is known at most all
    is one sum."""
    assert [*kinds_of([None, "USD", None])] == [""]
    assert [*kinds_of(["USD", "EUR"])] == ["EUR", "USD"]
    assert {kind: own.tolist() for kind, own in kinds_of(["USD", None, "EUR", "USD"]).items()} == {
        "EUR": [False, False, True, False], "USD": [True, False, False, True],
        "?": [False, True, False, False],
    }  # fmt: skip
    with memory() as store:
        at = START
        rows = {"1": {SALES: 1, GMV: 10}, "2": {SALES: 2, GMV: 20}, "3": {SALES: 4, GMV: 40}}
        recorded = store.history.record(scan(at, rows))
        one, two, _three = recorded.products.tolist()
        for key, code in ((one, "USD"), (two, "EUR")):
            raw(store).execute("UPDATE products SET currency = ? WHERE id = ?", (code, key))
        assortment = store.assortments.among("US", recorded.products)
        past = past_of(store, "US", assortment, (at - DAY, at + 60))
        assert {kind: values[-1] for kind, values in past.gmv.items()} == {
            "EUR": 20, "USD": 10, "?": 40,
        }  # fmt: skip
        assert past.sales[-1] == 7
        alike = past_of(store, "US", assortment.of_one_currency(), (at - DAY, at + 60))
        assert {kind: values[-1] for kind, values in alike.gmv.items()} == {"": 70}
        assert store.assortments.among("GB", recorded.products).currencies == []


def test_of_nothing_there_is_no_sum() -> None:
    """Neither of products that are none, nor of a store without scans."""
    assert np.isnan(total(np.array([np.nan])))
    with memory() as store:
        nobody = Assortment(np.zeros(0, np.int64), [])
        past = past_of(store, "US", nobody, (START - 30 * DAY, START))
        assert np.isnan(past.products).all()
        assert past.compared == {}
        lists = on_lists(store, [], START)
        assert lists.places(np.array([1, 2])).tolist() == [-1, -1]
        assert tallies(store, "seller_id", lists) == ([], {})


def test_the_longer_lists_are_the_fewer_times_are_read() -> None:
    """The work for a page is bounded, whatever there is."""
    with memory() as store:
        keys = store.history.record(scan(START, {str(n): n for n in range(9_000)})).products
        for number in range(9):
            rows = {str(n): n for n in range(9_000)}
            store.history.record(scan(START + 60 + number, rows, watch=f"v{number}"))
        assortment = store.assortments.among("US", keys)
        past = past_of(store, "US", assortment, (START - 399 * DAY, START + DAY))
        assert len(past.at) == 6
        assert past.products[-1] == 9_000
        few = past_of(store, "US", assortment, (START - 399 * DAY, START + DAY), ["w"])
        assert 6 < len(few.at) <= MOST_TIMES
