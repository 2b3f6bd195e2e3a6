"""A long past, made through the real evaluation: the database that several cases measure on.

    python -m benchmarks.history FILE > FILE.json  # makes one, and what each scan took
    BENCH_YEAR=FILE make bench                     # uses that one

The products are the simulator's smooth market (figures of all versions were measured on it), all
88 numbers and all texts. Each day three in ten of the list show their new numbers, the others
those of the day before; the list is in the order of what is shown. What rules tell is marked as
sent, and the pruner runs once a day, as the daemon's. A product's long texts are stored once, when
it is first seen.
"""

from __future__ import annotations

import argparse
import atexit
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from benchmarks.processes import answer, child, measured
from watcher.fields import LONG_TEXTS, NUMERIC, NUMERIC_INDEX, NUMERIC_NAMES, TEXTS
from watcher.model import Floats, Instant, Ints, LongTexts, Scan, ScanState
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook, Watch
from watcher.source.simulator import SMOOTH, Market
from watcher.store.packing import PackedList
from watcher.store.sqlite.database import Database
from watcher.units import DAY, utc_day

PRODUCTS, DAYS, CHANGING = 10_000, 365, 0.3
_SALES = NUMERIC_INDEX["total_sale_7d_cnt"]
_WHEN = (  # of each kind of baseline; N is the rule's own number
    "sales_trend_flag: {becomes: rising}, total_video_7d_cnt: {rises: N%, from: 7d ago}",
    "sales_growth: {at_least: 50%}, total_sale_7d_cnt: {rises: N%, from: median 14d}",
    "total_sale_7d_cnt: {at_least: 500}, spu_avg_price: {falls: N%}",
    "total_ifl_video_7d_cnt: {rises: N%, from: 7d ago, min_change: 20}",
    "total_sale_7d_cnt: {crosses_above: N00}, rank: {climbs: 20}",
)


@dataclass(frozen=True, slots=True)
class Made:
    """One scan: seconds of its transaction, observations written, products that it saw."""

    at: Instant
    products: int
    changed: int
    cpu: float
    wall: float


def rules(number: int = 20, top: int = PRODUCTS) -> str:
    """A rule file: so many rules on one daily watch, with baselines of several kinds."""
    written = "\n".join(
        f"  - {{name: rule-{index}, description: Worth a look, watch: all, severity: warning, "
        f"when: {{{_WHEN[index % len(_WHEN)].replace('N', str(20 + index))}}}}}"
        for index in range(number)
    )
    return (
        'api: {key: none, credits_per_day: 5000}\nchannels:\n  me: {url: "json://localhost/"}\n'
        "defaults: {region: US, every: 24h, notify: [me], cooldown: 24h}\n"
        f"watches:\n  all: {{sort: total_sale_7d_cnt desc, top: {top}}}\nrules:\n{written}\n"
    )


def make_year(
    path: Path, *, rules: str, products: int = PRODUCTS, days: int = DAYS, until: Instant,
    changing: float = CHANGING,
) -> list[Made]:  # fmt: skip
    """A new database of daily scans of every used watch of the rule file ``rules``.

    A watch sees the first ``top`` of a list of ``products``; each must be a daily one. Its last
    scan is the last that was due at ``until``: a daemon started then finds nothing to do.
    """
    book = load_text(rules)
    source = _Source(products, utc_day(until - days * DAY), changing)
    made: list[Made] = []
    with Database.open(path) as database:
        for hurry in ("synchronous = OFF", "cache_size = -300000", "wal_autocheckpoint = 20000"):
            database.execute(f"PRAGMA {hurry}")
        database.rules.sync(book.marks, until - days * DAY)
        for day in range(days - 1, -1, -1):
            source.next_day()
            for watch in book.used_watches:
                scan = source.scan(watch, _last_due(watch, until) - day * DAY, database)
                made.append(store(database, book, watch, scan))
            _prune(database, book, until - day * DAY)
    return made


def _last_due(watch: Watch, until: Instant) -> Instant:
    at = watch.schedule.next(until - DAY)
    return at if at <= until else at - DAY


def store(database: Database, book: Rulebook, watch: Watch, scan: Scan) -> Made:
    """Through the transaction that the daemon makes of a scan; then its messages are sent."""
    chosen, policies = book.rules_of(watch), policies_of(book.channels)
    with measured() as cost:
        outcome = evaluate(database, scan, chosen, policies, book.metrics, scan.finished)
    with database.atomic():
        for notification in outcome.notifications:
            database.outbox.sent(notification, scan.finished)
    return Made(scan.at, len(scan), outcome.changed, cost.cpu, cost.wall)


def _prune(database: Database, book: Rulebook, now: Instant) -> None:
    limits = now - book.keep.observations, now - book.keep.notifications
    while database.pruner.step(*limits).more:
        pass


