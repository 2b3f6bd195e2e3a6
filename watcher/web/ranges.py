"""The time that a page shows of a past, by its address: ``days=90``, ``days=all``, or days of the
book's zone, ``from=2026-01-01`` and ``to=2026-02-28``, both of which belong to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from watcher.language import gettext as _
from watcher.model import Instant
from watcher.schedule import shown
from watcher.text.sanitize import shorten
from watcher.units import DAY, format_number, format_stored_day, utc_day

PRESETS = (7, 30, 90, 400)  # days up to now
ALL = "all"
USUAL = 90
MOST = 4_000  # days
BEFORE = 90 * DAY  # that counters of a first answer go back
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DAYS = re.compile(r"\d{1,4}", re.ASCII)
_LATEST = date(9_000, 1, 1)


@dataclass(frozen=True, slots=True)
class Range:
    """A time from ``begin`` to ``end``: the last ``days``, all that is stored (``days`` is None),
    or the days ``first`` to ``last``, as far as they are given. ``refused`` says in words what of
    the address is not shown."""

    begin: Instant
    end: Instant
    days: int | None = None
    first: date | None = None
    last: date | None = None
    refused: tuple[str, ...] = ()

    @property
    def chosen(self) -> bool:
        """Whether days were chosen, and no time up to now."""
        return self.first is not None or self.last is not None

    @property
    def query(self) -> list[tuple[str, str]]:
        """The fields of an address that has this time."""
        days = [("from", self.first), ("to", self.last)]
        chosen = [(name, day.isoformat()) for name, day in days if day is not None]
        if self.first is not None or (chosen and self.days == USUAL):
            return chosen
        return [("days", ALL if self.days is None else str(self.days)), *chosen]

    @property
    def said(self) -> str:
        """``last 90 days``."""
        if not self.chosen:
            if self.days is None:
                return _("all that is stored")
            return (
                _("last day")
                if self.days == 1
                else _("last {days} days").format(days=format_number(self.days))
            )
        if self.last is None and self.first is not None:
            return _("since {day}").format(day=format_stored_day(self.first))
        if self.first is None and self.last is not None:
            day = format_stored_day(self.last)
            if self.days is None:
                return _("up to {day}").format(day=day)
            return _("{days} days up to {day}").format(days=format_number(self.days), day=day)
        first, last = self.first or _LATEST, self.last or _LATEST
        return _("{first} to {last}").format(
            first=format_stored_day(first), last=format_stored_day(last)
        )


def range_of(query: Mapping[str, str], zone: tzinfo, now: Instant, first_answer: Instant) -> Range:
    """The time that is asked for; what can't be read is as if it was not there. All that is
    stored begins as far before the ``first_answer`` as its counters tell of."""
    refused = list[str]()
    first, last = (_day(query.get(name, ""), refused) for name in ("from", "to"))
    days = _days(query.get("days", ""), refused)
    if first is not None and last is not None and last < first:
        refused.append(_("The time ends before it begins."))
        first = last = None
    if first is not None and _begin_of(first, zone) >= now:
        refused.append(_("The time begins after now."))
        first = last = None
    end = now if last is None else min(_begin_of(last + timedelta(days=1), zone), now)
    if first is not None:
        begin = _begin_of(first, zone)
    elif days is None:
        begin = min(first_answer - BEFORE, end - DAY)
    elif last is not None:
        begin = _begin_of(last - timedelta(days=days - 1), zone)
    else:
        begin = now - days * DAY
    return Range(begin, end, days, first, last, tuple(refused))


def _begin_of(day: date, zone: tzinfo) -> Instant:
    """The first instant of a day of the zone, whenever its clock is set."""
    return shown(datetime.combine(day, time()), zone)[0]


def _day(text: str, refused: list[str]) -> date | None:
    text = text.strip()
    if not text:
        return None
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not utc_day(0) < day < _LATEST:
        wrong = _('"{text}" is no day: write it like 2026-11-23.')
        refused.append(wrong.format(text=shorten(text, 20)))
        return None
    return day


def _days(text: str, refused: list[str]) -> int | None:
    """So many days; None is all that is stored."""
    text = text.strip()
    if text == ALL:
        return None
    if not text:
        return USUAL
    days = int(text) if _DAYS.fullmatch(text) else 0
    if not 1 <= days <= MOST:
        wrong = _('"{text}" is no time: write a number of days up to {most}, or all.')
        refused.append(wrong.format(text=shorten(text, 20), most=format_number(MOST)))
        return USUAL
    return days
