"""Rules before they are in force: what they would have told, and how far back is looked."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.fakes.world import HEAD, World
from tests.store.making import DAY
from watcher.analysis.backtest import backtests
from watcher.analysis.preview import DAYS, changed_rules, preview
from watcher.page_text import PageText
from watcher.rules.files.loading import load, load_text
from watcher.rules.rulebook import Rulebook
from watcher.store.sqlite.database import Database

OWN = """\
watches:
  deep: {sort: total_sale_7d_cnt desc, top: 400}
rules:
  - {name: old, watch: deep, when: {total_sale_7d_cnt: {above: 1m}}}
"""
RULES = HEAD + OWN
MORE = "  - {name: new, watch: deep, when: {total_sale_7d_cnt: {above: 50}}}\n"


@pytest.fixture
def world(store: Database) -> World:
    """Sixty days of three products, whose sales go up and down."""
    made = World(store, OWN)
    for day in range(60):
        made.scan({
            str(each): {"total_sale_7d_cnt": 30.0 * each + 7 * (day % (5 + each))}
            for each in range(1, 4)
        })  # fmt: skip
    return made


def ticking(step: float) -> Callable[[], float]:
    """A clock on which so many seconds pass between two looks."""
    times = itertools.count()
    return lambda: next(times) * step


def with_rules(more: str) -> Rulebook:
    """The rules of the world with others."""
    return load_text(RULES + more)


def test_what_changed_is_looked_at() -> None:
    """New rules, those that are written anew, and those that read another list."""
    before = load_text(RULES)

    def names(text: str) -> list[str]:
        return [each.name for each in changed_rules(before, load_text(text))]

    assert names(RULES + MORE) == ["new"]
    assert names(RULES.replace("1m", "2m")) == ["old"]
    assert names(RULES.replace("top: 400", "top: 300")) == ["old"]
    assert names(RULES.replace("channels:", "# moved\nchannels:")) == []


def test_where_nothing_changed_the_page_s_are_looked_at(tmp_path: Path) -> None:
    """All of them, and none of the user's own."""
    own = tmp_path / "rules.yaml"
    own.write_text(RULES)
    book = load([own], {}, page=PageText("rules:\n" + MORE + MORE.replace("new", "newer"), 1))
    assert len(book.rules) == 3
    assert [each.name for each in changed_rules(book, book)] == ["new", "newer"]


def test_all_days_where_there_is_time(world: World, store: Database) -> None:
    """As a backtest tells them."""
    after = with_rules(MORE)
    found = preview(store, world.book, after, world.now, ticking(0.0))
    rules = [rule for rule in after.rules if rule.name == "new"]
    assert found.rules == ("new",)
    assert (found.days, found.stand_ins, found.unread, found.watches) == (DAYS, {}, (), ())
    assert found.found == backtests(store, after, rules, (world.now - DAYS * DAY, world.now))
    days = found.by_day(world.book.zone)
    assert sum(day.total for day in days) == sum(sent.message.told for sent in found.found.told)
    assert [day.day for day in days] == sorted((day.day for day in days), reverse=True)


