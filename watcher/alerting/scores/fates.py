"""What became of single alerts: each told of a product at some morning, judged 14 days later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from watcher.alerting.scores.claims import Claim, Measure, claim_of, still_holds
from watcher.alerting.scores.course import DAYS, LATEST, WENT_ON, Course, course
from watcher.model import Bools, Evidence, Floats, Instant, Ints
from watcher.rules.conditions.base import Condition
from watcher.rules.metrics import RANK, Metric
from watcher.rules.rulebook import Rule, Watch
from watcher.store.aftermath import Aftermath, Look, Seen
from watcher.store.database import Database
from watcher.units import DAY

EARLY = 4  # days after which a state is asked for the first time
_SAMPLE = 200  # products of a list that stand for its market
_FEWEST = 10  # of them; of fewer nothing is known of the market
_SHARE = 3.0  # times a product that sells as the median does: as much as one may weigh
_SLACK = DAY // 2
_LOOK_BACK = 3 * DAY  # before the first telling: its own scan, and what its numbers are of

LEFT, NO_LEVEL, UNSEEN = "left the list", "no level before", "not seen later"
EDITED = "cannot be asked again"


class Outcome(StrEnum):
    """``WENT_ON``: the sales did; of a rule that claims no rise, what it said still held."""

    WENT_ON = "went on"
    FELL_BACK = "fell back"
    TOO_YOUNG = "too young"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Telling:
    """A product that was told of by data of ``at``; ``why`` its alert fired, where that is
    asked."""

    product: int
    at: Instant
    why: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of it. ``times`` is the level after over that before and the market's move;
    ``why`` it is not known; ``early``: undone within 4 days."""

    outcome: Outcome
    times: float | None = None
    why: str = ""
    early: bool | None = None


