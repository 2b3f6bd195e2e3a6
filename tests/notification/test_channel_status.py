"""Which gate holds a message back now."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.fakes.world import World
from tests.notification.test_flush_deferred import MORNING, NOON, QUIET, swept, world_of
from tests.test_pipeline import SELLS, rule, rules
from watcher.notification.deferral import ChannelStatus, channel_statuses
from watcher.notification.policy import Decision, policies_of
from watcher.store.sql.silences import Held
from watcher.store.sqlite.database import Database
from watcher.units import DAY, HOUR


def standing(world: World, after: int = 0) -> ChannelStatus:
    """Of the newest alert, so long after the last scan."""
    alert = world.database.alerts.list(rule="r")[0].alert
    policies = policies_of(world.book.channels)
    (found,) = channel_statuses(
        world.database, world.book.rules[0], alert, policies, world.now, world.now + after
    )
    return found


@pytest.mark.parametrize(
    ("channel", "more", "series", "decision"),
    [
        ("min_severity: warning", "", "20", Decision.BELOW_SEVERITY),
        ("max_severity: info", "severity: warning", "20", Decision.ABOVE_SEVERITY),
        ("max_severity: warning", "severity: warning", "20", Decision.ALREADY_TOLD),
        ("min_severity: info", "for: 2d", "20", Decision.NOT_FIRING),
        ("min_severity: info", "", "20", Decision.ALREADY_TOLD),
        ("min_severity: info", "cooldown: 5d", "20 10 20", Decision.COOLDOWN),
        (QUIET, "", "20", Decision.QUIET),
        ('digest: "09:00"', "", "20", Decision.DIGEST),
        ('digest: "0 9 * * mon"', "", "20 10", Decision.DIGEST),
        ("min_severity: info", "", "20 10", Decision.END_NOT_ASKED),
    ],
)
def test_decisions(
    store: Database, channel: str, more: str, series: str, decision: Decision
) -> None:
    """The one gate that it depends on."""
    world = world_of(store, channel, rule(SELLS, more))
    world.march(series)
    assert standing(world).decision is decision


def test_times(store: Database) -> None:
    """When time alone will open the gate."""
    world = world_of(store, QUIET, rule(SELLS, "cooldown: 5d\n    remind: 9d"))
    world.scan({"1": 20})
    night = standing(world, HOUR)
    assert night.opens is not None
    assert world.now + 8 * HOUR < night.opens < world.now + MORNING
    assert standing(world, MORNING).decision is Decision.FIRES
    swept(world, MORNING)
    told = standing(world, MORNING)
    assert (told.decision, told.opens) == (Decision.ALREADY_TOLD, world.now + 9 * DAY - DAY // 2)
    assert told.told_at == world.now
    world.march("10 20")
    cooling = standing(world)
    assert (cooling.decision, cooling.opens) == (Decision.COOLDOWN, world.now + 3 * DAY - DAY // 2)


def test_a_digest_that_is_due(store: Database) -> None:
    """Until the sweep comes, it is simply owed."""
    world = world_of(store, 'digest: "09:00"', rule(SELLS))
    world.scan({"1": 20})
    waits = standing(world)
    assert waits.opens is not None
    assert standing(world, waits.opens - world.now).decision is Decision.FIRES


def test_a_silence_is_named(store: Database) -> None:
    """With its end."""
    world = World(store, rules(rule(SELLS)))
    silence = store.silences.add(begins=world.now, ends=world.now + 3 * DAY, product="1")
    world.scan({"1": 20})
    found = standing(world, NOON)
    assert (found.decision, found.opens) == (Decision.SILENCED, silence.ends)
    assert found.silence == silence


def test_a_begin_that_a_silence_held_is_not_owed_at_its_end(store: Database) -> None:
    """What quiet hours held is: whoever is silenced did not want to hear of it."""
    world = World(store, rules(rule(SELLS)))
    silence = store.silences.add(begins=world.now, ends=world.now + 3 * DAY, product="1")
    world.march("20 10")
    alert = store.alerts.list(rule="r")[0].alert
    (channel,) = world.book.rules[0].notify
    held = Held("r", alert.product, channel, alert.id, world.now, silence.id)
    store.held.put([held])
    assert standing(world, 9 * DAY).decision is Decision.END_NOT_ASKED
    store.held.put([replace(held, silence=None)])
    assert standing(world, 9 * DAY).decision is Decision.MISSED
