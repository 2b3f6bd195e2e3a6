"""The plan of looks whether a region's data was refreshed: the hour is learned, looks are few.

A look (a probe) costs a credit and tells whether the data is new. What is known of a day is thus a
time between two looks in which it was refreshed. From such times the hour is learned, as a
probability for each ten minutes of the day and some spreads about it, that forgets: each day the
hour may move a little, and with a small chance anywhere. So a wide gap says little, a few days in a
row that were there before the first look move it to earlier, and an hour that moved is found again
in a day or two.

The next looks are those that cost least, where an hour of waiting for new data has a price, and a
look has one: all plans of up to so many looks are compared at once. Before the usual hour and right
after it looks are close together; on a day that is late they spread over what is left of it.
Pure: what is known comes in, the next instant goes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import takewhile
from typing import NamedTuple

import numpy as np

from watcher.data_days import APART, DataDay, DataDays, LookResult, RefreshLook, day_after, days_in
from watcher.model import Floats, Instant
from watcher.retrying import backoff
from watcher.units import DAY, HOUR, MINUTE, next_midnight

SETTLE = 15 * MINUTE  # from the look that found new data to the scans
READ_AGAIN = 3 * HOUR  # after a scan, or a look, that found less than half of the usual new
MISSED = 36 * HOUR  # after a day began the next one counts as left out

_BIN = 10 * MINUTE
_BINS = DAY // _BIN
_SPREADS = np.array([8.0, 16.0, 32.0, 64.0, 128.0]) * MINUTE
_MOVES, _STRAY, _OMITTED = 0.05, 0.01, 0.05  # a day's chances: a new hour, an odd one, no refresh
_LEARNED_FROM = 28  # days
_UNSEEN, _EARLIER = 2 * HOUR, 8 * HOUR
_SUSPICION = (0.1, 0.3, 0.5)  # after so many days
_PRICE = 9.0  # of a look, in minutes of waiting
_AFTER_HOUR = 2 * HOUR  # after the hour of the day before
_MOST_LOOKS = 12  # that a plan for one day has
_LATE = 4 * HOUR  # from the end of a day's looks to the first of the next
_FIRST_RETRY, _LAST_RETRY = 15 * MINUTE, 4 * HOUR


@dataclass(frozen=True, slots=True)
class RegionState:
    """A region as it is known: its data ``days`` and its ``looks`` of the last days, each the
    oldest first. ``read`` is when its data of the last day was last read, or seen in a look."""

    days: DataDays = field(default_factory=DataDays)
    looks: Sequence[RefreshLook] = ()

    @property
    def last_quiet(self) -> Instant:
        """The time at which the data of the last day was last seen; 0 where none is known."""
        last = self.days.last
        if last is None:
            return 0
        quiet = (look.at for look in self.looks if look.result is LookResult.QUIET)
        return max([last.began, *(at for at in quiet if at > last.began)])

    @property
    def first_partly(self) -> Instant | None:
        """The first look since the old data was seen that found some of the new; None where the
        last one found none."""
        answered = [look for look in self.looks if look.result is not LookResult.FAILED]
        partly = [*takewhile(lambda look: look.result is LookResult.PARTLY, reversed(answered))]
        last = self.days.last
        since = last.began + APART if last is not None else 0
        return min((look.at for look in partly if look.at >= since), default=None)

    def spent(self, since: Instant, now: Instant) -> int:
        """Requests of looks from ``since`` until ``now``."""
        return sum(look.requests for look in self.looks if since <= look.at <= now)


def next_look(state: RegionState, a_day: int, now: Instant) -> Instant | None:
    """The next time to look, perhaps in the past; None where no data day has begun yet. At most
    ``a_day`` requests in a UTC day."""
    last = state.days.last
    if last is None:
        return None
    earliest = max(now, last.began + APART, _after_failures(state))
    today = state.spent(now - now % DAY, now)
    if today >= a_day:
        earliest = max(earliest, next_midnight(now))
    if (partly := state.first_partly) is not None:
        return max(earliest, partly + READ_AGAIN)
    start = last.began + APART
    quiet = max(start, state.last_quiet)
    window = start + max(0, earliest - start) // DAY * DAY
    density = predicted(state.days)
    sure = _sure_look(last, quiet)
    if _is_late(last, now) and today >= a_day - 1:
        return max(earliest, sure)
    for begin in (window, window + DAY, window + 2 * DAY):
        left = a_day - state.spent(begin, now)
        found = _best_look(density, begin, quiet, max(earliest, begin), left)
        if found is not None:
            return min(found, max(earliest, sure))
    return max(earliest, sure)


def _is_late(last: DataDay, now: Instant) -> bool:
    """Whether new data should have come by now: then a look is kept for when it is surely late."""
    since = now - last.began
    return since >= DAY and _AFTER_HOUR <= since % DAY < MISSED - DAY


def _sure_look(last: DataDay, quiet: Instant) -> Instant:
    """The time to look in any case: once it is so late that the day would count as left out."""
    over = max(0, (quiet - last.began - MISSED) // DAY + 1)
    return last.began + MISSED + over * DAY


def settled(day: DataDay, settle: int = SETTLE) -> Instant:
    """The time at which the watches of the region are due."""
    return day.fresh + settle


def missed(state: RegionState, now: Instant) -> int:
    """The number of data days left out since the last one: the old data was seen when it was so
    late that what comes then is another day's."""
    last = state.days.last
    if last is None or state.first_partly is not None:
        return 0
    seen = min(state.last_quiet, now)
    return int(max(0, (seen - last.began - MISSED) // DAY + 1))


def left_out(days: DataDays) -> int:
    """The number of days left out between the last two, as far as somebody looked meanwhile."""
    if len(days.rows) < 2:
        return 0
    before, last = days.rows[-2:]
    looked = before.began < last.quiet < last.began and last.began - last.quiet < DAY
    return last.day - before.day - 1 if looked else 0


@dataclass(frozen=True, slots=True)
class UsualHour:
    """The hour of the refresh, in seconds of the UTC day: ``middle`` and the time in which four of
    five refreshes fall."""

    middle: int
    low: int
    high: int


def usual_hour(days: DataDays) -> UsualHour | None:
    """The hour that was learned; None before a refresh was seen to come between two looks."""
    if not any(_tells(row) for row in days.rows):
        return None
    density = predicted(days)
    # From where least is expected, so that the middle is none of two ends.
    widened = sum(np.roll(density, shift) for shift in range(-18, 19))
    start = int(np.argmin(widened))
    sums = np.cumsum(np.roll(density, -start))
    low, middle, high = (
        (start + int(np.searchsorted(sums, part))) * _BIN % DAY for part in (0.1, 0.5, 0.9)
    )
    return UsualHour(middle, low, high)


def next_day(days: DataDays, quiet: Instant, began: Instant) -> int:
    """The number of the data day that began between ``quiet`` and ``began``, after the last one:
    each is counted from when it likely came. Else a day that was found late, and the one after it
    that came before the first look, would seem nearer together than they are."""
    last = days.last
    if last is None or not any(map(_tells, days.rows)):
        return day_after(last, quiet, began)
    density = predicted(days)
    came = _likely(density, max(quiet, last.began + APART), began)
    start = max([last.quiet, *(row.began + APART for row in days.rows[-2:-1])])
    return last.day + days_in(came - _likely(density, start, last.began))


def _likely(density: Floats, quiet: Instant, began: Instant) -> Instant:
    """The likely time of data that was new at ``began``: it is as likely sooner as later."""
    first = max(quiet, began - DAY)
    if began - first < _BIN:
        return began
    ends = first + np.arange(1, -(-(began - first) // _BIN) + 1) * _BIN
    sums = np.cumsum(density[(ends - _BIN) % DAY // _BIN])
    place = int(np.searchsorted(sums, sums[-1] / 2))
    return min(int(ends[place]) - _BIN // 2, began)


# ------------------------------------------------------------------ the hour


def predicted(days: DataDays) -> Floats:
    """(144,) the chance that the next refresh falls into each ten minutes of the day."""
    pairs = tuple((row.quiet, row.began) for row in days.rows if _tells(row))
    return _predicted(pairs[-_LEARNED_FROM:])


def _tells(row: DataDay) -> bool:
    return 0 < row.began - row.quiet < DAY


@lru_cache(maxsize=256)
def _predicted(pairs: tuple[tuple[Instant, Instant], ...]) -> Floats:
    weights = np.full((len(_SPREADS), _BINS), 1 / (len(_SPREADS) * _BINS))
    for likelihood in _likelihoods(pairs):
        weights = _moved(weights) * likelihood
        weights /= weights.sum()
    density = np.einsum("sb,sbt->t", _moved(weights), _kernels())
    density = (1 - _STRAY) * density / density.sum() + _STRAY / _BINS
    density = _with_earlier(density, pairs)
    density.flags.writeable = False  # it is shared
    return np.asarray(density)


def _with_earlier(density: Floats, pairs: Sequence[tuple[Instant, Instant]]) -> Floats:
    """Allow for an hour that moved to earlier, by any time, where the new data was there at the
    first look, days in a row: it is looked after the sooner the more days there were."""
    unseen = [*takewhile(lambda pair: pair[1] - pair[0] >= _UNSEEN, reversed(pairs))]
    if not unseen:
        return density
    began = unseen[0][1] % DAY // _BIN
    earlier = np.zeros(_BINS)
    earlier[(began - np.arange(_EARLIER // _BIN)) % _BINS] = _BIN / _EARLIER
    chance = _SUSPICION[min(len(unseen), len(_SUSPICION)) - 1]
    return np.asarray((1 - chance) * density + chance * earlier)


def _moved(weights: Floats) -> Floats:
    """After a day: the hour moved a little, or anywhere."""
    blurred = 0.8 * weights + 0.1 * np.roll(weights, 1, axis=1) + 0.1 * np.roll(weights, -1, axis=1)
    spread = weights.sum(axis=1, keepdims=True) / _BINS
    return np.asarray((1 - _MOVES) * blurred + _MOVES * spread)


def _likelihoods(pairs: Sequence[tuple[Instant, Instant]]) -> Floats:
    """(d, spreads, 144) of each time between two looks, for each hour and spread."""
    if not pairs:
        return np.zeros((0, len(_SPREADS), _BINS))
    quiet, began = np.array(pairs, np.int64).T
    long = (began - quiet).astype(np.float64)
    middles = (np.arange(_BINS) + 0.5) * _BIN
    late = (began % DAY)[:, np.newaxis, np.newaxis] - middles
    found = np.zeros((len(pairs), len(_SPREADS), _BINS))
    for turn in (-DAY, 0, DAY, 2 * DAY):
        spreads = _SPREADS[:, np.newaxis]
        early = late + turn - long[:, np.newaxis, np.newaxis]
        found += _before((late + turn) / spreads) - _before(early / spreads)
    stray = long[:, np.newaxis, np.newaxis] / DAY
    return np.asarray((1 - _STRAY) * found + _STRAY * stray)


def _before(distance: Floats) -> Floats:
    """The logistic distribution, whose tails are heavier than the normal one's."""
    return np.asarray(1 / (1 + np.exp(-np.clip(distance / 0.5513, -60, 60))))


@lru_cache(maxsize=1)
def _kernels() -> Floats:
    """(spreads, 144, 144) the chance of each ten minutes, for each hour and spread."""
    ends = np.arange(_BINS + 1) * _BIN
    middles = (np.arange(_BINS) + 0.5) * _BIN
    away = ends[np.newaxis, :] - middles[:, np.newaxis]
    found = np.zeros((len(_SPREADS), _BINS, _BINS))
    for turn in (-DAY, 0, DAY):
        found += np.diff(_before((away + turn) / _SPREADS[:, np.newaxis, np.newaxis]), axis=2)
    return found


# ------------------------------------------------------------------ the looks


def _best_look(
    density: Floats, begin: Instant, quiet: Instant, earliest: Instant, left: int
) -> Instant | None:
    """The first look of the best plan for the day from ``begin`` on, with at most so many ``left``;
    None where none is worth its price. Nothing came until ``quiet``."""
    first = max(0, -(-(earliest - begin) // _BIN))
    if left <= 0 or first > _BINS:
        return None
    chances = np.roll(density, -(begin % DAY) // _BIN) * (1 - _OMITTED)
    ends = begin + np.arange(1, _BINS + 1) * _BIN
    known = np.clip((ends - quiet) / _BIN, 0, 1)  # the part of each ten minutes after the last look
    chances = chances * known
    rest = _OMITTED if quiet < begin + DAY else 1.0
    place = _first_of_plan(chances / (chances.sum() + rest), first, min(left, _MOST_LOOKS))
    return max(earliest, begin + place * _BIN) if place is not None else None


def _first_of_plan(chances: Floats, first: int, left: int) -> int | None:
    """The end of the bin at which to look first, from 0 to 144. The looks of a plan are steps; the
    price of each is waiting for what came since the one before, and the look, if still nothing had
    come by then."""
    times = np.arange(_BINS + 1) * _BIN / MINUTE
    came = _Sums.of(chances, times)
    open_ = 1 - came.parts[0]  # nothing came by then: what comes on another day too
    no_more = came.after(times[-1] + _LATE / MINUTE)
    waits = came.between(times)
    waits[np.tril_indices(_BINS + 1)] = np.inf  # to earlier ones
    best = no_more
    for _ in range(left - 1):
        steps = waits + _PRICE * open_[:, np.newaxis] + best[np.newaxis, :]
        best = np.minimum(no_more, steps.min(axis=1))
    # From the begin: what came before ``first`` waits until it at least.
    choices = waits[0] + _PRICE + best
    choices[0] = _PRICE + best[0]
    choices[:first] = np.inf
    place = int(np.argmin(choices))
    return place if choices[place] < no_more[0] else None


class _Sums(NamedTuple):
    """Up to each time, the sums of the chances, and of them times the time."""

    parts: Floats

    @classmethod
    def of(cls, chances: Floats, times: Floats) -> _Sums:
        middles = (times[1:] + times[:-1]) / 2
        parts = np.stack([chances * middles**power for power in range(2)])
        return cls(np.concatenate([np.zeros((2, 1)), np.cumsum(parts, axis=1)], axis=1))

    def between(self, times: Floats) -> Floats:
        """(m, m) the price of what comes after one time and is found at another."""
        came = self.parts[:, np.newaxis, :] - self.parts[:, :, np.newaxis]
        return _price_of_waiting(came, times[np.newaxis, :])

    def after(self, until: float) -> Floats:
        """(m,) the price of what comes after each time and is found at ``until``."""
        return _price_of_waiting(self.parts[:, -1:] - self.parts, np.array([until]))


def _price_of_waiting(came: Floats, until: Floats) -> Floats:
    chance, moment = came
    return np.asarray(until * chance - moment)


def _after_failures(state: RegionState) -> Instant:
    """Not sooner than this, after looks that got no answer."""
    failed = [*takewhile(lambda look: look.result is LookResult.FAILED, reversed(state.looks))]
    if not failed:
        return 0
    return failed[0].at + int(backoff(len(failed) - 1, _FIRST_RETRY, _LAST_RETRY))
