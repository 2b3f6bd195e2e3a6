"""Rules before they are in force: what they would have told over the stored history, as a backtest
does. Where there is no time for all of it one product in so many is looked at, fewer days, and of
hundreds of rules the first ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, tzinfo
from math import ceil

from watcher.analysis.backtest import Backtests, played_to
from watcher.analysis.forecast import Cost, forecast
from watcher.analysis.readings import Reading, without_collection
from watcher.analysis.replay import Progress
from watcher.errors import StoreError, WatcherError
from watcher.model import Instant
from watcher.page_text import PAGE_FILE
from watcher.rules.rulebook import Rule, Rulebook, Watch, with_muters
from watcher.source.watch_query import Query
from watcher.store.ports import Store
from watcher.store.records import ScanRow
from watcher.units import DAY, at

DAYS = 90
SECONDS = 1.7  # for all of it
# Places of lists, of which more can't be judged in that time; where there are many rules less, for
# all that their messages show is read with them.
_MOST_ROWS, _MOST_ROWS_OF_MANY, _MANY = 1_000_000, 450_000, 20
# Rows that their scans wrote: to read more leaves no time to judge them.
_MOST_READ = 150_000
_FEW_ROWS = 400_000  # each judged by one rule, for which there is always time
_SCAN_ROWS = 100  # that could be judged by a rule while it takes up a scan, however short the list
_SAMPLE, _SAMPLE_RULES = 8, 16  # days and rules by which is told what all of them take
_CAREFUL = 0.85  # of the time that is left is what they should take
_LOOK_BACK = 5_000  # scans of a watch that are counted


class _TooLong(Exception):
    """The time is up."""


@dataclass(frozen=True, slots=True)
class NewWatch:
    """A watch that is read only with these rules, and what it costs."""

    name: str
    query: Query
    cost: Cost


@dataclass(frozen=True, slots=True)
class DayTold:
    """A day with the alerts that would have been told on it, by rule."""

    day: date
    alerts: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.alerts.values())


@dataclass(frozen=True, slots=True)
class Preview:
    """The ``found`` messages over ``days`` days (None: nothing could be played), of rules by name;
    of the products of their lists one in ``every`` was looked at.
    ``stand_ins`` are the lists by which rules were judged whose own was never read, ``unread`` the
    rules without any, and for the ``late`` ones there was no time. ``credits`` are those of a day:
    before, and with these rules."""

    rules: tuple[str, ...]
    days: int = 0
    every: int = 1
    found: Backtests | None = None
    stand_ins: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    late: tuple[str, ...] = ()
    watches: tuple[NewWatch, ...] = ()
    credits: tuple[float, float] = (0, 0)
    warnings: tuple[str, ...] = ()

    def by_day(self, zone: tzinfo) -> list[DayTold]:
        """The days on which anything would have been told, the newest first; of a message of
        several rules each counts its own."""
        days: dict[date, Counter[str]] = {}
        for sent in self.found.told if self.found is not None else ():
            message = sent.message
            parts = {part.rule: part.told for part in message.parts} or {
                message.rule: message.told or len(message.items)
            }
            counts = days.setdefault(at(sent.at, zone).date(), Counter())
            counts.update({rule: told for rule, told in parts.items() if rule in self.rules})
        found = [DayTold(day, counts) for day, counts in sorted(days.items(), reverse=True)]
        return [each for each in found if each.total]


def changed_rules(before: Rulebook, after: Rulebook) -> list[Rule]:
    """The rules that are new, written anew, or read another list; where there are none, all that
    are written in the page."""
    known = {rule.name: (rule.text, rule.mark) for rule in before.rules}
    changed = [rule for rule in after.rules if known.get(rule.name) != (rule.text, rule.mark)]
    return changed or [rule for rule in after.rules if rule.file == PAGE_FILE]


def preview(
    source: Store, before: Rulebook, after: Rulebook, now: Instant, clock: Callable[[], float],
    seconds: float = SECONDS,
) -> Preview:  # fmt: skip
    """Rules that ``after`` has and ``before`` has not, and all that they would have told; ``clock``
    counts the seconds that it may take."""
    end = clock() + seconds
    rules = changed_rules(before, after)
    begun = Preview(tuple(rule.name for rule in rules))
    stored = _Stored(source, (*after.watches, *before.watches), now)
    played, stand_ins = [], dict[str, str]()
    for rule in rules:
        own = stored.own(rule)
        if own is not rule:
            stand_ins[rule.name] = own.watches[0].name if own is not None else ""
        if own is not None:
            played.append(own)
    keys = {watch.key for rule in played for watch in rule.watches}
    size = _Size(*(sum(map(count, keys)) for count in (stored.scans, stored.rows, stored.written)))
    player = _Player(source, after, played, now)
    every, days, found = player.play(size, clock, end)
    unread = {name for name, stand_in in stand_ins.items() if not stand_in}
    return replace(
        _with_costs(begun, source, before, after, now),
        days=days,
        every=every,
        found=found,
        stand_ins={name: each for name, each in stand_ins.items() if each},
        unread=tuple(name for name in begun.rules if name in unread),
        late=tuple(_late(played, found)),
    )


def _late(played: Sequence[Rule], found: Backtests | None) -> Iterator[str]:
    """Yield the rules that were to be played, and of which nothing is told."""
    if found is not None:
        told = {*found.unread, *(each.rule for each in found.rules)}
        yield from (rule.name for rule in played if rule.name not in told)


def _with_costs(
    begun: Preview, source: Store, before: Rulebook, after: Rulebook, now: Instant
) -> Preview:
    """The preview with what the lists cost."""
    old = {watch.key for watch in before.used_watches}
    pages = {
        watch.key: source.history.expected_pages(watch.key)
        for watch in (*before.used_watches, *after.used_watches)
    }
    ids, spent = source.followed.ids(), source.ledger.spent(now)
    then = forecast(before.with_followed(ids), pages, now, spent)
    costs = forecast(after.with_followed(ids), pages, now, spent)
    return replace(
        begun,
        watches=tuple(
            NewWatch(watch.name, watch.query, cost)
            for watch, cost in zip(after.used_watches, costs.watches, strict=True)
            if watch.key not in old
        ),
        credits=(then.credits_a_day, costs.credits_a_day),
        warnings=tuple(each for each in costs.warnings if each not in then.warnings),
    )


class _Stored:
    """The lists that were read in the last days."""

    def __init__(self, source: Store, watches: Sequence[Watch], now: Instant) -> None:
        self._watches = {watch.key: watch for watch in watches}
        self._history = source.history
        self._since = now - DAYS * DAY
        self._scans: dict[str, Sequence[ScanRow]] = {}
        self._known: dict[str, bool] = {}

    def scans(self, key: str) -> int:
        """The scans of a watch."""
        return len(self._of(key))

    def rows(self, key: str) -> int:
        """The places of a watch's lists, all together."""
        return sum(scan.products for scan in self._of(key))

    def written(self, key: str) -> int:
        """The rows of numbers that a watch's scans wrote: of what did not change there are none."""
        return sum(scan.changed for scan in self._of(key))

    def _of(self, key: str) -> Sequence[ScanRow]:
        if key not in self._scans:
            scans = self._history.scans(key, limit=_LOOK_BACK) if self._has(key) else ()
            self._scans[key] = [scan for scan in scans if scan.at >= self._since]
        return self._scans[key]

    def _has(self, key: str) -> bool:
        if key not in self._known:
            newest = self._history.newest_scan(key)
            self._known[key] = (
                newest is not None and newest.products > 0 and newest.at >= self._since
            )
        return self._known[key]

    def own(self, rule: Rule) -> Rule | None:
        """The rule itself where a list of its own is stored; else over the nearest one, or None."""
        if any(map(self._has, (watch.key for watch in rule.watches))):
            return rule
        near = self._nearest(rule.watch.query) if rule.group is None else None
        return None if near is None else replace(rule, watches=(near,))

    def _nearest(self, query: Query) -> Watch | None:
        """The stored list of the same market that has most in common with a query."""
        if not query.of_market:
            return None
        found = [
            watch for key, watch in self._watches.items()
            if watch.query.of_market and watch.query.region == query.region and self._has(key)
        ]  # fmt: skip
        return max(found, key=lambda watch: _alike(watch.query, query), default=None)


