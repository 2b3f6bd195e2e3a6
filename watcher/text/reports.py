"""Reports in words: the title, and what is said of their lists."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

from watcher.labels import label_said
from watcher.language import gettext as _
from watcher.language import pgettext
from watcher.report import ListTrouble, ReportContent, ReportedList, ReportedSum
from watcher.text.sanitize import neutralise
from watcher.units import (
    DAY,
    Currencies,
    Unit,
    counted,
    enumerated,
    format_duration,
    format_instant,
    format_percent,
    format_value,
)

_NAME = 40  # characters of a list's name
_MOST_NAMES = 60  # of all of them, in a title


def report_title(report: ReportContent) -> str:
    """``monday: +38% 7-day GMV of beauty, 12 new (US)``: for a lock screen."""
    where = dict.fromkeys(each.region for each in report.lists if each.region)
    news = pgettext("between the news of a title", ", ").join(_news(report))
    name = neutralise(report.name)
    if where:
        return _("{report}: {news} ({regions})").format(
            report=name, news=news, regions=enumerated(where)
        )
    return _("{report}: {news}").format(report=name, news=news)


def _news(report: ReportContent) -> Iterator[str]:
    if not any(each.both for each in report.lists):
        yield _("nothing to compare yet")
        return
    moved = report.rising + report.falling
    if len(report.sums) == 1 and (share := share_moved(report.sums[0])):
        yield _("{change} {metric} of {lists}").format(
            change=share,
            metric=metric_name(report.sum_metric, report.sum_label),
            lists=_lists(report),
        )
    elif moved:
        yield counted("{count} product moved", "{count} products moved", moved)
    if report.all_entered:
        yield counted("{count} new", "{count} new", report.all_entered)
    if report.all_left:
        yield counted("{count} gone", "{count} gone", report.all_left)
    if not moved and not report.all_entered and not report.all_left:
        yield _("nothing moved")


def _lists(report: ReportContent) -> str:
    names = enumerated(neutralise(each.name, _NAME) for each in report.lists)
    if len(names) <= _MOST_NAMES:
        return names
    return counted("{count} list", "{count} lists", len(report.lists))


def share_moved(each: ReportedSum) -> str:
    """``+38%``; empty where it did not move, or from nothing."""
    if each.before <= 0 or each.value == each.before:
        return ""
    share = format_percent(each.value / each.before - 1, signed=True)
    return "" if share.strip("+-") == "0%" else share


def metric_name(metric: str, label: str) -> str:
    """The name of a metric; one of the user's own is the user's."""
    return neutralise(label_said(metric, label), 60)


def span(seconds: int) -> str:
    """``7 days``, or ``12h``."""
    if seconds % DAY:
        return format_duration(seconds)
    return counted("{count} day", "{count} days", seconds // DAY)


def lead_lines(report: ReportContent, zone: tzinfo) -> Iterator[str]:
    """Yield what stands above the parts: sums, how many moved, and what is to be known of the
    lists."""
    if report.late:
        yield _("For {time}, told late.").format(time=format_instant(report.due, zone))
    for each in report.sums:
        yield sum_line(report, each)
    if report.rising or report.falling:
        yield _("Of {metric}, {rising} rose and {falling} fell.").format(
            metric=metric_name(report.metric, report.label),
            rising=counted("{count} product", "{count} products", report.rising),
            falling=counted("{count} product", "{count} products", report.falling),
        )
    for one in report.lists:
        yield from _list_lines(report, one, zone)


def sum_line(report: ReportContent, each: ReportedSum) -> str:
    """``7-day GMV of 48 products listed at both times (US): 1,200 → 4,830 USD (+303%)``."""
    currencies = Currencies(each.currency, each.currency)
    unit = Unit(report.sum_unit)
    share = share_moved(each)
    before, value = format_value(each.before, unit), format_value(each.value, unit, currencies)
    moved = f"{before} → {value}"
    return _("{metric} of {products} listed at both times ({regions}): {moved}").format(
        metric=metric_name(report.sum_metric, report.sum_label),
        products=counted("{count} product", "{count} products", each.products),
        regions=neutralise(enumerated(each.regions.split(", "))),
        moved=_("{told} ({share})").format(told=moved, share=share) if share else moved,
    )


def _list_lines(report: ReportContent, one: ReportedList, zone: tzinfo) -> Iterator[str]:
    name, troubles = neutralise(one.name, _NAME), one.troubles
    if one.at is None or ListTrouble.NEVER in troubles:
        yield _("{list} was never read: nothing is known of it.").format(list=name)
        return
    at = format_instant(one.at, zone)
    products = counted("{count} product", "{count} products", one.size)
    if one.then is None:
        yield _("{list}: {products}, data of {time}; nothing is known of {span} before.").format(
            list=name, products=products, time=at, span=span(report.compare)
        )
    else:
        yield _("{list}: {products}, data of {time}, compared with {before}.").format(
            list=name, products=products, time=at, before=format_instant(one.then, zone)
        )
    if ListTrouble.STALE in troubles:
        yield _("{list} was not read since {time}.").format(list=name, time=at)
    if ListTrouble.PARTIAL in troubles:
        if one.proves:
            yield _("{list} was last read in part only: the whole list before that counts.").format(
                list=name
            )
        elif one.then is not None:
            yield _("{list} was not read whole: who entered or left it is not known.").format(
                list=name
            )
