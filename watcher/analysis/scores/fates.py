"""The fates of single alerts: each told of a product at some morning, judged 14 days later."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from watcher.analysis.scores.claims import Claim, Measure, claim_of, still_holds
from watcher.analysis.scores.course import DAYS, LATEST, WENT_ON, Course, Probes, course, seen_by
from watcher.evidence import Evidence
from watcher.model import Bools, Floats, Instant, Ints
from watcher.rules.conditions.base import Condition
from watcher.rules.metrics import RANK, Metric
from watcher.rules.rulebook import Rule, Watch
from watcher.store.ports import Store
from watcher.store.sql.aftermath import FoundBy, Look
from watcher.units import DAY

EARLY = 4  # days after which a state is asked for the first time
_SAMPLE = 200  # products of a list that stand for its market
_FEWEST = 10  # of them; of fewer nothing is known of the market
_SHARE = 3.0  # times a product that sells as the median does: as much as one may weigh
_SLACK = DAY // 2
_LOOK_BACK = 3 * DAY  # before the first telling: its own scan, and what its numbers are of

LEFT, NO_LEVEL, UNSEEN = "left the list", "no level before", "not seen later"
UNMEASURED = "nothing to measure"


class FateKind(StrEnum):
    """``WENT_ON``: the sales did; of a rule that claims no rise, what it said still held."""

    WENT_ON = "went on"
    FELL_BACK = "fell back"
    TOO_YOUNG = "too young"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Telling:
    """A product that was told of by data of ``at``, and ``why``, where that is asked. ``watch`` is
    the key of that which found it."""

    product: int
    at: Instant
    why: tuple[Evidence, ...] = ()
    watch: str = ""


@dataclass(frozen=True, slots=True)
class Fate:
    """The outcome of a telling. ``times`` is the level after over that before and the market's
    move; ``why`` it is not known; ``early``: undone within 4 days."""

    outcome: FateKind
    times: float | None = None
    why: str = ""
    early: bool | None = None


class Assessor:
    """Assesses tellings of one region's lists; ``since`` is when the first of them was."""

    def __init__(self, database: Store, region: str, since: Instant, now: Instant) -> None:
        self._past = database.history.aftermath(region, since - _LOOK_BACK)
        self._now = now
        self._markets = dict[int, ListMove]()

    def fates(self, rule: Rule, watch: Watch, tellings: Sequence[Telling]) -> list[Fate]:
        """One for each telling of the rule, all of one of its watches, in their order."""
        claim = claim_of(rule)
        if claim.measure is Measure.NONE:
            return [Fate(FateKind.UNKNOWN, why=UNMEASURED)] * len(tellings)
        asked = dict(self._asked(watch, claim, tellings))
        found = [self._unseen(each) for each in tellings]  # by no scan, as far as is known yet
        if asked:
            begins, told = list(asked.values()), [tellings[row] for row in asked]
            if claim.condition is None:
                judged = self._rises(watch, begins, told)
            else:
                judged = self._states(watch, claim.condition, begins, told)
            for row, fate in zip(asked, judged, strict=True):
                found[row] = fate
        return found

    def _asked(
        self, watch: Watch, claim: Claim, tellings: Sequence[Telling]
    ) -> Iterator[tuple[int, Look]]:
        """Yield the tellings that can be judged, by place, each with the scan that it is of."""
        for row, each in enumerate(tellings):
            begin = self._past.at(watch.key, each.at, each.product)
            # Of a state the first answer comes after 4 days.
            old_enough = claim.measure is Measure.STATE or not self._is_young(each.at)
            if begin is not None and old_enough:
                yield row, begin

    def _unseen(self, telling: Telling) -> Fate:
        if self._is_young(telling.at):
            return Fate(FateKind.TOO_YOUNG)
        return Fate(FateKind.UNKNOWN, why=UNSEEN)

    def _is_young(self, at: Instant) -> bool:
        return self._now < at + DAYS * DAY

    def markets(self, watch: Watch, begins: Iterable[Look]) -> dict[int, ListMove]:
        """The move of the products that a scan and a later one saw, or of a sample, by scan."""
        new = {look.id: look for look in begins if look.id not in self._markets}
        if new:
            self._read_markets(watch, list(new.values()))
        return self._markets

    def _read_markets(self, watch: Watch, looks: Sequence[Look]) -> None:
        samples = [_sample(self._past.products(look)) for look in looks]
        sizes = list(map(len, samples))
        probes = Probes(
            watch,
            np.concatenate(samples),
            np.repeat([look.mark for look in looks], sizes),
            np.repeat([look.data for look in looks], sizes),
        )
        found = course(self._past, probes, bounded=False)
        for look, sample, end in zip(looks, samples, np.cumsum(sizes).tolist(), strict=True):
            self._markets[look.id] = ListMove(sample, found, slice(end - len(sample), end))

    def _rises(
        self, watch: Watch, begins: Sequence[Look], told: Sequence[Telling]
    ) -> Iterator[Fate]:
        found = course(self._past, _probes(watch, begins, told))
        markets = self.markets(watch, begins)
        for row, (begin, each) in enumerate(zip(begins, told, strict=True)):
            yield self._rise(watch, found, row, markets[begin.id].move(each.product), begin)

    def _rise(self, watch: Watch, found: Course, row: int, move: float, begin: Look) -> Fate:
        """Judge one; ``move`` is by how much the market sold more."""
        before, low, high = (float(each[row]) for each in (found.before, found.low, found.high))
        if math.isnan(before):
            return Fate(FateKind.UNKNOWN, why=NO_LEVEL)
        if begin.watch != watch.key and low < high:  # another list's last place says nothing
            high = math.inf
        usual = before * move
        times = low / usual if usual and low == high else None
        outcome = _outcome(low, high, WENT_ON * usual)
        return Fate(outcome, times) if outcome is not None else self._open(begin)

    def _open(self, begin: Look, early: bool | None = None) -> Fate:
        """Fate of what no scan tells yet (data is late, or the product comes back), or any more:
        the list was read, without it, or not at all."""
        if self._now < begin.data + LATEST * DAY:
            return Fate(FateKind.TOO_YOUNG, early=early)
        span = (begin.data + DAYS * DAY - _SLACK, begin.data + LATEST * DAY)
        why = LEFT if any(self._past.within(*span, begin.watch)) else UNSEEN
        return Fate(FateKind.UNKNOWN, why=why, early=early)

    def _states(
        self, watch: Watch, condition: Condition, begins: Sequence[Look], told: Sequence[Telling]
    ) -> Iterator[Fate]:
        metric, probes = condition.metrics[0], _probes(watch, begins, told)
        own = watch.key if RANK in metric.needs else None  # a place of the rule's own list
        soon = seen_by(self._past, probes, EARLY, EARLY + 2, own)
        late = seen_by(self._past, probes, DAYS, LATEST, own)
        held = (self._held(condition, metric, told, seen) for seen in (soon, late))
        return map(self._state, begins, *held)

    def _state(self, begin: Look, soon: bool | None, late: bool | None) -> Fate:
        early = None if soon is None else not soon
        if self._is_young(begin.at):
            return Fate(FateKind.TOO_YOUNG, early=early)
        if late is None:
            return self._open(begin, early)
        return Fate(FateKind.WENT_ON if late else FateKind.FELL_BACK, early=early)

    def _held(
        self, condition: Condition, metric: Metric, told: Sequence[Telling], seen: FoundBy
    ) -> Iterator[bool | None]:
        values = self._values(metric, np.array([each.product for each in told]), seen)
        for each, value in zip(told, values.tolist(), strict=True):
            why = next((one for one in each.why if one.metric == metric.name), None)
            yield still_holds(condition, why, value)

    def _values(self, metric: Metric, products: Ints, seen: FoundBy) -> Floats:
        """The metric of each product at the scan that saw it; NaN where none did."""
        fields = sorted(metric.needs - {RANK})
        table = self._past.numbers(products, seen.marks, fields)
        columns = {name: table[:, place] for place, name in enumerate(fields)}
        columns[RANK] = seen.ranks
        values = metric.compute(columns, seen.data)
        return np.where(seen.marks > 0, values, np.nan)


