"""A backtest over a year of daily scans of 10,000 products, three in ten of which change a day.

One rule of each kind of baseline, and a hundred rules from one read, as the command does it; the
process's CPU and peak memory, its start included.

    python -m benchmarks.backtests FILE kinds 0     # what a child does: one of the kinds,
    python -m benchmarks.backtests FILE hundred     # all of a file of a hundred
    python -m benchmarks.backtests FILE bare        # reads the rows, and no more
"""

from __future__ import annotations

import gc
import sqlite3
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.history import rules, year
from benchmarks.processes import answer, child, peak
from benchmarks.report import Line
from watcher.analysis.backtest import backtests
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.sqlite.database import Database
from watcher.units import DAY

MOST_ONE, MOST_HUNDRED, MOST_MEMORY = 5.0, 15.0, 4.5  # against reading the same rows
_KINDS = 5  # of baselines, in the rules of the year
_TIME = 400 * DAY
_COLUMNS = (
    "total_sale_7d_cnt", "total_sale_gmv_7d_amt", "spu_avg_price", "total_ifl_cnt",
    "sales_trend_flag", "total_sale_cnt",
)  # fmt: skip
# Each tells of some products a day, as rules do that somebody reads; N is the rule's own number.
_WHEN = (
    "sales_trend_flag: {becomes: rising}, total_sale_7d_cnt: {at_least: N000}",
    "total_sale_7d_cnt: {rises: 1N%, from: 7d ago, min_change: 500}",
    "spu_avg_price: {falls: N%}, total_sale_7d_cnt: {at_least: 500}",
    "rank: {climbs: N0}, total_sale_gmv_7d_amt: {above: 50000}",
    "total_ifl_cnt: {rises: 1N%, from: median 7d, min_change: N}",
)


def lines(times: int) -> Iterator[Line]:
    """The case; the year is made once, each backtest is a process of its own."""
    path = str(year().path)
    ones = [
        [child("benchmarks.backtests", path, "kinds", str(kind)) for kind in range(_KINDS)]
        for _ in range(times)
    ]
    bare = child("benchmarks.backtests", path, "bare")
    slowest = max(ones[0], key=lambda each: float(each["cpu"]))
    yield Line(
        "`watcher backtest` of one rule over a year of daily scans of 10,000 products, CPU: of "
        "five kinds the one in the middle, against reading its rows by sqlite3 alone",
        tuple(statistics.median(each["cpu"] for each in found) / bare["cpu"] for found in ones),
        "x", MOST_ONE,
        beside=f"{statistics.median(each['cpu'] for each in ones[0]):.1f} s against "
        f"{bare['cpu']:.1f} s; the slowest {slowest['cpu']:.1f} s: {slowest['fired']:,} alerts, "
        f"{slowest['messages']:,} messages",
    )  # fmt: skip
    yield Line(
        "... peak memory",
        tuple(max(each["peak"] for each in found) / bare["peak"] for found in ones), "x",
        MOST_MEMORY, beside=f"{max(each['peak'] for each in ones[0]):.0f} MB against "
        f"{bare['peak']:.0f} MB",
    )  # fmt: skip
    hundreds = [child("benchmarks.backtests", path, "hundred") for _ in range(times)]
    yield Line(
        "... of a hundred rules, from one read, CPU",
        tuple(each["cpu"] / bare["cpu"] for each in hundreds), "x", MOST_HUNDRED,
        beside=f"{hundreds[0]['cpu']:.1f} s; {hundreds[0]['fired']:,} alerts, "
        f"{hundreds[0]['messages']:,} messages; {max(each['peak'] for each in hundreds):,.0f} MB",
    )  # fmt: skip


def hundred() -> str:
    """A rule file: a hundred rules on the year's watch."""
    head, _, _ = rules(1).partition("rules:\n")
    written = "\n".join(
        f"  - {{name: rule-{index}, watch: all, "
        f"when: {{{_WHEN[index % _KINDS].replace('N', str(10 + index % 60))}}}}}"
        for index in range(100)
    )
    return f"{head}rules:\n{written}\n"


def main(path: Path, what: str, kind: int) -> None:
    """One backtest, and what it took."""
    gc.disable()  # as the command
    if what == "hundred":
        book = load_text(hundred())
        chosen: tuple[Rule, ...] = book.rules
    else:
        book = load_text(rules())
        chosen = (book.rules[kind],)
    fired, messages = _play(path, book, chosen)
    answer({"cpu": time.process_time(), "peak": peak() / 1e6, "fired": fired, "messages": messages})


def read(path: Path) -> None:
    """Every observation's time, product and six numbers, and every list, as sqlite3 gives them."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        for text in (f"SELECT product, at, {', '.join(_COLUMNS)} FROM observations",
                     "SELECT at, products FROM scans"):  # fmt: skip
            rows = sum(1 for _ in connection.execute(text))
    answer({"cpu": time.process_time(), "peak": peak() / 1e6, "rows": rows})


def _play(path: Path, book: Rulebook, chosen: tuple[Rule, ...]) -> tuple[int, int]:
    with Database.open(path, readonly=True) as database:
        until = database.number("SELECT max(finished) FROM scans")
        found = backtests(database, book, chosen, (until - _TIME, until))
    return sum(each.fired for each in found.rules), len(found.told)


if __name__ == "__main__":
    if sys.argv[2] == "bare":
        read(Path(sys.argv[1]))
        sys.exit()
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0)
