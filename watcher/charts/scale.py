"""From values and instants to places on an axis, with few round ticks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

import numpy as np

from watcher.cldr import conventions
from watcher.language import gettext as _
from watcher.model import Floats, Instant, Ints
from watcher.schedule import shown
from watcher.units import Unit, at, format_day, format_number, in_percent

_WHOLE = frozenset({Unit.COUNT, Unit.PLACE, Unit.DAYS, Unit.FLAG, Unit.DAY})
_INTERVALS = 3  # as many as have room on a panel
_TIGHT = 0.7  # values that all lie above this part of the largest are shown without zero
_STILL = 1e-4  # values that move by less than this part of them stand still
_DAYS = (1, 2, 3, 5, 7, 10, 15)
_SUFFIXES = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


@dataclass(frozen=True, slots=True)
class Axis:
    """``place`` is 0 at the bottom (or left) and 1 at the top (or right)."""

    bottom: float
    top: float
    ticks: tuple[tuple[float, str], ...] = ()
    step: float = 0.0

    def place(self, value: float) -> float:
        return float(self.places(np.array([value]))[0])

    def places(self, values: Floats | Ints) -> Floats:
        """The places of a column; NaN has none."""
        # Halved: the distance of the largest to the smallest number is none.
        span = self.top / 2 - self.bottom / 2
        return np.clip((values / 2 - self.bottom / 2) / span, 0.0, 1.0)


def level_axis(names: Sequence[str]) -> Axis:
    """An axis of levels: ``names`` are those of the values 0, 1, 2 ..."""
    return Axis(0, max(len(names) - 1, 1), tuple((float(n), name) for n, name in enumerate(names)))


def value_axis(values: Sequence[float], unit: Unit, least: int = 0) -> Axis:
    """An axis around finite ``values``, with so many ticks at the ``least`` where it has some; of
    places, the first is at the top."""
    low, high = _range(values, unit)
    step = _step(high - low, whole=unit in _WHOLE)
    places = [low]
    if step:
        first, last = math.floor(low / step), math.ceil(high / step)
        whole = range(first, max(last + 1, first + least))
        places = [index * step for index in whole]
    if unit is Unit.PLACE:
        places[0] = max(places[0], 1.0)
    ends = places[0], places[-1] if step else low + 1
    bottom, top = ends[::-1] if unit is Unit.PLACE else ends
    return Axis(bottom, top, tuple((each, _tick(each, step, unit)) for each in places), step)


def _range(values: Sequence[float], unit: Unit) -> tuple[float, float]:
    """The least and the largest value to show: with zero, or the first place."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    if unit is Unit.PLACE:
        return 1.0, max(high, 1.0)
    return (low, high) if _is_tight(low, high) else (min(low, 0.0), max(high, 0.0))


def _is_tight(low: float, high: float) -> bool:
    """Whether the values move so little, and yet move, that zero would hide it."""
    largest = max(abs(low), abs(high))
    if high - low <= largest * _STILL:
        return False
    return low > high * _TIGHT if low > 0 else high < low * _TIGHT


def _step(span: float, *, whole: bool) -> float:
    """1, 2 or 5 times a power of ten; 0 where there is nothing to divide."""
    rough = span / _INTERVALS
    if rough < 1e-300:
        return 0.0
    power = 10.0 ** math.floor(math.log10(rough))
    # A little more than a third is a third: no fourth interval for a rounding.
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.9)
    return max(step, 1.0) if whole else step


def _tick(value: float, step: float, unit: Unit) -> str:
    """With as many decimals as tell it from its neighbours."""
    if unit is Unit.FRACTION:
        return in_percent(compact(value * 100, step * 100))
    written_so = compact(value, step)
    return _("#{place}").format(place=written_so) if unit is Unit.PLACE else written_so


def written(value: float, unit: Unit, step: float) -> str:
    """A value in three digits, or in more to tell it from its axis' ticks: ``4.83k``, ``#17``."""
    if unit in _WHOLE and abs(value) < 1_000:
        return _tick(value, 1.0, unit)
    third = 10.0 ** (math.floor(math.log10(abs(value))) - 2) if abs(value) > 1e-290 else 1.0
    return _tick(value, min(third, step or third), unit)


def compact(value: float, step: float) -> str:
    """``1.2k``, ``3.4M``, but ``1,439`` where the step needs all its digits; ``2e+18`` where no
    suffix is known to everybody."""
    if abs(value) >= 1e15 or 0 < abs(value) < 1e-4:
        return _in_powers(value, step)
    own = conventions()
    suffixes = _SUFFIXES if own is None else own.suffixes
    size, suffix = next((each for each in suffixes if abs(value) >= each[0]), (1.0, ""))
    if size > 1 and 0 < step < max(10, size / 1e5):
        return format_number(value, min(max(0, -_power(step)), 5))
    digits = max(0, -_power(step / size)) if step > 0 else 0
    return format_number(value / size, min(digits, 5)) + suffix


def _in_powers(value: float, step: float) -> str:
    digits = min(max(_power(value) - _power(step) + 1, 1), 5) if step else 3
    return f"{value:.{digits}g}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")


def _power(value: float) -> int:
    """The power of ten; 999.9999999 is a thousand that was computed."""
    return math.floor(math.log10(abs(value)) + 1e-9)


def thinned(x: Floats, y: Floats, columns: int) -> tuple[Floats, Floats]:
    """The first, the least, the largest and the last value of each column, where there are many.
    ``x`` is from 0 to 1, in order; NaN in ``y`` is a gap."""
    if len(x) <= 2 * columns:
        return x, y
    column = np.minimum((x * columns).astype(np.int64), columns - 1)
    first = np.flatnonzero(np.diff(column, prepend=-1))
    last = np.append(first[1:], len(x)) - 1
    counts = np.diff(first, append=len(x))
    rows = [first, last]
    for extreme in (np.fmin, np.fmax):
        hit = np.flatnonzero(y == np.repeat(extreme.reduceat(y, first), counts))
        rows.append(hit[np.diff(column[hit], prepend=-1) > 0])  # the first of equals
    kept = np.unique(np.concatenate(rows))
    return x[kept], y[kept]


def stretches(values: Floats) -> list[range]:
    """The rows between the gaps (NaN), a range for each stretch without one."""
    known = np.isfinite(values)
    edges = np.flatnonzero(np.diff(known, prepend=False, append=False))
    return [range(*pair) for pair in edges.reshape(-1, 2).tolist()]


def time_axis(
    begin: Instant, end: Instant, zone: tzinfo, most: int, *, apart: bool = False
) -> Axis:
    """Days of ``zone``, as each begins there, at most ``most``: ``16 Nov``. ``apart``, as
    on a page of any width, they keep clear of the edges, and of two years each tells its own."""
    first, last = at(begin, zone).date(), at(end, zone).date()
    days = (end - begin) // 86_400 + 1
    least = -(-days // most)
    step = least if apart else next((each for each in _DAYS if each >= least), least)
    year = apart and first.year != last.year
    ticks = []
    for back in reversed(range(step // 2 if apart else 0, days + 1, step)):
        when = last - timedelta(days=back)
        instant = shown(datetime.combine(when, time()), zone)[0]
        if begin <= instant <= end:
            ticks.append((float(instant), _short(when) if year else day(when)))
    return Axis(begin, max(end, begin + 1), tuple(ticks))


def day(when: date) -> str:
    """``16 Nov``."""
    return format_day(when)


def _short(when: date) -> str:
    """``16 Nov 26``: with its year."""
    return f"{day(when)} {when:%y}" if conventions() is None else format_day(when, year=True)
