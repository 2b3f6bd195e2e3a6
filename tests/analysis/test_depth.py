"""A smaller ``top``, where 30 days of history show that it would do."""

from __future__ import annotations

import pytest

from tests.fakes.world import World
from tests.store.making import DAY
from watcher.analysis.depth import DAYS, shallower
from watcher.store.sqlite.database import Database

SALES, PRICE = "total_sale_7d_cnt", "spu_avg_price"
LIST = "watches:\n  best: {sort: total_sale_7d_cnt desc, top: 200}\n"
ROWS = 120
CHEAP = f"when: {{{PRICE}: {{below: 5}}}}"


def text(*rules: str) -> str:
    """Rules of one list."""
    lines = (f"- {{name: r{n}, watch: best, {rule}}}\n" for n, rule in enumerate(rules))
    return LIST + "rules:\n" + "".join(lines)


def world_of(
    store: Database, *rules: str, days: int = DAYS + 2, places: dict[int, int] | None = None
) -> World:
    """A list of 120 a day, of whom one at a place (by day) is cheap that day; what follows it are
    products that move a little."""
    world = World(store, text(*rules))
    for day in range(days):
        cheap = (places or {20: 33}).get(day)
        world.scan({
            f"p{place}" if place != cheap else f"cheap{day}": {
                SALES: 5_000.0 - place + 0.001 * day, PRICE: 1.0 if place == cheap else 9.0
            }
            for place in range(1, ROWS + 1)
        })  # fmt: skip
    return world


def said(world: World, pages: int = 0) -> list[str]:
    """What is said by the newest scan's time."""
    (watch,) = world.book.used_watches
    found = shallower(world.database, world.book, {watch.key: pages}, world.now + 60)
    return [str(each) for each in found]


def test_it_names_a_smaller_top_and_what_that_saves(store: Database) -> None:
    """In whole pages; of two alerts the lower one counts."""
    world = world_of(store, CHEAP, places={9: 12, 20: 33})
    (line,) = said(world)
    assert line == (
        "best: in 30 days 2 alerts began, none below rank 33 of 200: with top: 40 it saves 480 "
        "credits in 30 days; what falls below that place has then left the list"
    )
    # The list has but twelve pages, and one request shows that it ends there.
    assert "saves 270 credits" in said(world, pages=12)[0]


def test_of_all_rules_of_the_list(store: Database) -> None:
    """The one that looks deepest decides; one that never fired asks for nothing."""
    rules = CHEAP, "when: {rank: 71, spu_avg_price: {below: 99}}", "when: {spu_avg_price: 7}"
    (line,) = said(world_of(store, *rules))
    assert "none below rank 33 of 200, what they compared with or fires now not below 71" in line
    assert "with top: 80 it" in line


@pytest.mark.parametrize(
    "rule",
    [
        "when: {appears: true}",
        "when: {rank: {leaves_top: 10}}",
        "when: {sales_growth: {highest: 5%, among: watch}}",
        f"when: {{any: [{{appears: true}}, {{{PRICE}: {{below: 5}}}}]}}",
        f"when: {{{PRICE}: {{below: 5}}}}, until: {{rank: {{leaves_top: 10}}}}",
    ],
)
def test_who_asks_for_the_list_itself_needs_all_of_it(store: Database, rule: str) -> None:
    """A shorter one would give another answer."""
    assert said(world_of(store, CHEAP, rule)) == []


def test_a_top_that_is_entered_must_be_read(store: Database) -> None:
    """Whoever is below the scanned depth is outside."""
    (line,) = said(world_of(store, CHEAP, "when: {rank: {enters_top: 95}}"))
    assert "top: 100 it saves 300 credits" in line


def test_of_two_tops_the_larger_must_be_read(store: Database) -> None:
    """The rule asks for both."""
    when = "when: {any: [{rank: {enters_top: 95}}, {rank: {enters_top: 9}}]}"
    (line,) = said(world_of(store, CHEAP, when))
    assert "with top: 100 it" in line


