"""All rules that look at a product at once, against each explained by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fakes.world import World
from tests.store.making import SALES
from watcher.alert import AlertState
from watcher.analysis.explain import explain
from watcher.analysis.verdicts import RuleVerdict, lookers_at, verdicts_of
from watcher.model import Verdict
from watcher.rules.conditions.base import Masks, ScanColumns
from watcher.rules.conditions.transition import Appears
from watcher.store.ports import Store

CONDITIONS = (
    f"{{{SALES}: {{at_least: 30}}}}",
    f"{{{SALES}: {{rises: 20%, from: median 4d}}}}",
    f"{{{SALES}: {{rises: 5, from: 2d ago}}}}",
    f"{{{SALES}: {{unusual: 2, over: 14d}}}}",
    f"{{{SALES}: {{highest: 5d}}}}",
    "{rank: {climbs: 1}}",
    "{rank: {leaves_top: 2}}",
    "{rank: {enters_top: 2}}",
    "{disappears: true}",
    "{appears: true}",
    "{reappears: true}",
    f"{{{SALES}: {{highest: 30%, among: watch}}}}",
    f"{{any: [{{{SALES}: {{below: 20}}}}, {{product_name: {{contains: '3'}}}}]}}",
    f"{{{SALES}: {{above: 1}}, not: {{spu_avg_price: {{above: 5}}}}}}",
    f"{{{SALES}: {{becomes: 12}}}}",
)
WATCHES = """
watches:
  first: {sort: total_sale_7d_cnt desc}
  second: {sort: total_sale_7d_cnt desc, top: 7}
  third: {sort: total_sale_7d_cnt desc, top: 9}
rules:
"""


def rules() -> str:
    """Each condition on one list, and on two."""
    written = [
        f"- {{name: {kind}-{number}, watch: {watch}, when: {when}}}"
        for number, when in enumerate(CONDITIONS)
        for kind, watch in (("one", "first"), ("two", "[second, first]"))
    ]
    return WATCHES + "\n".join(written)


def marched(store: Store) -> World:
    """Two lists, from which products go and to which they come back."""
    world = World(store, rules())
    for day in range(16):
        sales = {str(n): float(10 + (n * day * 7) % 23) for n in range(1, 7)}
        first = {key: each for key, each in sales.items() if (int(key) + day) % 6}
        if day > 12:
            first.pop("4", None)
        if day in (14, 15):
            first.pop("5", None)
        world.scan(first, of="first")
        if day % 3 == 0:
            world.scan({key: sales[key] for key in ("1", "2", "4")}, of="second", days=0)
    return world


def found_at(world: World, product: str) -> list[RuleVerdict]:
    """All verdicts on a product, by rule."""
    (facts,) = world.database.history.find(product)
    return verdicts_of(world.database, world.book, lookers_at(world.database, world.book, facts))


@pytest.mark.parametrize("product", ["1", "2", "3", "4", "5", "6"])
def test_each_verdict_is_that_of_its_explanation(store: Store, product: str) -> None:
    """With its reasons, whatever other rules of the list ask for."""
    world = marched(store)
    (facts,) = store.history.find(product)
    verdicts = found_at(world, product)
    told = set[Verdict]()
    for each in verdicts:
        assert each.looked is not None, each.rule.name
        alone = explain(store, world.book, each.rule, facts, world.now)
        assert each.looked.when == alone.when, each.rule.name
        assert each.looked.at == alone.judged_at
        assert each.listed == alone.listed
        told.add(each.verdict)
    names = {each.rule.name for each in verdicts}
    of_one = {name for name in names if name.startswith("one")}
    assert len(of_one) == len(CONDITIONS)
    assert len(names) == 2 * len(CONDITIONS)
    assert told >= {Verdict.NOT_MET, Verdict.NO_DATA}


def test_some_of_them(store: Store) -> None:
    """Only those are judged, and as all are."""
    world = marched(store)
    (facts,) = store.history.find("1")
    lookers = lookers_at(store, world.book, facts)
    every = verdicts_of(store, world.book, lookers)
    some = verdicts_of(store, world.book, lookers, slice(3, 8))
    assert [each.rule.name for each in some] == [each.rule.name for each in every[3:8]]
    assert [each.looked and each.looked.when for each in some] == [
        each.looked and each.looked.when for each in every[3:8]
    ]


def test_what_fires_comes_first(store: Store) -> None:
    """Then what is pending; what is switched off last. Rules of other lists are counted."""
    world = World(
        store,
        f"""{WATCHES}
