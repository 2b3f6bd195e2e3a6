"""The end of a silence is announced a day before, to who hears of what it covers."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.fakes.world import World
from tests.store.making import DAY, START
from tests.test_pipeline import SELLS, rule, rules
from watcher.incidents.operator import announce_ends
from watcher.notification.policy import policies_of
from watcher.store.sqlite.database import Database
from watcher.text.messages import text_of, title_of

HEAD = """
channels:
  me: {url: "json://localhost/", quiet: {hours: "22:00-07:00"}}
  boss: {url: ["json://localhost/a", "json://localhost/b"], min_severity: warning}
  ops: {url: "json://localhost/o"}
operator: [ops]
sellers: {"7495": GlowLab}
defaults: {region: US}
"""


def world_of(store: Database) -> World:
    """Two rules that tell two channels, and an operator beside them."""
    written = rules(
        rule(SELLS, "notify: [me]", name="low"),
        rule(SELLS.replace("20", "100"), "notify: [me, boss]\n    severity: warning", name="high"),
    )
    return World(store, written, head=HEAD)


def announced(world: World, now: int) -> list[tuple[str, str]]:
    """Who is told what at that time."""
    policies = policies_of(world.book.channels)
    rows = announce_ends(world.database, world.book, policies, now)
    found = [world.database.outbox.get(row) for row in rows]
    return [(row.target, title_of(row.message)) for row in found if row is not None]


@pytest.mark.parametrize(
    ("patterns", "told"),
    [
        ({"rule": "low"}, ["me/1"]),
        ({"rule": "h*"}, ["me/1", "boss/1", "boss/2"]),
        ({"rule": "other"}, ["ops/1"]),
        ({"product": "1"}, ["me/1"]),  # it fires by the one rule only
        ({"product": "2"}, ["me/1", "boss/1", "boss/2"]),
        ({"product": "2", "rule": "low"}, ["me/1"]),
        ({"product": "3"}, ["ops/1"]),
        ({"category": "999"}, ["ops/1"]),
    ],
)
def test_who_is_told(store: Database, patterns: dict[str, str], told: list[str]) -> None:
    """The channels of the rules that it covers, with alerts of what it covers; else the
    operator."""
    world = world_of(store)
    world.scan({"1": 20, "2": 200, "3": 5})
    ends = world.now + 10 * DAY
    store.silences.add(begins=world.now, ends=ends, **patterns)
    title = "watcher: silence 1: ends within a day"
    assert announced(world, ends - DAY) == [(target, title) for target in told]


def test_once_a_day_before(store: Database) -> None:
    """Not before, not twice, not of a short one nor of one that was ended; in the channel's quiet
    hours after them; and with the names of what it is of."""
    world = world_of(store)
    world.scan({"1": 20})
    now, add = world.now, store.silences.add
    long = add(begins=now, ends=now + 90 * DAY, rule="low", seller="7495", comment="sale week")
    add(begins=now, ends=now + DAY, rule="*")
    ended = add(begins=now, ends=now + 5 * DAY, rule="*")
    assert announced(world, now + 4 * DAY - 1) == []
    store.silences.end(ended.id, now + 4 * DAY - 1)
    assert announced(world, now + 4 * DAY) == []
    assert announced(world, long.ends - DAY - 1) == []
    rows = announce_ends(store, world.book, policies_of(world.book.channels), long.ends - DAY)
    (row,) = [store.outbox.get(each) for each in rows]
    assert row is not None
    said = "the silence of rule low, seller GlowLab (7495) ends "
    assert said in text_of(row.message)
    assert "(sale week)" in text_of(row.message)
    assert announced(world, long.ends - 5) == []
    assert announced(world, long.ends) == []


def test_quiet_hours_put_it_off(store: Database) -> None:
    """Nobody is woken for it."""
    world = world_of(store)
    silence = store.silences.add(begins=START, ends=START + 3 * DAY, rule="low")
    rows = announce_ends(store, world.book, policies_of(world.book.channels), silence.ends - DAY)
    (row,) = [store.outbox.get(each) for each in rows]
    assert row is not None
    assert row.next_try > silence.ends - DAY  # START is at 22:13


def test_a_new_one_ends_within_90_days_and_old_ones_stay(store: Database) -> None:
    """Those of before have the end that they were given, and nothing is said of it."""
    add = store.silences.add
    with pytest.raises(ValueError, match="within 90 days"):
        add(begins=START, ends=START + 90 * DAY + 1, rule="*")
    old = add(begins=START, ends=START + 90 * DAY, rule="*")
    ends = START + 400 * DAY
    store.execute(f"UPDATE silences SET ends = {ends}, announced = 0 WHERE id = {old.id}")
    assert store.silences.active(ends - 1) == [replace(old, ends=ends)]
    assert announced(world_of(store), ends - DAY) == []