def test_what_an_alert_compared_with_counts(store: Database) -> None:
    """It came from far below: there it must be seen, too."""
    world = World(store, text(f"when: {{{PRICE}: {{falls: 50%, from: 3d ago}}}}"))
    for day in range(DAYS + 2):
        place = 88 if day < 20 else 21
        world.scan({
            "it" if each == place else f"p{each}": {
                SALES: 5_000.0 - each + 0.001 * day,
                PRICE: (9.0 if day < 20 else 2.0) if each == place else 9.0,
            }
            for each in range(1, ROWS + 1)
        })  # fmt: skip
    (line,) = said(world)
    assert "none below rank 21 of 200, what they compared with or fires now not below 88" in line
    assert "with top: 90 it saves 330 credits" in line


@pytest.mark.parametrize(
    ("rule", "fell", "deepest", "top"),
    [
        (f"when: {{{PRICE}: {{falls: 50%}}}}", 20, 88, 90),
        (f"when: {{{PRICE}: {{falls: 50%, from: 3d ago}}}}", 20, 95, 100),
        (f"when: {{{PRICE}: {{falls: 50%, from: median 3d}}}}", 20, 95, 100),
        (f"when: {{{PRICE}: {{falls: 50%, from: max 3d}}}}", 20, 95, 100),
        # It waited from day 19 on.
        (f"for: 2d, when: {{{PRICE}: {{below: 5}}}}", 19, 88, 90),
    ],
)
def test_only_what_it_looked_at_counts(
    store: Database, rule: str, fell: int, deepest: int, top: int
) -> None:
    """On its way up the list it was deeper before that."""
    world = World(store, text(rule))
    places = {17: 95, 18: 92, 19: 88, 20: 21}
    for day in range(DAYS + 2):
        place = places.get(day, 110 if day < 17 else 21)
        cheap = 2.0 if day >= fell else 9.0
        world.scan({
            "it" if each == place else f"p{each}": {
                SALES: 5_000.0 - each + 0.001 * day, PRICE: cheap if each == place else 9.0,
            }
            for each in range(1, ROWS + 1)
        })  # fmt: skip
    (line,) = said(world)
    assert "none below rank 21 of 200" in line
    assert f"what they compared with or fires now not below {deepest}:" in line
    assert f"with top: {top} it" in line


def test_nothing_is_said_where_less_is_kept(store: Database) -> None:
    """What began earlier may be forgotten by now."""
    world = world_of(store, CHEAP)
    assert len(said(world)) == 1
    world.reread("keep: {notifications: 29d}\n" + text(CHEAP))
    assert said(world) == []


def test_nothing_is_said_of_less(store: Database) -> None:
    """Thirty days are needed."""
    assert said(world_of(store, CHEAP, days=DAYS)) == []


def test_nothing_is_said_of_a_rule_that_is_new(store: Database) -> None:
    """It may look deeper than what was there before."""
    world = world_of(store, CHEAP)
    assert len(said(world)) == 1
    world.day -= 3
    world.reread(text(CHEAP, "when: {rank: {at_most: 150}}"))
    world.day += 3
    assert said(world) == []


def test_nothing_is_said_where_no_alert_began(store: Database) -> None:
    """Nor where the list was hardly read."""
    assert said(world_of(store, CHEAP, places={0: 5})) == []


def test_nothing_is_said_of_a_list_that_was_hardly_read(store: Database) -> None:
    """The daemon was down for half of the time."""
    world = world_of(store, CHEAP, days=12, places={0: 5, 11: 7})
    world.day += DAYS - 8
    assert said(world) == []


def test_a_list_without_order_has_no_places(store: Database) -> None:
    """So nothing can be said of it."""
    world = World(store, "rules:\n- {name: r, watch: {top: 200}, when: {spu_avg_price: 1}}")
    for _ in range(DAYS + 2):
        world.scan({"1": {PRICE: 1.0, SALES: 5.0 + world.day}})
    assert said(world) == []


@pytest.mark.sqlite
def test_on_a_deep_list_it_is_quick(store: Database) -> None:
    """Only the lists are read, and none of the values."""
    world = world_of(store, CHEAP)
    asked: list[str] = []
    store.conn.set_trace_callback(asked.append)
    try:
        assert len(said(world)) == 1
    finally:
        store.conn.set_trace_callback(None)
    assert not [each for each in asked if "observations" in each]
    assert world.now > DAY
