"""Rules that nothing in the stored scans met, and how near it came."""

from __future__ import annotations

import pytest

from tests.fakes.world import World
from tests.store import making
from tests.store.making import DAY
from watcher.analysis.overview import QUIET_DAYS, overview
from watcher.analysis.unmet import LEAST_SCANS, MOST_SCANS, unmet
from watcher.store.sqlite.database import Database

RULES = """
watches:
  best: {sort: total_sale_7d_cnt desc}
rules:
"""


def texts(database: Database, *rules: str, scans: int = 6) -> list[str]:
    """What is said of rules after some scans: sales of a 10, 11, 12 ..., of b 41, 40, 39 ..."""
    lines = "".join(f"  - {{name: r{n}, watch: best, {rule}}}\n" for n, rule in enumerate(rules))
    world = World(database, f"{RULES}  - {{name: first, watch: best, when: {{rank: 9}}}}\n")
    for day in range(scans):
        world.scan({"a": 10 + day, "b": 41 - day})
    # Rules that are written now, and were never run.
    world.book = World(database, RULES + lines).book
    return [str(each) for each in unmet(database, world.book)]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            "when: {total_sale_7d_cnt: {at_least: 50}}",
            '"total_sale_7d_cnt at least 50" was met by none, the nearest was 41',
        ),
        (
            "when: {total_sale_7d_cnt: {below: 5}}",
            '"total_sale_7d_cnt below 5" was met by none, the nearest was 10',
        ),
        (
            "when: {total_sale_7d_cnt: {crosses_above: 60}}",
            '"total_sale_7d_cnt crosses above 60" was met by none, the nearest was 40',
        ),
        (
            "when: {total_sale_7d_cnt: {rises: 50%}}",
            '"total_sale_7d_cnt rises 50% from last" was met by none, the farthest was 10%',
        ),
        (
            "when: {total_sale_7d_cnt: {falls: 5}}",
            '"total_sale_7d_cnt falls 5 from last" was met by none, the farthest was 1',
        ),
        (
            "when: {total_sale_7d_cnt: {rises: 5%, from: 30d ago}}",
            '"total_sale_7d_cnt rises 5% from 30d ago" had no data of any',
        ),
        ("when: {rank: 7}", '"rank is #7" was met by none'),
        (
            "when: {total_sale_7d_cnt: {above: 30}, rank: 1}",
            "its conditions were never met together",
        ),
        (
            "when: {rank: {at_most: 2}, total_sale_7d_cnt: {at_least: 44}}",
            '"total_sale_7d_cnt at least 44" was met by none, the nearest was 41',
        ),
        (
            "when: {any: [{rank: 7}, {rank: 8}], total_sale_7d_cnt: {at_least: 1}}",
            'of its any: nothing was met: "rank is #7"; "rank is #8"',
        ),
        (
            "when: {any: [{total_sale_7d_cnt: {above: 50}}, {total_sale_7d_cnt: {below: 5}}]}",
            (
                'of its any: nothing was met: "total_sale_7d_cnt above 50", the nearest was 41; '
                '"total_sale_7d_cnt below 5", the nearest was 10'
            ),
        ),
        (
            "when: {any: [{rank: 7}, {all: [{rank: 2}, {total_sale_7d_cnt: {below: 20}}]}]}",
            "its conditions were never met together",
        ),
    ],
)
def test_how_near_it_came(store: Database, rule: str, said: str) -> None:
    """The condition that stood in the way, and the nearest value of all products and scans."""
    assert texts(store, rule) == [f"r0: met by 0 of 2 products in 6 scans: {said}"]


def test_rules_that_something_met_are_not_named(store: Database) -> None:
    """Also where that was days ago, and where the rule never fired for it."""
    assert not texts(store, "when: {total_sale_7d_cnt: {at_least: 41}}", "when: {rank: 1}")


def test_nothing_is_said_of_few_scans(store: Database) -> None:
    """A young history proves nothing; an old one is looked at in part."""
    rule = "when: {rank: 7}"
    assert not texts(store, rule, scans=LEAST_SCANS - 1)