class Judge:
    """Judges tellings of one region's lists; ``since`` is when the first of them was."""

    def __init__(self, database: Database, region: str, since: Instant, now: Instant) -> None:
        self._past = Aftermath(database, region, since - _LOOK_BACK)
        self._now = now
        self._markets = dict[int, Market]()

    def fates(self, rule: Rule, tellings: Sequence[Telling]) -> list[Fate]:
        """One for each telling of the rule, in their order."""
        claim = claim_of(rule)
        found: list[Fate] = [Fate(Outcome.UNKNOWN)] * len(tellings)
        for at, rows in _by_time(tellings).items():
            begin = self._past.at(rule.watch.key, at)
            told = [tellings[row] for row in rows]
            if self._now < at + DAYS * DAY:
                fates = [Fate(Outcome.TOO_YOUNG)] * len(rows)
                if claim.measure is Measure.STATE and begin is not None:
                    fates = self._states(rule.watch, claim, begin, told)
            elif begin is None:
                fates = [Fate(Outcome.UNKNOWN, why=UNSEEN)] * len(rows)
            elif claim.measure is Measure.RISE:
                fates = list(self._rises(rule.watch, begin, told))
            else:
                fates = self._states(rule.watch, claim, begin, told)
            for row, fate in zip(rows, fates, strict=True):
                found[row] = fate
        return found

    def market(self, watch: Watch, begin: Look) -> Market:
        """How the list's products fared that were seen both times; of a long list some stand for
        all."""
        known = self._markets.get(begin.id)
        if known is not None:
            return known
        products = self._past.products(begin)
        places = np.linspace(0, len(products) - 1, min(len(products), _SAMPLE)).astype(np.int64)
        found = course(self._past, watch.query, begin, products[places], bounded=False)
        move = self._markets[begin.id] = Market(products[places], found)
        return move

    def _rises(self, watch: Watch, begin: Look, told: Sequence[Telling]) -> Iterator[Fate]:
        products = np.array([each.product for each in told], np.int64)
        found = course(self._past, watch.query, begin, products)
        market = self.market(watch, begin)
        for row in range(len(told)):
            yield self._rise(found, row, market.move(told[row].product), begin)

    def _rise(self, found: Course, row: int, move: float, begin: Look) -> Fate:
        """``move`` is by how much the market sold more."""
        if not found.old[row]:
            return Fate(Outcome.UNKNOWN, why=NO_LEVEL)
        before = float(found.before[row]) * move
        after = float(found.after[row])
        if not np.isnan(after):
            went_on = after >= WENT_ON * before and after > 0
            times = after / before if before else None
            return Fate(Outcome.WENT_ON if went_on else Outcome.FELL_BACK, times)
        if found.bound[row] < WENT_ON * before:  # not where it is NaN
            return Fate(Outcome.FELL_BACK)
        if self._is_awaited(begin):
            return Fate(Outcome.TOO_YOUNG)
        return Fate(Outcome.UNKNOWN, why=UNSEEN if found.seen[row] else self._missing(begin))

    def _missing(self, begin: Look) -> str:
        """Whether the list was read, without it, or not at all."""
        span = (begin.data + DAYS * DAY - _SLACK, begin.data + LATEST * DAY)
        return LEFT if any(self._past.within(*span, begin.watch)) else UNSEEN

    def _is_awaited(self, begin: Look) -> bool:
        """Whether a scan may still say it: data is late, or the product comes back."""
        return self._now < begin.data + LATEST * DAY

    def _states(
        self, watch: Watch, claim: Claim, begin: Look, told: Sequence[Telling]
    ) -> list[Fate]:
        condition, metric = claim.condition, claim.metric
        if condition is None or metric is None:
            return [Fate(Outcome.UNKNOWN, why=EDITED)] * len(told)
        products = np.array([each.product for each in told], np.int64)
        own = watch.key if claim.ranked else None
        early = self._held(condition, metric, told, self._seen(products, begin, EARLY, EARLY, own))
        late = self._held(condition, metric, told, self._seen(products, begin, DAYS, LATEST, own))
        return [
            self._state(begin, None if soon is None else not soon, then)
            for soon, then in zip(early, late, strict=True)
        ]

    def _state(self, begin: Look, early: bool | None, held: bool | None) -> Fate:
        if self._now < begin.at + DAYS * DAY:
            return Fate(Outcome.TOO_YOUNG, early=early)
        if held is not None:
            return Fate(Outcome.WENT_ON if held else Outcome.FELL_BACK, early=early)
        if self._is_awaited(begin):
            return Fate(Outcome.TOO_YOUNG, early=early)
        return Fate(Outcome.UNKNOWN, why=self._missing(begin), early=early)

    def _seen(self, products: Ints, begin: Look, day: int, last: int, own: str | None) -> Seen:
        start = begin.data + day * DAY - _SLACK
        end = begin.data + max(last, day + 1) * DAY + _SLACK
        return self._past.first_seen(products, start, end, own)

    def _held(
        self, condition: Condition, metric: Metric, told: Sequence[Telling], seen: Seen
    ) -> Iterator[bool | None]:
        values = self._values(metric, np.array([each.product for each in told]), seen)
        for each, value in zip(told, values.tolist(), strict=True):
            why = next((one for one in each.why if one.metric == metric.name), None)
            yield still_holds(condition, why, value)

    def _values(self, metric: Metric, products: Ints, seen: Seen) -> Floats:
        """The metric of each product at the scan that saw it; NaN where none did."""
        fields = sorted(metric.needs - {RANK})
        table = self._past.numbers(products, seen.marks, fields)
        columns = {name: table[:, place] for place, name in enumerate(fields)}
        columns[RANK] = seen.ranks
        values = metric.compute(columns, seen.data)
        return np.where(seen.marks > 0, values, np.nan)


class Market:
    """By how much the products of a list sold more after than before, all together.

    No product counts for more than a few that sell as the median does: a single one would decide
    else.
    """

    def __init__(self, products: Ints, found: Course) -> None:
        both: Bools = np.maximum(found.before, found.after) > 0
        before, after = found.before[both], found.after[both]
        size = np.maximum(before, after)
        weight = np.minimum(1, _SHARE * np.median(size) / size) if len(size) else size
        self._products = products[both]
        self._before, self._after = weight * before, weight * after

    def move(self, product: int) -> float:
        """Of all but ``product``; 1 where too few others are known, or where they sold nothing."""
        others = self._products != product
        before, after = self._before[others].sum(), self._after[others].sum()
        if others.sum() < _FEWEST or not before or not after:
            return 1.0
        return float(after / before)


def _by_time(tellings: Iterable[Telling]) -> Mapping[Instant, list[int]]:
    """Their places by the time of their data, the oldest first: lists are read once."""
    found: dict[Instant, list[int]] = {}
    for place, each in enumerate(tellings):
        found.setdefault(each.at, []).append(place)
    return dict(sorted(found.items()))