@pytest.mark.parametrize("seconds", [0.1, 0.5, 1.0])
def test_fewer_days_where_there_is_not(
    world: World, store: Database, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says how many, and tells of those what a backtest of them tells."""
    monkeypatch.setattr("watcher.analysis.preview._FEW_ROWS", 0)
    after = with_rules(MORE)
    found = preview(store, world.book, after, world.now, ticking(seconds / 10), seconds)
    assert 8 <= found.days < DAYS
    rules = [rule for rule in after.rules if rule.name == "new"]
    assert found.found == backtests(store, after, rules, (world.now - found.days * DAY, world.now))


def of_many(count: int) -> str:
    """So many rules of one list, each with another bound."""
    return "".join(
        MORE.replace("new", f"new-{each}").replace("above: 50", f"above: {30 + each}")
        for each in range(count)
    )


@pytest.mark.parametrize("seconds", [0.6, 1.0, 1.4])
def test_of_hundreds_the_first_are_judged(
    world: World, store: Database, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For which there is time. It says which are not, and tells what a backtest of the others tells
    of these days."""
    monkeypatch.setattr("watcher.analysis.preview._FEW_ROWS", 0)
    after = with_rules(of_many(100))
    found = preview(store, world.book, after, world.now, ticking(seconds / 10), seconds)
    assert found.found is not None
    judged = {each.rule for each in found.found.rules}
    assert found.days == 8
    assert 15 <= len(judged) < 100
    assert {*found.late} == {*found.rules} - judged
    rules = [rule for rule in after.rules if rule.name in judged]
    if len(judged) > 15:  # else those by which it was told
        assert judged == {*found.rules[: len(judged)]}
    assert found.found == backtests(store, after, rules, (world.now - 8 * DAY, world.now))


def test_hundreds_whose_time_is_up_meanwhile(
    world: World, store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those are told of by which it was to be told how many there is time for: some of everywhere
    in the text."""
    monkeypatch.setattr("watcher.analysis.preview._FEW_ROWS", 0)
    times = iter([0.0, 0.0, 0.001, 0.002])
    clock = lambda: next(times, 100.0)  # noqa: E731
    found = preview(store, world.book, with_rules(of_many(100)), world.now, clock, 1.0)
    assert found.found is not None
    assert (found.days, len(found.found.rules)) == (8, 15)
    assert [each.rule for each in found.found.rules][:3] == ["new-0", "new-7", "new-14"]
    assert len(found.late) == 85


def test_hundreds_on_a_short_list_are_more_than_a_few(world: World, store: Database) -> None:
    """Each takes up every scan, however short it is."""
    after = with_rules(of_many(150))
    found = preview(store, world.book, after, world.now, ticking(0.17), 1.7)
    assert found.late
    found = preview(store, world.book, with_rules(of_many(10)), world.now, ticking(0.17), 1.7)
    assert (found.days, found.late) == (DAYS, ())


GROUPS = """\
groups:
  sellers: {of: deep, by: seller_id, metrics: {sold: {sum: total_sale_7d_cnt}}}
"""
OF_GROUPS = "  - {name: new, watch: sellers, when: {sold: {above: 50}}}\n"


def test_no_more_is_read_than_there_is_time_to_judge(
    world: World, store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By what the scans wrote: of a large list of which all changes each day one product in so many
    is looked at, over all days. What is told of it is what a backtest tells of it."""
    written = sum(scan.changed for scan in store.history.scans(world.book.used_watches[0].key, 99))
    monkeypatch.setattr("watcher.analysis.preview._MOST_READ", written // 2 + 1)
    after = with_rules(MORE)
    found = preview(store, world.book, after, world.now, ticking(0.0))
    assert (found.days, found.every) == (DAYS, 2)
    rules = [rule for rule in after.rules if rule.name == "new"]
    whole = backtests(store, after, rules, (world.now - DAYS * DAY, world.now))
    assert found.found is not None
    (some,), (all_,) = found.found.rules, whole.rules
    assert (some.products, all_.products) == (1, 3)
    assert [each for each in all_.often if each.product_id == "2"] == [*some.often]
    # Its evidence, and what else is told of it, is the same.
    told = [item for sent in whole.told for item in sent.message.items if item.product_id == "2"]
    assert [msgspec.structs.replace(item, alert="") for item in told] == [
        msgspec.structs.replace(item, alert="")
        for sent in found.found.told
        for item in sent.message.items
    ]


def test_of_groups_all_products_are_looked_at(
    world: World, store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sum of some would be another sum: there are fewer days."""
    written = sum(scan.changed for scan in store.history.scans(world.book.used_watches[0].key, 99))
    monkeypatch.setattr("watcher.analysis.preview._MOST_READ", written // 3)
    after = load_text(GROUPS + RULES + OF_GROUPS)
    found = preview(store, world.book, after, world.now, ticking(0.0))
    assert found.every == 1
    assert 20 <= found.days <= 30


def test_a_slow_machine_is_told_by_the_last_days(
    world: World, store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was begun beyond is given up."""
    monkeypatch.setattr("watcher.analysis.preview._FEW_ROWS", 0)
    times = iter([0.0, 0.0, 0.001, 0.002])  # until the last days are played
    clock = lambda: next(times, 100.0)  # noqa: E731
    found = preview(store, world.book, with_rules(MORE), world.now, clock, 1.0)
    assert found.days == 8
    assert found.found is not None


@pytest.mark.parametrize(
    ("query", "near"),
    [
        ("{sort: total_sale_7d_cnt desc, top: 40}", "deep"),
        ("{min_first_crawl_dt: 28d ago, sort: total_sale_7d_cnt desc}", "deep"),
        ("{region: GB}", ""),
        ("{products: ['1729384756010293847']}", ""),
    ],
)
def test_a_list_that_was_never_read(world: World, store: Database, query: str, near: str) -> None:
    """Its rules are judged on the nearest one that was, if there is one of its market."""
    after = with_rules(MORE.replace("watch: deep", f"watch: {query}"))
    found = preview(store, world.book, after, world.now, ticking(0.0))
    assert found.stand_ins == ({"new": near} if near else {})
    assert found.unread == (() if near else ("new",))
    assert (found.found is not None) is bool(near)
    assert [each.name for each in found.watches] == ["new"]
    before, then = found.credits
    assert then - before == found.watches[0].cost.credits_a_day