def test_only_the_newest_scans_are_looked_at(store: Database) -> None:
    """What was met before them does not count."""
    scans = MOST_SCANS + 3
    (said,) = texts(store, "when: {total_sale_7d_cnt: {equals: 10}}", scans=scans)
    assert f"in {MOST_SCANS} scans" in said


def test_a_rule_that_fired_is_alive(store: Database) -> None:
    """Until it is written otherwise: then it is another rule."""
    text = RULES + "  - {name: r, watch: best, when: {total_sale_7d_cnt: {at_least: 12}}}\n"
    world = World(store, text)
    world.scan({"a": 12})
    for _ in range(MOST_SCANS):
        world.scan({"a": 5})
    assert not list(unmet(store, world.book))
    world.reread(text.replace("12", "13"))
    (said,) = unmet(store, world.book)
    assert "the nearest was 5" in str(said)
    assert (said.file, said.line) == ("rules.yaml", world.book.rules[0].line)


def test_texts_and_appearance_are_judged_too(store: Database) -> None:
    """On whole scans, with the products' names."""
    when = "when: {any: [{product_name: {contains: zzz}}, {all: [{appears: true}, {rank: 1}]}]}"
    assert texts(store, when) == [
        "r0: met by 0 of 2 products in 6 scans: its conditions were never met together"
    ]
    assert not texts(Database.in_memory(), "when: {product_name: {contains: a}}")


def test_rules_that_have_not_fired_for_long(store: Database) -> None:
    """Old enough, not firing, and no alert that began to fire within the time."""
    rules = "".join(
        f"  - {{name: {name}, watch: best, when: {{total_sale_7d_cnt: {{{when}}}}}}}\n"
        for name, when in (("never", "above: 99"), ("once", "equals: 7"), ("now", "above: 1"))
    )
    world = World(store, RULES + rules)

    def quiet() -> set[str]:
        state = overview(store, world.book, world.now)
        return {rule.name for rule in state.rules if rule.quiet}

    world.scan({"a": 7})
    world.scan({"a": 5})
    assert quiet() == set()
    world.day += QUIET_DAYS - 1
    assert quiet() == {"never"}  # the one that fired did so just within the time
    world.day += 1
    assert quiet() == {"never", "once"}
    world.scan({"a": 7})
    world.scan({"a": 5})
    assert quiet() == {"never"}
    assert world.now - QUIET_DAYS * DAY > 0


def test_a_rule_that_is_new_is_not_called_quiet(store: Database) -> None:
    """It had no time to fire."""
    world = World(store, RULES + "  - {name: r, watch: best, when: {rank: 9}}\n")
    world.day += QUIET_DAYS
    assert not any(rule.quiet for rule in overview(store, world.book, world.now).rules)
    world.day += 1
    assert all(rule.quiet for rule in overview(store, world.book, world.now).rules)


GROUPS = """
groups:
  shelves: {of: best, by: watch, metrics: {units: {sum: total_sale_7d_cnt}}}
rules:
"""


def test_rules_on_groups(store: Database) -> None:
    """Judged on the groups of the stored scans; a group of which nothing is said says nothing."""
    rules = RULES.replace("rules:\n", GROUPS)
    first = "  - {name: first, watch: best, when: {rank: 9}}\n"
    world = World(store, rules + first)
    for day in range(6):
        world.scan({"a": 10 + day, "b": 41 - day, "c": 20})
    world.book = World(
        store,
        f"{rules}{first}"
        "  - {name: many, watch: shelves, when: {units: {at_least: 100}}}\n"
        "  - {name: met, watch: shelves, when: {units: {at_least: 50}}}\n",
    ).book
    making.forbid_writes(store)
    said = [str(each) for each in unmet(store, world.book)]
    assert said[1:] == [
        (
            'many: met by 0 of 1 lists in 6 scans: "units at least 100" was met by none, '
            "the nearest was 71"
        )
    ]
