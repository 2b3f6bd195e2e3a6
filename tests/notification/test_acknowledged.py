"""Alerts that somebody acknowledged: no reminders until they end."""

from __future__ import annotations

from tests.fakes.world import World
from tests.store.making import memory
from watcher.notification.deferral import channel_statuses
from watcher.notification.policy import Decision, policies_of

RULE = """
rules:
  - {name: r, watch: {sort: total_sale_7d_cnt desc}, when: {total_sale_7d_cnt: {at_least: 10}},
     remind: 2d, resolved: true}
"""
STEPS = """
rules:
  - {name: r, watch: {sort: total_sale_7d_cnt desc}, when: {total_sale_7d_cnt: {at_least: 10}},
     remind: 2d, again: {total_sale_7d_cnt: {rises: 50%}},
     severity: {critical: {total_sale_7d_cnt: {at_least: 100}}}}
"""


def _kinds(world: World) -> list[str]:
    return [item.kind for message in world.told() for item in message.items]


def _acknowledge(world: World) -> None:
    alerts = [each.id for each in world.database.alerts.active(["r"])]
    assert world.database.alerts.acknowledge(alerts, world.now) == len(alerts)


def test_no_reminders() -> None:
    """Its end is told, and the next alert is reminded of as ever."""
    with memory() as store:
        world = World(store, RULE)
        for value in (5, 20, 20, 20):
            world.scan({"1": value})
        assert _kinds(world) == ["firing", "reminder"]
        _acknowledge(world)
        for value in (20, 20, 20, 20, 20):
            world.scan({"1": value})
        assert _kinds(world) == ["firing", "reminder"]
        (alert,) = store.alerts.active(["r"])
        policies = policies_of(world.book.channels)
        (rule,) = world.book.rules
        (status,) = channel_statuses(store, rule, alert, policies, world.now, world.now)
        assert (status.decision, status.opens) == (Decision.ACKNOWLEDGED, None)
        for value in (5, 20, 20, 20):
            world.scan({"1": value})
        assert _kinds(world) == ["firing", "reminder", "resolved", "firing", "reminder"]


def test_steps_and_severity_are_told() -> None:
    """They are news."""
    with memory() as store:
        world = World(store, STEPS)
        for value in (5, 20):
            world.scan({"1": value})
        _acknowledge(world)
        for value in (20, 20, 20, 31, 31, 31, 101):
            world.scan({"1": value})
        assert _kinds(world) == ["firing", "again", "more severe"]


def test_taken_back() -> None:
    """A reminder is due again."""
    with memory() as store:
        world = World(store, RULE)
        for value in (5, 20):
            world.scan({"1": value})
        _acknowledge(world)
        for value in (20, 20, 20):
            world.scan({"1": value})
        assert _kinds(world) == ["firing"]
        store.alerts.take_back([1])
        world.scan({"1": 20})
        assert _kinds(world) == ["firing", "reminder"]


def test_a_digest_is_not_reminded_either() -> None:
    """What is held when it is acknowledged is judged anew as it is told."""
    with memory() as store:
        world = World(store, RULE.replace("remind: 2d,", "remind: 2d, quiet: {days: [thu, fri]},"))
        for value in (5, 20, 20, 20):
            world.scan({"1": value})
        before = _kinds(world)
        _acknowledge(world)
        for _ in range(8):
            world.scan({"1": 20})
            world.sweep(3_600)
        assert "reminder" not in _kinds(world)[len(before) :]
