"""How soon new data is read, and for how many credits: `every: refresh` beside `24h` and `6h`.

    python -m benchmarks.freshness                   # 16 regions, 120 days, the table in Markdown
    python -m benchmarks.freshness --regions 4 --seed 3

Each region's source renews its data once a day at an hour about 5:30 (40 minutes of deviation),
that moves three times by hours; six days are left out, and two come in halves three hours apart.
Planner, store, evaluation and the words to the operator are the daemon's own; a clock that is told
the time takes the place of its timers.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median

import numpy as np

from watcher.daemon.scheduling.look_records import note_look, note_plan
from watcher.daemon.scheduling.scan_records import ScanRecords
from watcher.evaluation.jumps import stored_table
from watcher.evaluation.tabling import needs_of
from watcher.fields import NUMERIC_INDEX, NUMERIC_NAMES, TEXTS
from watcher.incident import IncidentKind
from watcher.model import Instant, Scan, ScanState
from watcher.pipeline import evaluate
from watcher.refreshing import READ_AGAIN
from watcher.rules.conditions.base import Ago
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook, Watch
from watcher.store.engine import Engine
from watcher.store.ports import Store
from watcher.units import DAY, HOUR, MINUTE

DAYS, REGIONS = 120, 16
START: Instant = 20_000 * DAY
PRODUCTS, PAGE = 20, 10
HOUR_OF_DAY, DEVIATION = 5 * HOUR + 30 * MINUTE, 40 * MINUTE
SHIFTS, OMITTED, HALVES, APART = 3, 6, 2, 3 * HOUR
LEARNING = 7  # days
_MOVES = 0.9  # the share of products that move on a day


@dataclass(frozen=True, slots=True)
class Renewal:
    """New data of a market's ``day`` at an instant, all of it or a first half."""

    day: int
    at: Instant
    half: bool = False

    @property
    def whole(self) -> Instant:
        """When all of it is there."""
        return self.at + APART * self.half


def renewals(seed: int, days: int = DAYS) -> Sequence[Renewal]:
    """A region's luck."""
    luck = random.Random(seed)
    shifts = set(luck.sample(range(8, days - 2), SHIFTS))
    omitted = set(luck.sample(range(LEARNING, days - 1), OMITTED))
    halves = set(luck.sample([d for d in range(LEARNING, days - 1) if d not in omitted], HALVES))
    hour, found = float(HOUR_OF_DAY), list[Renewal]()
    for day in range(days):
        if day in shifts:
            hour += luck.choice((-1, 1)) * luck.uniform(2, 8) * HOUR
        if day not in omitted:
            at = START + day * DAY + round(luck.gauss(hour, DEVIATION))
            found.append(Renewal(day, at, day in halves))
    return found


@dataclass
class Region:
    """A region's source: 20 products, whose sales say of which days they have data."""

    seed: int
    renewals: Sequence[Renewal]
    _luck: np.random.Generator = field(init=False)
    _sales: dict[int, np.ndarray] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._luck = np.random.default_rng([self.seed, 1])
        sales = self._luck.integers(50, 500, PRODUCTS).astype(np.float64)
        self._sales[-1] = sales
        for each in self.renewals:
            moves = self._luck.random(PRODUCTS) < _MOVES
            sales = sales + moves * self._luck.integers(1, 9, PRODUCTS)
            self._sales[each.day] = sales

    def newest(self, now: Instant) -> Renewal | None:
        """The last renewal that has begun."""
        return next((each for each in reversed(self.renewals) if each.at <= now), None)

    def whole(self, now: Instant) -> bool:
        """Whether no renewal is half done."""
        newest = self.newest(now)
        return newest is None or newest.whole <= now

    def sales(self, now: Instant) -> np.ndarray:
        """(n,) 7-day sales as the source gives them."""
        newest = self.newest(now)
        if newest is None:
            return self._sales[-1]
        given = self._sales[newest.day]
        if newest.whole > now:
            before = self.renewals[self.renewals.index(newest) - 1]
            given = np.where(np.arange(PRODUCTS) % 2 == 0, given, self._sales[before.day])
        return given

    def of_day(self, day: int) -> np.ndarray:
        """(n,) the sales of the newest data of a market's day or before."""
        return self._sales[max(each for each in self._sales if each <= day)]


