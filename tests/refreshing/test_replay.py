"""A past with data days is replayed as it was lived: half-new scans wait, days are data days."""

from __future__ import annotations

from benchmarks.freshness import DAYS, START, Play, Region, renewals, rulebook
from watcher.analysis.readings import Reading
from watcher.analysis.replay import Replay
from watcher.store.engine import Engine
from watcher.units import DAY


def test_a_replay_fires_what_was_fired() -> None:
    """By rule and product and time, over a third of the year with halves and days left out."""
    with Engine.in_memory() as database:
        book = rulebook(["US"])
        each = Play(database, book, "US", Region(1_000, renewals(1_000)))
        each.run(START + DAYS * DAY)
        assert each.played.half
        lived = {
            (rule.name, row.alert.product, row.alert.fired_at, row.alert.resolved_at)
            for rule in book.rules
            for row in database.alerts.list(rule.name, limit=100_000)
            if row.alert.fired_at is not None
        }
        with database.snapshot():
            reading = Reading(database, book.rules, (START, START + (DAYS + 1) * DAY))
            with Replay(reading, book, book.rules) as replay:
                for _ in replay.run():
                    pass
                played = {
                    (one.rule, one.product, one.fired_at, one.resolved_at)
                    for one in replay.database.alerts.by_id(range(1, 1_000_000))
                    if one.fired_at is not None
                }
    assert len(lived) > 100
    assert played == lived