def _outcome(low: float, high: float, least: float) -> FateKind | None:
    """The outcome where sales between two bounds were to be ``least``; None where they are open."""
    if low >= least and low > 0:
        return FateKind.WENT_ON
    return FateKind.FELL_BACK if high < least or not high else None


def _probes(watch: Watch, begins: Sequence[Look], told: Sequence[Telling]) -> Probes:
    products, marks, data = np.array(
        [(each.product, begin.mark, begin.data) for each, begin in zip(told, begins, strict=True)],
        np.int64,
    ).T
    return Probes(watch, products, marks, data)


def _sample(products: Ints) -> Ints:
    places = np.linspace(0, len(products) - 1, min(len(products), _SAMPLE))
    return products[places.astype(np.int64)]


class ListMove:
    """The move of the products of a list from before to after, all together. None counts for more
    than a few that sell as the median does: a single one would decide else."""

    def __init__(self, products: Ints, found: Course, rows: slice) -> None:
        before, after = found.before[rows], found.low[rows]
        both: Bools = found.exact[rows] & (np.maximum(before, after) > 0)  # not NaN
        before, after = before[both], after[both]
        size = np.maximum(before, after)
        weight = np.minimum(1, _SHARE * np.median(size) / size) if len(size) else size
        self._products = products[both]
        self._before, self._after = weight * before, weight * after

    def move(self, product: int) -> float:
        """The move of all but ``product``; 1 where too few others are known, or sold anything."""
        others = self._products != product
        before, after = self._before[others].sum(), self._after[others].sum()
        if others.sum() < _FEWEST or not before or not after:
            return 1.0
        return float(after / before)
