"""A clock that was ahead and was set back: what was noted in that time, and what people hear."""

from __future__ import annotations

from collections.abc import Sequence

from watcher.incidents import troubles
from watcher.model import Instant
from watcher.notification.audiences import Audience
from watcher.store.ports import Store
from watcher.units import format_duration

SET_BACK = "the clock was set back"


def note_clock(
    database: Store, operator: Sequence[Audience], now: Instant, *, thorough: bool = False
) -> bool:
    """Have stored times after ``now`` count as now, and tell the operator; True if there were any.

    They are mended for good, so that it is told once. ``thorough``: every stored time is looked
    at, not only the newest.
    """
    ahead = database.times.ahead(now, thorough=thorough)
    if not ahead:
        return False
    text = (
        f"the clock was ahead by up to {format_duration(ahead)} and was set back. What was noted "
        "then counts as noted now: cooldowns, reminders and what is due next count from here"
    )
    with database.atomic():
        database.times.mend(now)
        troubles.tell(database, operator, SET_BACK, text, now)
    return True