def _alike(one: Query, other: Query) -> tuple[int, bool, int]:
    """The likeness of two lists: filters that both have less those that one has, the order, and how
    deep the stored one is."""
    filters, wanted = set(one.filters), set(other.filters)
    common = 2 * len(filters & wanted) - len(filters ^ wanted)
    return common, (one.sort, one.descending) == (other.sort, other.descending), one.top


@dataclass(frozen=True, slots=True)
class _Size:
    """The stored scans of some watches, the places of their lists, and the rows of numbers that
    they wrote."""

    scans: int
    rows: int
    written: int


class _Player:
    """Plays rules over what is stored, up to ``now``."""

    def __init__(self, source: Store, book: Rulebook, rules: Sequence[Rule], now: Instant) -> None:
        self._source, self._book, self._rules, self._now = source, book, rules, now

    @without_collection()
    def play(
        self, size: _Size, clock: Callable[[], float], end: float
    ) -> tuple[int, int, Backtests | None]:
        """One product in how many was looked at, the days, and what was found: as much as there is
        time for up to ``end``. Scans of that ``size`` are read, once."""
        if not size.rows:
            return 1, 0, None
        most = _MOST_ROWS_OF_MANY if len(self._rules) >= _MANY else _MOST_ROWS
        everyone = with_muters(self._rules, self._book)
        # For this there is time.
        share = min(1, most / size.rows, _MOST_READ / max(size.written, 1))
        every, days = ceil(1 / share), DAYS
        if any(rule.group is not None for rule in everyone):  # its figures are of all that it has
            every, days = 1, max(1, int(DAYS * share))
        reading = Reading(self._source, everyone, (self._now - days * DAY, self._now), every)
        rows = size.rows // every + _SCAN_ROWS * size.scans
        return every, *self._played(reading, days, rows, end, clock)

    def _played(
        self, reading: Reading, days: int, rows: int, end: float, clock: Callable[[], float]
    ) -> tuple[int, Backtests | None]:
        """The last few days of some rules, by which is told what more of it takes, and then that:
        all rules, and the days for which there is time; or, of few days, the first rules."""
        rules = self._rules
        if rows * len(rules) <= _FEW_ROWS:
            return days, self._last(reading, rules, days)
        some, first = rules[:: ceil(len(rules) / _SAMPLE_RULES)], min(days, _SAMPLE)
        begun = clock()
        found = self._last(reading, some, first)
        took = max(clock() - begun, 1e-9)
        fit = int(len(some) * (end - clock()) * _CAREFUL / took)  # rules, of these days
        fit_days = min(days, first * fit // len(rules))
        if fit_days < first and fit <= len(some):
            return first, found

        def hear(_done: int, _of: int) -> None:
            if clock() > end:
                raise _TooLong

        try:
            if fit_days >= first:
                return fit_days, self._last(reading, rules, fit_days, hear)
            return first, self._last(reading, rules[:fit], first, hear)
        except _TooLong:
            return first, found

    def _last(
        self, reading: Reading, rules: Sequence[Rule], days: int, hear: Progress | None = None
    ) -> Backtests | None:
        """The last days of what was read; None where no scan of them is there."""
        reading.time = (self._now - days * DAY, self._now)
        if not any(map(reading.counts, reading.places)):
            return None
        try:
            return played_to(reading, self._source, self._book, rules, hear)
        except StoreError:
            raise
        except WatcherError:  # of none of these lists
            return None