- {{name: off, watch: first, when: {{{SALES}: {{above: 1}}}}, enabled: false}}
- {{name: quiet, watch: first, when: {{{SALES}: {{above: 99}}}}}}
- {{name: waits, watch: first, when: {{{SALES}: {{above: 1}}}}, for: 3d}}
- {{name: fires, watch: first, when: {{{SALES}: {{above: 1}}}}}}
- {{name: other, watch: second, when: {{{SALES}: {{above: 1}}}}}}
- {{name: unread, watch: third, when: {{{SALES}: {{above: 1}}}}}}
""",
    )
    world.scan({"1": 12.0}, of="first")
    world.scan({"2": 12.0}, of="second")
    (facts,) = store.history.find("1")
    lookers = lookers_at(store, world.book, facts)
    assert [rule.name for rule, _watch in lookers.rules] == ["fires", "waits", "quiet", "off"]
    assert lookers.elsewhere == 2
    assert lookers.of_state(AlertState.FIRING) == lookers.of_state(AlertState.PENDING) == 1
    fires, waits, quiet, off = verdicts_of(store, world.book, lookers)
    assert fires.alert is not None
    alone = explain(store, world.book, waits.rule, facts, world.now)
    assert waits.fires_at == alone.fires_at is not None
    assert (quiet.alert, quiet.verdict) == (None, Verdict.NOT_MET)
    assert off.verdict is Verdict.MET


def test_of_two_lists_the_one_that_saw_it_last_counts(store: Store) -> None:
    """However they are named in the rule; so it is with groups of lists."""
    world = World(
        store,
        f"""
watches:
  first: {{sort: total_sale_7d_cnt desc}}
  second: {{sort: total_sale_7d_cnt desc, top: 7}}
groups:
  both: {{of: [second, first], by: watch, metrics: {{sold: {{sum: {SALES}}}}}}}
rules:
- {{name: r, watch: [second, first], when: {{{SALES}: {{above: 99}}}}}}
- {{name: g, watch: both, when: {{sold: {{above: 99}}}}}}
""",
    )
    for name in ("second", "first", "second"):
        world.scan({"1": 5.0}, of=name)
        (found,) = found_at(world, "1")
        assert found.watch.name == name
        (facts,) = store.history.find("1")
        ((_rule, group),) = lookers_at(store, world.book, facts).groups
        assert group == f"watch={found.watch.key}"


def test_a_product_that_is_asked_for_by_its_id(store: Store) -> None:
    """Is looked at before any scan has read it."""
    world = World(
        store,
        f"""
watches:
  mine: {{products: ["1729382256910270485"]}}
  best: {{sort: total_sale_7d_cnt desc}}
rules:
- {{name: r, watch: mine, when: {{{SALES}: {{above: 1}}}}}}
- {{name: s, watch: best, when: {{{SALES}: {{above: 1}}}}}}
""",
    )
    world.scan({"1729382256910270485": 5.0, "2": 3.0}, of="best")
    (mine, best) = found_at(world, "1729382256910270485")
    assert {mine.rule.name: mine.looked is None, best.rule.name: best.looked is None} == {
        "r": True, "s": False,
    }  # fmt: skip
    assert [each.rule.name for each in found_at(world, "2")] == ["s"]


def test_a_rule_on_groups_is_no_verdict_on_the_product(store: Store) -> None:
    """It is named with the group that it judges the product in."""
    world = World(
        store,
        f"""
watches:
  best: {{sort: total_sale_7d_cnt desc}}
groups:
  shops: {{of: best, by: seller_id, metrics: {{sold: {{sum: {SALES}}}}}}}
rules:
- {{name: g, watch: shops, when: {{sold: {{above: 1}}}}}}
""",
    )
    world.scan({"1": 5.0}, of="best")
    (facts,) = store.history.find("1")
    for seller, groups in ((None, []), ("749", [("g", "seller_id=749")])):
        lookers = lookers_at(store, world.book, replace(facts, seller_id=seller))
        assert not lookers.rules
        assert [(rule.name, group) for rule, group in lookers.groups] == groups


class Broken(Appears):
    """A condition with a fault in it."""

    def judge(self, table: ScanColumns) -> Masks:
        raise ZeroDivisionError(table.size)


def test_one_rule_that_breaks_leaves_the_others(store: Store) -> None:
    """It says why."""
    world = World(
        store,
        f"""{WATCHES}
- {{name: good, watch: first, when: {{{SALES}: {{above: 1}}}}}}
- {{name: bad, watch: first, when: {{{SALES}: {{above: 1}}}}}}
""",
    )
    world.scan({"1": 12.0}, of="first")
    good, bad = world.book.rules
    world.book = replace(world.book, rules=(good, replace(bad, when=Broken())))
    found = {each.rule.name: each for each in found_at(world, "1")}
    assert found["good"].verdict is Verdict.MET
    assert found["bad"].looked is None
    assert "ZeroDivisionError" in found["bad"].trouble
