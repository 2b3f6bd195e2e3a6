"""The cause of no data on a product: no value, no baseline, a history that is too short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo

import numpy as np

from watcher.analysis.missing import no_baseline
from watcher.evaluation.last_known import REACH
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.model import OF_LIST
from watcher.rules.conditions.base import (
    Condition,
    ScanColumns,
)
from watcher.rules.conditions.change import Change
from watcher.rules.conditions.peers import LEAST as FEWEST_PEERS
from watcher.rules.conditions.peers import AmongPeers
from watcher.rules.conditions.presence import Reappears
from watcher.rules.conditions.records import Unchanged
from watcher.rules.conditions.rewording import Rewording
from watcher.rules.conditions.transition import Appears
from watcher.rules.derived import SPARSENESS
from watcher.rules.metrics import NORMAL, RANK, SPARSE, Catalogue, Figure, Metric, fact_metric
from watcher.subjects import WATCH
from watcher.units import DAY, format_duration

_BUILT_IN = Catalogue()
CUT = N_("the list was not read to its end, and a part of it says nothing of many products at once")
_NO_TEXT = N_("the product has no such text")


def causes(condition: Condition, table: ScanColumns, row: int, zone: tzinfo) -> Iterator[str]:
    """Yield what a condition lacks, the first cause first."""
    if table.waits and (condition.needs or condition.follows):
        yield _(table.waits)
    if table.fallen()[row]:
        yield _("the product is not on this list any more")
    if isinstance(condition, Appears):
        yield _(
            "the watch had no complete scan before this one (of a shop that is longer than its top "
            "none is)"
        )
    elif isinstance(condition, Reappears):
        yield _(
            "the watch had no two complete scans before this one (of a shop that is longer than "
            "its top none is)"
        )
    elif isinstance(condition, Rewording):
        yield from _of_texts(condition, table, row)
    elif not condition.metrics:
        own = [each.fact for each in condition.attributes if each.fact is not None]
        yield _not_in_file([own[0].name], own[0].table.file) if own else _(_NO_TEXT)
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
        text = _("not seen for {unseen} of the {time} before: what was so then is not known")
        yield text.format(unseen=unseen, time=time)


def _not_in_file(names: Sequence[str], file: str) -> str:
    text = _("the product has no {names} in {file}")
    return text.format(names=_(" and no ").join(names), file=file)


def _days(seconds: float) -> int:
    """So many seconds in whole days, where these are some."""
    return int(seconds) if seconds < DAY else round(seconds / DAY) * DAY


def _too_few(condition: AmongPeers, table: ScanColumns, row: int) -> str:
    asked, known = condition.grouping, condition.count(table, row)
    if table.everyone()[0].cut:
        return _(CUT)
    if not known:
        return _("the product has no {name} to have peers by").format(name=asked.name)
    text = _("{known} listed products have a value, and among fewer than {least} nothing is said")
    if asked.name != WATCH:
        text = _(
            "{known} listed products of its {name} have a value, and among fewer than {least} "
            "nothing is said"
        )
    return text.format(known=known, name=asked.name, least=FEWEST_PEERS)


def _of_texts(condition: Rewording, table: ScanColumns, row: int) -> Iterator[str]:
    name = condition.attribute.name
    if table.text(name)[row] is None:
        yield _(_NO_TEXT)
    elif table.last_text(name).values[row] is None:
        text = _("no earlier text is known by this watch in the {time} before")
        yield text.format(time=format_duration(REACH))


def _of_baselines(
    condition: Condition, table: ScanColumns, row: int, zone: tzinfo
) -> Iterator[str]:
    if isinstance(condition, Change) and (idle := condition.idle(table, row)):
        yield idle
    of_zero = isinstance(condition, Change) and condition.percent
    for need in condition.needs:
        value = table.baseline(need)[0][row]
        if np.isnan(value):
            yield no_baseline(need, table, row, zone)
        elif of_zero and value == 0:
            yield _("a percentage of 0 has no value (min_change would decide alone)")


def _no_value(metric: Metric, table: ScanColumns, row: int) -> str:
    """The fields that the product lacks, or that the formula gives nothing."""
    for part in metric.figures:
        if part.figure is not None and np.isnan(table.number(part)[row]):
            return _no_figure(part, part.figure, table, row)
    own = [fact.name for fact in metric.facts if np.isnan(table.number(fact_metric(fact))[row])]
    if own:
        return _not_in_file(own, metric.facts[0].table.file)
    unused = {*OF_LIST}
    if metric.unused:
        sparse = table.number(SPARSENESS)[row] > 0
        unused |= metric.unused[SPARSE if sparse else NORMAL]
    asked = sorted(metric.needs - unused)
    missing = [name for name in asked if np.isnan(table.number(_BUILT_IN[name])[row])]
    if missing == [RANK]:
        return _("the watch has no sort, so there is no rank")
    if missing:
        return _("the product has no {names}").format(names=_(" and no ").join(missing))
    if metric.definition:
        text = _("{formula} has no value here: it divides by zero or the like")
        return text.format(formula=metric.definition)
    return _("its formula has no value here ({meaning})").format(meaning=metric.meaning)


def _no_figure(metric: Metric, figure: Figure, table: ScanColumns, row: int) -> str:
    """The reason why the group that a product is of has no such number."""
    among = figure.among
    if among is not None and table.cut:
        return _(CUT)
    if among is not None and among.codes(table)[row] < 0:
        text = _("the product has no {name}, by which {metric} is counted")
        return text.format(name=among.name, metric=metric.name)
    if figure.where is not None:
        text = _("no product that its where asks for has a value of what {metric} is made of")
    else:
        text = _("no product has a value of what {metric} is made of")
    return text.format(metric=metric.name)
