"""The sales of one product after its alert, against their level of before: the scores' measure
(``course``), from what is stored of that product alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from watcher.analysis.scores.course import DAYS, FIELDS, LATEST, level_before, sold_by_total
from watcher.language import gettext_noop as N_
from watcher.model import Instant, Ints
from watcher.store.ports import Store
from watcher.units import DAY, HOUR, MINUTE

SPANS = ((7, 11), (DAYS, LATEST))  # days after which it is asked, and up to which it is awaited
TOO_YOUNG = N_("too young to say")
UNSEEN = N_("not seen later")
NO_TOTAL = N_("no number around that day")
_SLACK = 12 * HOUR
_MARKED = 5 * MINUTE  # after a scan its numbers stand, though others were recorded before it


@dataclass(frozen=True, slots=True)
class Afterwards:
    """Sales ``a_day`` from the alert to the first numbers from the day ``days`` after it on, which
    were seen at ``at``, and how many ``times`` the level of before these are. Of what is not known
    ``why`` says so."""

    days: int
    at: Instant | None = None
    a_day: float | None = None
    times: float | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Sold:
    """The level ``before`` an alert, sales a day without the week that may have set it off, None
    where none is known; and what came after it."""

    before: float | None
    after: tuple[Afterwards, ...]


def sold(database: Store, product: int, begun: Instant, now: Instant) -> Sold:
    """Look it up."""
    at, values = database.history.series(product, FIELDS, begun + _MARKED)
    began = np.array([begun], np.int64)
    if not len(at) or at[0] > begun + _MARKED:  # nothing of that day is kept
        unknown = tuple(Afterwards(first, why=NO_TOTAL) for first, _latest in SPANS)
        return Sold(None, unknown)
    then = dict(zip(FIELDS, values[:1].T, strict=True))
    before = _known(level_before(then, began)[0])
    after = []
    for first, latest in SPANS:
        row = _row(at, begun, first, latest)
        if row is None:
            after.append(Afterwards(first, why=_why(at, begun + first * DAY, now)))
            continue
        seen = int(at[row])
        there = dict(zip(FIELDS, values[row : row + 1].T, strict=True))
        days = np.rint((at[row : row + 1] - begun) / DAY)
        a_day = _known(sold_by_total(then, there, days)[0])
        times = a_day / before if a_day is not None and before else None
        why = NO_TOTAL if a_day is None else ""
        after.append(Afterwards(first, seen, a_day, times, why))
    return Sold(before, tuple(after))


def _row(at: Ints, begun: Instant, first: int, latest: int) -> int | None:
    """The first numbers from one day after it on and before another."""
    rows = np.flatnonzero((at >= begun + first * DAY - _SLACK) & (at < begun + latest * DAY))
    return int(rows[0]) if len(rows) else None


def _why(at: Ints, asked: Instant, now: Instant) -> str:
    if now < asked:
        return TOO_YOUNG
    return UNSEEN if at[-1] < asked - _SLACK else NO_TOTAL


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
