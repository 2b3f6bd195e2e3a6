"""The reasons why a product has no baseline."""

from __future__ import annotations

from datetime import tzinfo

from watcher.evaluation.last_known import REACH
from watcher.evaluation.statistics import LEAST, least_span
from watcher.language import gettext as _
from watcher.model import LONGEST_LIST
from watcher.rules.conditions.base import (
    Ago,
    Last,
    LastList,
    Need,
    ScanColumns,
    Spread,
    Statistic,
    Throughout,
    Usual,
)
from watcher.rules.conditions.unusual import LEAST_APART, LEAST_DAYS
from watcher.units import counted, format_duration, format_instant, format_number


def no_baseline(need: Need, table: ScanColumns, row: int, zone: tzinfo) -> str:
    """The reason for no value of a declared baseline."""
    match need.from_:
        case Last():
            text = _("no earlier value by this watch in the {time} before")
            return text.format(time=format_duration(REACH))
        case LastList(places):
            if places == LONGEST_LIST:
                return _("no earlier scan of this watch that was complete")
            text = _("no earlier scan of this watch that read its first {count} places")
            return text.format(count=format_number(places))
        case Ago(seconds) as ago:
            then, (_values, seen) = table.at - seconds, table.baseline(need)
            if seen[row]:
                text = _("it had no value when it was seen at that time, on {time}")
                return text.format(time=format_instant(int(seen[row]), zone))
            begin, end = (format_instant(each, zone) for each in (then - ago.older, then))
            text = _("no observation with a value from {begin} to {end}")
            return text.format(begin=begin, end=end)
        case _:
            return _no_past(need, table, row)


def _no_past(need: Need, table: ScanColumns, row: int) -> str:
    """The reason for no baseline of those that are taken over a time."""
    over = need.from_
    match over:
        case Usual(seconds, window) if window > 1:
            text = _(
                "{known} of the {needed} values {window} days apart that are needed are known in "
                "the {time} before, or they go back for less than {least} of it"
            )
        case Usual(seconds):
            text = _(
                "fewer than {days} days with a value in the {time} before, or known for less than "
                "{least} of it"
            )
        case Throughout(_kind, seconds):
            text = _("not known for all of the {time} before")
        case Spread(seconds):
            return _("it never moved in the {time} before").format(time=format_duration(seconds))
        case Statistic(_kind, seconds):
            text = _(
                "fewer than {values} values in the {time} before, or known for less than {least} "
                "of it"
            )
        case _:
            return ""
    apart = isinstance(over, Usual) and over.window > 1
    told = text.format(
        known=table.count(need, row) if apart else 0,
        needed=LEAST_APART,
        window=over.window if isinstance(over, Usual) else 1,
        days=LEAST_DAYS,
        values=LEAST,
        time=format_duration(seconds),
        least=format_duration(least_span(seconds)),
    )
    return told if apart else _with_days(told, need, table, row)


def _with_days(told: str, need: Need, table: ScanColumns, row: int) -> str:
    """With the number of days on which a value is known."""
    days = table.days(need, row)
    if days is None:
        return told
    known = counted("{count} day known", "{count} days known", days)
    return _("{cause}: {known}").format(cause=told, known=known)
