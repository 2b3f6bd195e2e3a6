"""A clock that was ahead and was set back: what was noted in that time, and what people hear."""

from __future__ import annotations

from watcher.incidents.operator import Operator
from watcher.store.records import Incident
from watcher.units import format_duration

SET_BACK = Incident("the clock was set back")


def note_clock(operator: Operator, *, thorough: bool = False) -> bool:
    """Have stored times after now count as now, and tell the operator; True if there were any.

    They are mended for good, so that it is told once. ``thorough``: every stored time is looked
    at, not only the newest.
    """
    database, now = operator.database, operator.now
    ahead = database.times.ahead(now, thorough=thorough)
    if not ahead:
        return False
    text = (
        f"the clock was ahead by up to {format_duration(ahead)} and was set back. What was noted "
        "then counts as noted now: cooldowns, reminders and what is due next count from here"
    )
    with database.atomic():
        database.times.mend(now)
        operator.tell(SET_BACK, text)
    return True
