"""Quiet hours of a channel or a rule: one time of the week, or a list of them."""

from __future__ import annotations

from collections.abc import Mapping

from watcher.quiet import Quiet, QuietHours, parse_quiet, quiet_of
from watcher.rules.files.rule_file import Entry
from watcher.rules.sections.models import QuietSection

_WHOLE_DAY = "00:00-24:00"


def read_quiet(entry: Entry, timezone: str) -> QuietHours | None:
    """The quiet hours of an entry, in that zone where they have none of their own; None where there
    are none, or something about them was reported."""
    if entry.value is None:
        return None
    if entry.value == []:
        entry.report("takes hours, as {hours: 22:00-07:00}, or a list of such, not an empty list")
        return None
    found = [_one(each, timezone) for each in entry.items]
    parts = [each for each in found if each is not None]
    if len(parts) < len(found):
        return None
    try:
        return quiet_of(parts)
    except ValueError as error:
        entry.report(str(error))
        return None


def _one(entry: Entry, timezone: str) -> Quiet | None:
    section = entry.shape(QuietSection)
    if isinstance(entry.value, Mapping) and not {"hours", "days"} & entry.value.keys():
        entry.report('needs "hours", as "22:00-07:00", or "days" that are quiet as a whole')
        return None
    if section is None:
        return None
    hours, zone = section.hours or _WHOLE_DAY, section.timezone or timezone
    place = entry["hours"] if section.hours is not None else entry["days"]
    try:
        if section.days is None:
            return parse_quiet(hours, zone)
        return parse_quiet(hours, zone, section.days)
    except ValueError as error:
        place.report(str(error))
        return None