class _Source:
    """A market as a slow source shows it: of what moved, a part is brought up to date a day."""

    def __init__(self, products: int, start: date, changing: float) -> None:
        self._market = Market(start=start, products=products, regions=("US",), behaviour=SMOOTH)
        self._products, self._changing = products, changing
        self._random = np.random.default_rng(products)
        self._numbers: Floats = np.zeros((0, len(NUMERIC_NAMES)))
        self._texts: dict[str, tuple[str | None, ...]] = {}
        self._order: Ints = np.zeros(0, np.int64)
        self._ids: tuple[str, ...] = ()

    def next_day(self) -> None:
        """What the list shows on the next day."""
        if len(self._numbers):
            self._market.advance()
        market, known = self._market, len(self._numbers)
        now = np.column_stack([market.column(name) for name in NUMERIC_NAMES]).astype(np.float64)
        now = now[: len(market.listed())]
        listed = np.flatnonzero(market.listed())
        old = listed[listed < known]
        moved = old[(now[old] != self._numbers[old]).any(axis=1)]
        most = min(len(moved), round(self._changing * self._products))
        moved = self._random.choice(moved, most, replace=False)
        self._numbers = np.concatenate([self._numbers, now[known:]])
        self._numbers[moved] = now[moved]
        places = np.argsort(-self._numbers[listed, _SALES], kind="stable")[: self._products]
        ids = market.product_ids()
        self._order = listed[places]
        self._ids = tuple(ids[place] for place in places.tolist())

    def scan(self, watch: Watch, at: Instant, database: Database) -> Scan:
        """A complete scan of the list's first products, with long texts of those not known."""
        ids = self._ids[: watch.query.top]
        unread = set(ids) - database.history.known_texts(watch.query.region, 0)
        long_texts = {}
        for each in unread:
            record = self._market.product(each)
            self._texts[each] = tuple(_text(record[field.name]) for field in TEXTS)
            long_texts[each] = LongTexts(*(_text(record[field.name]) for field in LONG_TEXTS))
        columns = zip(*(self._texts[each] for each in ids), strict=True)
        return Scan(
            watch.key, watch.query.region, at, at, at + 60, ScanState.COMPLETE,
            -(-len(ids) // 10), -(-len(ids) // 10), ids, np.arange(1, len(ids) + 1),
            self._numbers[self._order[: len(ids)]],
            {field.name: column for field, column in zip(TEXTS, columns, strict=True)},
            long_texts,
        )  # fmt: skip


def again(database: Database, watch: Watch) -> Scan:
    """The newest scan of ``watch`` a day later, as the store has it: nothing changed since."""
    last = database.history.last_scan(watch.key)
    if last is None:
        raise LookupError(watch.name)
    blob = database.one("SELECT products FROM scans WHERE id = ?", (last.id,)) or ()
    listing = PackedList.unpack(blob[0], last.products, last.id)
    facts = database.history.facts(listing.products.tolist())
    rows = [facts[key] for key in listing.products.tolist()]
    texts: dict[str, tuple[str | None, ...]] = {each.name: (None,) * len(rows) for each in TEXTS}
    numbers = np.array([list(row.numbers.values()) for row in rows], np.float64)
    ids = tuple(row.product_id for row in rows)
    at = last.at + DAY
    return Scan(
        watch.key, last.region, at, at, at + 60, ScanState.COMPLETE, last.requests, last.pages,
        ids, listing.ranks, numbers, texts,
    )  # fmt: skip


def moving(scan: Scan) -> Iterator[Scan]:
    """``scan`` on one day after another, with other counters of three in ten products each."""
    random = np.random.default_rng(1)
    numbers: Floats = scan.numbers.copy()
    counters = np.array([field.window is not None for field in NUMERIC])
    for day in count():
        chosen = random.random(len(scan)) < CHANGING
        numbers[np.ix_(chosen, counters)] += 1
        yield replace(scan, at=scan.at + day * DAY, numbers=numbers.copy())


def _text(value: object) -> str | None:
    return None if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Year:
    """A made database, to be copied and not to be changed, and what its scans took.

    It ends at ``until``, which is about when it was made: what reads the clock finds it fresh.
    """

    path: Path
    until: Instant
    scans: list[Made]

    def copy(self, target: Path) -> Path:
        """Another file with the same content, to do with as one likes.

        It is on the disk already: else the first who has his own bytes written there would wait
        for all of it.
        """
        with self.path.open("rb") as source, target.open("wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
            copy.flush()
            os.fsync(copy.fileno())
        return target


@cache
def year(days: int = DAYS) -> Year:
    """A year, or other days, of ``rules()``: made once a run by a process of its own, removed at
    the end.

    Where the environment names a year in ``BENCH_YEAR`` (other days in ``BENCH_120_DAYS``; made by
    this module, what it printed beside it as FILE.json), that one is used.
    """
    kept = os.environ.get("BENCH_YEAR" if days == DAYS else f"BENCH_{days}_DAYS")
    if kept:
        return _year(Path(kept), msgspec.json.decode(Path(f"{kept}.json").read_bytes()))
    folder = tempfile.mkdtemp(prefix="year-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / "year.db"
    return _year(path, child("benchmarks.history", str(path), "--days", str(days)))


def _year(path: Path, made: dict[str, Any]) -> Year:
    return Year(path, made["until"], msgspec.convert(made["scans"], list[Made]))


def main() -> None:
    """Make one, and say what each scan took."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--products", type=int, default=PRODUCTS)
    chosen = parser.parse_args()
    until = int(time.time())
    made = make_year(
        chosen.file, rules=rules(), products=chosen.products, days=chosen.days, until=until
    )
    answer({"until": until, "scans": [asdict(each) for each in made]})


if __name__ == "__main__":
    main()
