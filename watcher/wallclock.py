"""A time zone's wall clock: from the times that it shows to instants and back.

A clock that is set forward skips times, one that is set back shows times twice. Walls are naive
datetimes of whole seconds.
"""

from __future__ import annotations

from datetime import datetime, tzinfo

from watcher.model import Instant
from watcher.units import at


def first_shown(wall: datetime, zone: tzinfo) -> Instant:
    """The first instant at which the clock shows that time, or a later one where it is skipped."""
    first, last = (int(wall.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (0, 1))
    # Skipped: of the two, these lie after and before the change.
    return first if first <= last else _change(last, first, zone)


def last_shown(wall: datetime, zone: tzinfo) -> Instant:
    """The last instant at which the clock shows that time; as the first where it is skipped."""
    return max(first_shown(wall, zone), int(wall.replace(tzinfo=zone, fold=1).timestamp()))


def latest_wall(now: Instant, zone: tzinfo) -> datetime:
    """The latest time that the clock has shown until ``now``.

    While times come a second time, it is the last one before the clock was set back.
    """
    local = at(now, zone)
    if local.fold:
        first = int(local.replace(fold=0).timestamp())
        local = at(_change(first, now, zone) - 1, zone)
    return local.replace(tzinfo=None, fold=0)


def _change(before: Instant, after: Instant, zone: tzinfo) -> Instant:
    """The first instant at which the clock has been set, between two that it was set between."""
    offset = at(before, zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if at(middle, zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after