def page(watch: Watch, region: str, source: Region, at: Instant, size: int = PRODUCTS) -> Scan:
    """The list, or its first products, as it is read at an instant."""
    numbers = np.full((size, len(NUMERIC_NAMES)), np.nan)
    numbers[:, NUMERIC_INDEX["total_sale_7d_cnt"]] = source.sales(at)[:size]
    pages = -(-size // PAGE)
    return Scan(
        watch.key, region, at, at, at, ScanState.COMPLETE, pages, pages,
        tuple(f"{10**17 + place}" for place in range(size)), np.arange(1, size + 1), numbers,
        {text.name: (None,) * size for text in TEXTS},
    )  # fmt: skip


RULES = """
api: {key: k}
channels: {me: {url: "json://localhost"}}
operator: [me]
watches:
WATCHES
rules:
  - {name: day, watch: [NAMES], when: {total_sale_7d_cnt: {rises: 1, from: 1d ago}}}
  - {name: week, watch: [NAMES], when: {total_sale_7d_cnt: {rises: 1, from: 7d ago}}}
  - {name: usual, watch: [NAMES], when: {total_sale_7d_cnt: {rises: 30, from: median 14d}}}
  - {name: held, watch: [NAMES], for: 24h, when: {total_sale_7d_cnt: {at_least: 1}}}
"""


def rulebook(regions: Sequence[str], every: str = "refresh") -> Rulebook:
    """A watch in each region."""
    watches = "\n".join(
        f"  {name}: {{region: {name}, sort: total_sale_7d_cnt, top: {PRODUCTS}, every: {every}}}"
        for name in regions
    )
    names = ", ".join(f'"{name}"' for name in regions)
    return load_text(RULES.replace("WATCHES", watches).replace("NAMES", names))


@dataclass
class Played:
    """What came of it; ``delays`` are seconds from a renewal to the scan that read all of it."""

    looks: Counter[int] = field(default_factory=Counter)  # by UTC day
    delays: list[int] = field(default_factory=list)
    scans: int = 0
    old: int = 0  # scans of what had been read
    half: int = 0  # scans in the middle of a renewal
    again: int = 0  # of those the ones that were read again
    unseen: int = 0  # scans in the middle of a renewal that were taken for whole
    checked: int = 0  # baselines held against what the source had then
    wrong: list[tuple[int, int]] = field(default_factory=list)  # market's days, and days ago
    words: list[Instant] = field(default_factory=list)  # to the operator, of days left out

    def extra(self, days: int) -> float:
        """Credits a day, beside one scan for each renewal, after the days of learning."""
        first = START // DAY + LEARNING
        looks = sum(count for day, count in self.looks.items() if day >= first)
        return (looks + self.again * PRODUCTS // PAGE) / (days - LEARNING)


class Play:
    """One region, played by the daemon's own parts in a store."""

    def __init__(self, database: Store, book: Rulebook, region: str, source: Region) -> None:
        self.database, self.region, self.source = database, region, source
        self.now: Instant = START + 9 * HOUR
        self.records = ScanRecords(book, lambda: self.now)
        (self.watch,) = (each for each in book.used_watches if each.query.region == region)
        self.played = Played()
        self._half_at: Instant | None = None
        self._seen = -1  # the market's day that was read last, whole

    def run(self, end: Instant) -> Played:
        """Look, scan and tell until the end."""
        self._run(end)
        told = self.database.outbox.list(limit=1_000)
        self.played.words = sorted(
            each.created
            for each in told
            if each.message.incident is not None
            and each.message.incident.kind is IncidentKind.NO_REFRESH
        )
        return self.played

    def _run(self, end: Instant) -> None:
        while self.now < end:
            plan = note_plan(self.database, self.records, self.region)
            moments = [*plan.due.values(), *filter(None, (plan.look, plan.wakes(self.now)))]
            self.now = max(self.now, min(moments))
            if self.now >= end:
                break
            plan = note_plan(self.database, self.records, self.region)
            if any(due <= self.now for due in plan.due.values()):
                self._scan()
            elif plan.look is not None and plan.look <= self.now:
                self._look()
            self.now += 1

    def _look(self) -> None:
        self.played.looks[self.now // DAY] += 1
        scan = page(self.watch, self.region, self.source, self.now, PAGE)
        with self.database.atomic():
            note_look(self.database, self.region, self.watch, scan, self.now)

    def _scan(self) -> None:
        scan, played = page(self.watch, self.region, self.source, self.now), self.played
        rules = self.records.book.rules_of(self.watch)
        evaluate(
            self.database, scan, rules, self.records.channels, self.records.book.metrics, self.now
        )
        newest = self.source.newest(self.now)
        again = self._half_at is not None and self.now - self._half_at <= READ_AGAIN + MINUTE
        day = newest.day if newest is not None else -1
        played.scans += 1
        if not self.source.whole(self.now):
            played.half += 1
            self._half_at = self.now
        elif day <= self._seen:
            played.old += 1
        else:
            self._half_at = None
            if self._seen >= 0:
                first = (each for each in self.source.renewals if self._seen < each.day <= day)
                played.delays += [self.now - each.whole for each in first]
            self._seen = day
        played.again += again
        (noted,) = self.database.refreshes.days_of(self.watch.key, 1)
        half = noted.half
        if not self.source.whole(self.now):
            played.unseen += not half
        elif not half:
            self._check(day)

    def _check(self, day: int) -> None:
        """Hold the baselines of a scan that was all new against what the source had then."""
        history, rules = self.database.history, self.records.book.rules
        seen = history.newest_sighting(self.watch.key, np.arange(1, PRODUCTS + 1))
        if seen is None:
            return
        table = stored_table(
            self.database, seen.row, seen.recorded, needs_of(rules), self.watch.schedule
        )
        for need in needs_of(rules):
            if isinstance(need.from_, Ago) and day >= (back := need.from_.seconds // DAY):
                self.played.checked += 1
                if not np.array_equal(table.baseline(need)[0], self.source.of_day(day - back)):
                    self.played.wrong.append((day, back))


def play(seed: int, regions: int = REGIONS, days: int = DAYS) -> Iterator[tuple[Played, Play]]:
    """Play so many regions, each in a store of its own."""
    names = [f"{chr(65 + n // 26)}{chr(65 + n % 26)}" for n in range(regions)]
    for place, name in enumerate(names):
        with Engine.in_memory() as database:
            source = Region(1_000 * seed + place, renewals(1_000 * seed + place, days))
            each = Play(database, rulebook([name]), name, source)
            yield each.run(START + days * DAY), each


def at_fixed_times(seed: int, every: int, regions: int = REGIONS, days: int = DAYS) -> list[int]:
    """The delays of a list that is read on a grid, whatever the source does."""
    found = list[int]()
    for place in range(regions):
        luck = random.Random(f"{seed} {place}")
        phase = luck.randrange(every)
        for each in renewals(1_000 * seed + place, days):
            found.append((phase - each.whole) % every)
    return found


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: minutes, credits a day beside one scan, scans of old or half-new rows."""

    name: str
    median: float
    mean: float
    late: float  # the 95th percentile
    extra: float
    wasted: float  # scans a day of what had been read, or was half new

    def __str__(self) -> str:
        return (
            f"| `{self.name}` | {self.median:.0f} | {self.mean:.0f} | {self.late:.0f} "
            f"| {self.extra:.2f} | {self.wasted:.2f} |"
        )


def rows(seed: int, regions: int = REGIONS, days: int = DAYS) -> Iterator[Row]:
    """Refresh, and two grids."""
    played = [each for each, _ in play(seed, regions, days)]
    delays = [one for each in played for one in each.delays]
    extra = fmean(each.extra(days) for each in played)
    wasted = sum(each.old + each.half for each in played) / regions / days
    yield _row("every: refresh", delays, extra, wasted)
    for name, every in (("every: 24h", DAY), ("every: 6h", 6 * HOUR)):
        delays = at_fixed_times(seed, every, regions, days)
        scans = DAY / every
        new = (days - OMITTED) / days
        pages = PRODUCTS / PAGE
        yield _row(name, delays, (scans - 1) * pages, scans - new)


def _row(name: str, delays: Sequence[int], extra: float, wasted: float) -> Row:
    minutes = [each / MINUTE for each in delays]
    late = float(np.percentile(minutes, 95))
    return Row(name, median(minutes), fmean(minutes), late, extra, wasted)


HEAD: Mapping[str, str] = {
    "Schedule": "---",
    "Median delay, min": "--:",
    "Mean": "--:",
    "95th percentile": "--:",
    f"Credits a day beside a scan ({PRODUCTS // PAGE} pages)": "--:",
    "Scans a day of old or half-new rows": "--:",
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--regions", type=int, default=REGIONS)
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    print(f"| {' | '.join(HEAD)} |\n|{'|'.join(HEAD.values())}|")
    for row in rows(given.seed, given.regions, given.days):
        print(row)


if __name__ == "__main__":
    main()
