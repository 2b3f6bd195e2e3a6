"""The last credits of a day are kept for the watches of higher priority."""

from __future__ import annotations

from watcher import plan
from watcher.analysis.forecast import requests_of, scans_left
from watcher.model import Instant
from watcher.rules.rulebook import Api, Rulebook, Watch
from watcher.store.ports import Store
from watcher.units import next_midnight


def kept_for_others(database: Store, book: Rulebook, watch: Watch, now: Instant) -> int:
    """Credits that ``watch`` must leave: those of the scans that watches of a higher priority
    will still make today (UTC). A scan that the caps leave no room for anyway keeps nothing.
    """
    room = _room(database, book, now)
    if room is None:
        return 0
    own, under_way = book.priority(watch), database.ledger.set_aside(now)
    higher = [other for other in book.used_watches if book.priority(other) > own]
    kept = 0
    for other in sorted(higher, key=lambda other: -book.priority(other)):
        cost = requests_of(other, database.history.expected_pages(other.key))
        if other.key in under_way:  # the credits of this one are set aside already
            due = other.schedule.next(now)
        else:
            scans = database.history.scans(other.key, limit=plan.LOOK_BACK)
            due = plan.due(other.schedule, scans, now)
        fitting = max(0, room - kept) // cost
        kept += cost * scans_left(other.schedule, due, now, next_midnight(now), at_most=fitting)
    return kept


def _room(database: Store, book: Rulebook, now: Instant) -> int | None:
    """What the caps leave; None where there are none, or no priorities."""
    if len({rule.priority for rule in book.rules}) < 2:
        return None
    return left_by_caps(database, book.api, now)


def left_by_caps(database: Store, api: Api, now: Instant) -> int | None:
    """Credits that the caps of the day and the month leave; None where there are no caps."""
    spent = database.ledger.spent(now)
    caps = ((api.credits_per_day, spent.day), (api.credits_per_month, spent.month))
    return min((max(0, cap - used) for cap, used in caps if cap is not None), default=None)
