"""The cause of no data on a product: no value, no baseline, a history that is too short."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

import numpy as np

from watcher.evaluation.last_known import REACH
from watcher.evaluation.statistics import LEAST, least_span
from watcher.model import LONGEST_LIST, OF_LIST
from watcher.rules.conditions.base import (
    Ago,
    Condition,
    Last,
    LastList,
    Need,
    ScanColumns,
    Spread,
    Statistic,
    Throughout,
    Usual,
)
from watcher.rules.conditions.change import Change
from watcher.rules.conditions.peers import LEAST as FEWEST_PEERS
from watcher.rules.conditions.peers import AmongPeers
from watcher.rules.conditions.presence import Reappears
from watcher.rules.conditions.records import Unchanged
from watcher.rules.conditions.rewording import Rewording
from watcher.rules.conditions.transition import Appears
from watcher.rules.conditions.unusual import LEAST_APART, LEAST_DAYS
from watcher.rules.derived import SPARSENESS
from watcher.rules.metrics import NORMAL, RANK, SPARSE, Catalogue, Figure, Metric, fact_metric
from watcher.subjects import WATCH
from watcher.units import DAY, count_of, format_duration, format_instant

_BUILT_IN = Catalogue()
_OF_SHOPS = " (of a shop that is longer than its top none is)"
CUT = "the list was not read to its end, and a part of it says nothing of many products at once"
_NO_TEXT = "the product has no such text"


def causes(condition: Condition, table: ScanColumns, row: int, zone: tzinfo) -> Iterator[str]:
    """Yield what a condition lacks, the first cause first."""
    if table.waits and (condition.needs or condition.follows):
        yield table.waits
    if table.fallen()[row]:
        yield "the product is not on this list any more"
    if isinstance(condition, Appears):
        yield f"the watch had no complete scan before this one{_OF_SHOPS}"
    elif isinstance(condition, Reappears):
        yield f"the watch had no two complete scans before this one{_OF_SHOPS}"
    elif isinstance(condition, Rewording):
        yield from _of_texts(condition, table, row)
    elif not condition.metrics:
        own = [each.fact for each in condition.attributes if each.fact is not None]
        yield f"the product has no {own[0].name} in {own[0].table.file}" if own else _NO_TEXT
    valueless = (each for each in condition.metrics if np.isnan(table.number(each)[row]))
    yield from (_no_value(metric, table, row) for metric in valueless)
    yield from _of_baselines(condition, table, row, zone)
    if isinstance(condition, AmongPeers):
        yield _too_few(condition, table, row)
    elif isinstance(condition, Unchanged):
        yield from _of_a_hole(condition, table, row)


def _of_a_hole(condition: Unchanged, table: ScanColumns, row: int) -> Iterator[str]:
    if (hole := condition.hole(table, row)) > 0:
        unseen, time = (format_duration(_days(each)) for each in (hole, condition.seconds))
        yield f"not seen for {unseen} of the {time} before: what was so then is not known"


def _days(seconds: float) -> int:
    """So many seconds in whole days, where these are some."""
    return int(seconds) if seconds < DAY else round(seconds / DAY) * DAY


def _too_few(condition: AmongPeers, table: ScanColumns, row: int) -> str:
    asked, known = condition.grouping, condition.count(table, row)
    if table.everyone()[0].cut:
        return CUT
    if not known:
        return f"the product has no {asked.name} to have peers by"
    listed = "listed products" if asked.name == WATCH else f"listed products of its {asked.name}"
    return f"{known} {listed} have a value, and among fewer than {FEWEST_PEERS} nothing is said"


def _of_texts(condition: Rewording, table: ScanColumns, row: int) -> Iterator[str]:
    name = condition.attribute.name
    if table.text(name)[row] is None:
        yield _NO_TEXT
    elif table.last_text(name).values[row] is None:
        yield f"no earlier text is known by this watch in the {format_duration(REACH)} before"


def _of_baselines(
    condition: Condition, table: ScanColumns, row: int, zone: tzinfo
) -> Iterator[str]:
    if isinstance(condition, Change) and (idle := condition.idle(table, row)):
        yield idle
    of_zero = isinstance(condition, Change) and condition.percent
    for need in condition.needs:
        value = table.baseline(need)[0][row]
        if np.isnan(value):
            yield _no_baseline(need, table, row, zone)
        elif of_zero and value == 0:
            yield "a percentage of 0 has no value (min_change would decide alone)"


def _no_value(metric: Metric, table: ScanColumns, row: int) -> str:
    """The fields that the product lacks, or that the formula gives nothing."""
    for part in metric.figures:
        if part.figure is not None and np.isnan(table.number(part)[row]):
            return _no_figure(part, part.figure, table, row)
    own = [fact.name for fact in metric.facts if np.isnan(table.number(fact_metric(fact))[row])]
    if own:
        file = metric.facts[0].table.file
        return f"the product has no {' and no '.join(own)} in {file}"
    unused = {*OF_LIST}
    if metric.unused:
        sparse = table.number(SPARSENESS)[row] > 0
        unused |= metric.unused[SPARSE if sparse else NORMAL]
    asked = sorted(metric.needs - unused)
    missing = [name for name in asked if np.isnan(table.number(_BUILT_IN[name])[row])]
    if missing == [RANK]:
        return "the watch has no sort, so there is no rank"
    if missing:
        return f"the product has no {' and no '.join(missing)}"
    if metric.definition:
        return f"{metric.definition} has no value here: it divides by zero or the like"
    return f"its formula has no value here ({metric.meaning})"


def _no_figure(metric: Metric, figure: Figure, table: ScanColumns, row: int) -> str:
    """The reason why the group that a product is of has no such number."""
    among = figure.among
    if among is not None and table.cut:
        return CUT
    if among is not None and among.codes(table)[row] < 0:
        return f"the product has no {among.name}, by which {metric.name} is counted"
    which = " that its where asks for" if figure.where is not None else ""
    return f"no product{which} has a value of what {metric.name} is made of"


def _no_baseline(need: Need, table: ScanColumns, row: int, zone: tzinfo) -> str:
    match need.from_:
        case Last():
            return f"no earlier value by this watch in the {format_duration(REACH)} before"
        case LastList(places):
            read = "was complete" if places == LONGEST_LIST else f"read its first {places:,} places"
            return f"no earlier scan of this watch that {read}"
        case Ago(seconds) as ago:
            then, (_, seen) = table.at - seconds, table.baseline(need)
            if seen[row]:
                at = format_instant(int(seen[row]), zone)
                return f"it had no value when it was seen at that time, on {at}"
            begin, end = (format_instant(each, zone) for each in (then - ago.older, then))
            return f"no observation with a value from {begin} to {end}"
        case Statistic(_, seconds):
            days = _days_known(need, table, row)
            return f"fewer than {LEAST} values {_known_too_short(seconds)}{days}"
        case Throughout(_, seconds):
            time = format_duration(seconds)
            return f"not known for all of the {time} before{_days_known(need, table, row)}"
        case Usual(seconds, window) if window > 1:
            known = table.count(need, row)
            return (
                f"{known} of the {LEAST_APART} values {window} days apart that are needed are "
                f"known {_known_too_short(seconds, 'they go back')}"
            )
        case Usual(seconds):
            days = _days_known(need, table, row)
            return f"fewer than {LEAST_DAYS} days with a value {_known_too_short(seconds)}{days}"
        case Spread(seconds):
            return f"it never moved in the {format_duration(seconds)} before"


def _days_known(need: Need, table: ScanColumns, row: int) -> str:
    days = table.days(need, row)
    return "" if days is None else f": {count_of(days, 'day')} known"


def _known_too_short(seconds: int, what: str = "known") -> str:
    least = format_duration(least_span(seconds))
    return f"in the {format_duration(seconds)} before, or {what} for less than {least} of it"
