"""The fates of alerts of groups: whether what was said of one is still so 14 days later, by the
figures that are kept of its list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from watcher.analysis.scores.claims import claim_of, still_holds
from watcher.analysis.scores.course import DAYS, LATEST
from watcher.analysis.scores.fates import (
    EARLY,
    LEFT,
    UNMEASURED,
    UNSEEN,
    Fate,
    FateKind,
    Telling,
)
from watcher.model import Floats, Instant, Ints
from watcher.rules.conditions.base import Condition
from watcher.rules.metrics import Metric
from watcher.rules.rulebook import Group, Rule, Watch
from watcher.store.ports import Store
from watcher.store.records import AFTER_ALL, GroupFigures
from watcher.units import DAY

_SLACK = DAY // 2


def group_fates(
    database: Store, rule: Rule, watch: Watch, tellings: Sequence[Telling], now: Instant
) -> list[Fate]:
    """One for each telling of a rule over groups, all of one of its watches, in their order."""
    condition = claim_of(rule).condition
    if condition is None or rule.group is None:
        return [Fate(FateKind.UNKNOWN, why=UNMEASURED)] * len(tellings)
    first = min((each.at for each in tellings), default=now)
    kept = [*database.groups.figures(watch.key, rule.group.by, AFTER_ALL, (first, AFTER_ALL))][::-1]
    values = _values(rule.group, condition.metrics[0], kept, tellings)
    at = np.array([each.at for each in kept], np.int64)
    return [
        _fate(condition, each, at, values[:, place], now) for place, each in enumerate(tellings)
    ]


def _values(
    group: Group, metric: Metric, kept: Sequence[GroupFigures], tellings: Sequence[Telling]
) -> Floats:
    """(scans, n) the figure of each telling's group at each scan that is kept."""
    subjects = np.array([each.product for each in tellings], np.int64)
    found = np.full((len(kept), len(tellings)), np.nan)
    for row, each in enumerate(kept):
        columns = {part.name: each.of(text, subjects) for part, text in _parts(metric)}
        whole = metric.figure is not None
        found[row] = columns[metric.name] if whole else metric.compute(columns, each.at)
    return found


def _parts(metric: Metric) -> Iterator[tuple[Metric, str]]:
    """Yield the figures that it is made of, with the texts that they are kept by."""
    for each in metric.figures:
        if each.figure is not None:
            yield each, each.figure.canonical


def _fate(condition: Condition, told: Telling, at: Ints, values: Floats, now: Instant) -> Fate:
    soon = _held(condition, told, at, values, (EARLY, EARLY + 2))
    late = _held(condition, told, at, values, (DAYS, LATEST))
    early = None if soon is None else not soon
    if now < told.at + DAYS * DAY:
        return Fate(FateKind.TOO_YOUNG, early=early)
    if late is not None:
        return Fate(FateKind.WENT_ON if late else FateKind.FELL_BACK, early=early)
    if now < told.at + LATEST * DAY:
        return Fate(FateKind.TOO_YOUNG, early=early)
    why = LEFT if len(_within(told, at, (DAYS, LATEST))) else UNSEEN
    return Fate(FateKind.UNKNOWN, why=why, early=early)


def _held(
    condition: Condition, told: Telling, at: Ints, values: Floats, days: tuple[int, int]
) -> bool | None:
    """Whether it was still so at the first scan of those days that knows; None where none does."""
    known = values[_within(told, at, days)]
    known = known[np.isfinite(known)]
    why = next((each for each in told.why if each.metric == condition.metrics[0].name), None)
    return still_holds(condition, why, float(known[0])) if len(known) else None


def _within(told: Telling, at: Ints, days: tuple[int, int]) -> Ints:
    """The scans so many days after it was told."""
    first, last = (told.at + each * DAY for each in days)
    return np.flatnonzero((at >= first - _SLACK) & (at <= last))
