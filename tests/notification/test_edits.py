"""Rules edited while they run: what begins anew, what keeps its state, what is told again."""

from __future__ import annotations

import pytest

from tests.fakes.world import World
from tests.store.making import scan
from tests.test_pipeline import SELLS, rule, rules
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.store.sqlite.database import Database
from watcher.units import DAY

BASE = rule(SELLS, "resolved: true\n    for: 1d")
OTHER_WATCH = BASE.replace("total_sale_7d_cnt desc}", "total_sale_7d_cnt desc, is_s_shop: 1}")


@pytest.mark.parametrize(
    "edited",
    [
        rule(SELLS, "resolved: true\n    for: 1d", name="s"),
        rule("{total_sale_7d_cnt: {at_least: 15}}", "resolved: true\n    for: 1d"),
        rule(SELLS, "resolved: true\n    for: 5d"),
        rule(SELLS, "resolved: true\n    for: 1d\n    until: {total_sale_7d_cnt: {below: 5}}"),
        OTHER_WATCH,
    ],
)
def test_what_fired_and_still_holds_is_not_told_again(store: Database, edited: str) -> None:
    """A new name, ``when``, ``for``, ``until`` or watch: it goes on firing in silence."""
    world = World(store, rules(BASE))
    world.march("20 20")
    assert len(world.told()) == 1
    world.reread(rules(edited))
    (name,) = [each.name for each in world.book.rules]
    assert world.march("20 20 20", name) == "fff"
    assert len(world.told()) == 1


def test_what_was_pending_begins_anew(store: Database) -> None:
    """The time that it has held counts for the new rule from the edit on."""
    world = World(store, rules(rule(SELLS, "for: 2d")))
    assert world.march("20 20") == "pp"
    world.reread(rules(rule("{total_sale_7d_cnt: {at_least: 15}}", "for: 2d")))
    assert world.march("20 20 20") == "ppf"


def test_what_no_longer_holds_ends_silently(store: Database) -> None:
    """Though the rule tells ends: the edit ended it, not the product."""
    world = World(store, rules(BASE))
    world.march("20 20")
    world.reread(rules(rule("{total_sale_7d_cnt: {at_least: 90}}", "resolved: true\n    for: 1d")))
    assert world.march("20") == "."
    assert len(world.told()) == 1


def test_what_the_new_watch_does_not_list_ends_silently(store: Database) -> None:
    """It left the list by the edit: that is no news about the product."""
    world = World(store, rules(BASE))
    world.march("20 20")
    world.reread(rules(OTHER_WATCH))
    assert world.march("x x") == "f."
    assert len(world.told()) == 1
    assert store.alerts.list()[0].alert.reason == "rule changed"


@pytest.mark.parametrize(
    "edited",
    [
        rule(SELLS, "for: 2d\n    severity: critical"),
        rule(SELLS, "for: 2d\n    cooldown: 9d\n    remind: 9d"),
        rule(SELLS, "for: 2d\n    description: other\n    limit: 1\n    priority: 5"),
        rule(SELLS, "for: 2d\n    order_by: spu_avg_price\n    resolved: true"),
        rule(SELLS, "for: 2d\n    keep_firing_for: 1d"),
    ],
)
def test_any_other_edit_keeps_every_state(store: Database, edited: str) -> None:
    """What is pending goes on to be; what was told is not told again."""
    world = World(store, rules(rule(SELLS, "for: 2d")))
    assert world.march("20 20") == "pp"
    world.reread(rules(edited))
    assert world.march("20 20") == "ff"
    assert len(world.told()) == 1


def test_a_removed_rule_ends_silently_and_finds_its_state_again(store: Database) -> None:
    """Back within a day as if it had never been away; later it is new, and tells."""
    kept = rule("{total_sale_7d_cnt: {below: 1}}", name="kept")
    world = World(store, rules(BASE, kept))
    world.march("20 20")
    world.reread(rules(kept))
    assert world.state() == "."
    world.march("20")
    assert len(world.told()) == 1
    world.reread(rules(BASE, kept))
    assert world.state() == "f"
    assert world.march("20 20") == "ff"
    assert len(world.told()) == 1
    world.reread(rules(kept))
    world.march("20 20")
    world.reread(rules(BASE, kept))
    assert world.march("20 20") == "pf"
    assert len(world.told()) == 2


def test_a_rule_back_in_time_is_pending_as_long_as_it_was(store: Database) -> None:
    """``for`` goes on counting from where it began."""
    kept = rule("{total_sale_7d_cnt: {below: 1}}", name="kept")
    world = World(store, rules(rule(SELLS, "for: 2d"), kept))
    world.march("20")
    world.reread(rules(kept))
    world.march("20")
    world.reread(rules(rule(SELLS, "for: 2d"), kept))
    assert world.march("20") == "f"


def test_a_new_channel_is_told_of_what_fires(store: Database) -> None:
    """At the next scan; the others hear nothing anew."""
    world = World(store, rules(rule(SELLS, "severity: warning")))
    world.march("20")
    world.reread(rules(rule(SELLS, "severity: warning\n    notify: [me, boss]")))
    (watch,) = world.book.used_watches
    evaluate(
        store,
        scan(world.now + DAY, {"1": 20}, watch=watch.key),
        world.book.rules,
        policies_of(world.book.channels),
        world.book.metrics,
        world.now + DAY,
    )
    assert (len(world.told()), len(world.told("boss/1"))) == (1, 1)
