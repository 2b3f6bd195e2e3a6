"""What is worth hearing: the detectors and rules on a year of daily sales, and on the simulator.

    make signals                                       # the simulator's presets
    make signals FILE=sales.csv.gz TOP=100             # a file of daily sales as well
    make signals FILE=sales.csv RULES=rules.yaml       # and whole rules, by the program itself
    python -m benchmarks.signals sales.csv --presets   # the file alone

A row of the file is a product's day: product, date, units, amount, price. Budgets are alerts a day.
What is counted: benchmarks/truth.py, and docs/signals.md in words.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from benchmarks.detectors import scores
from benchmarks.frontier import Row, frontier, meanings
from benchmarks.judging import Bench
from benchmarks.ruled import Ruling, rulings
from benchmarks.sales import Sales, SalesError, collected, read
from benchmarks.simulated import PRESETS, simulated
from benchmarks.wording import budget_table, meaning_table, price_table, rule_table
from tools.marked import fill
from watcher.errors import WatcherError
from watcher.rules.loading import load
from watcher.rules.rulebook import Rulebook

MARK = "signals"
TOP = 200
A_DAY = (1.0, 4.0)  # of a top 200; of another list in proportion
# The rule file's channels are not used: any address will do.
_ENV = {"SLACK_URL": "json://localhost"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge, print, write."""
    chosen = _parser().parse_args(arguments)
    try:
        book = load([chosen.rules], {**_ENV, **os.environ}) if chosen.rules else None
        if chosen.write:
            fill(chosen.write.read_text("utf-8"), MARK, "")  # or all would be judged for nothing
        parts = []
        for title, sales in _markets(chosen):
            bench = _bench(title, sales, chosen)
            budgets = chosen.budgets or [a_day * chosen.top / TOP for a_day in A_DAY]
            parts.append("\n\n".join(_judged(title, bench, budgets, book)))
            print(f"{parts[-1]}\n", flush=True)
    except (WatcherError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    if chosen.write:
        page = fill(chosen.write.read_text("utf-8"), MARK, "\n\n".join(parts))
        chosen.write.write_text(page, "utf-8")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.signals",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("file", nargs="?", type=Path, help="a CSV of daily sales, perhaps .gz")
    parser.add_argument("--title", help="what the file is called in the table")
    parser.add_argument("--top", type=_positive, default=TOP, help=f"length of the list ({TOP})")
    parser.add_argument("--budgets", type=float, nargs="+", help="alerts a day (1 4 of a top 200)")
    parser.add_argument("--rules", type=Path, help="a rule file to judge whole")
    parser.add_argument(
        "--presets", nargs="*", choices=PRESETS, default=list(PRESETS), metavar="PRESET",
        help=f"the simulator's: {', '.join(PRESETS)} (all; none if no name follows)",
    )  # fmt: skip
    parser.add_argument("--days", type=_positive, default=374, help="of the simulator (374)")
    parser.add_argument(
        "--products", type=_positive, default=3_800, help="of the simulator (3,800)"
    )
    parser.add_argument(
        "--collected", type=_share, default=1.0, metavar="SHARE",
        help="of the products that the source looks at each day (1: all)",
    )  # fmt: skip
    parser.add_argument("--write", type=Path, metavar="PAGE", help="put the tables there, too")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return number


def _share(text: str) -> float:
    number = float(text)
    if not 0 < number <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most 1")
    return number


def _markets(chosen: argparse.Namespace) -> Iterator[tuple[str, Sales]]:
    if chosen.file:
        yield chosen.title or chosen.file.name, read(chosen.file)
    for preset in chosen.presets:
        sales = simulated(preset, days=chosen.days, products=chosen.products)
        yield f"The simulator, {preset}", sales


def _bench(title: str, sales: Sales, chosen: argparse.Namespace) -> Bench:
    try:
        if chosen.collected < 1:
            return Bench(sales, chosen.top, partial(collected, share=chosen.collected))
        return Bench(sales, chosen.top)
    except ValueError as error:
        raise SalesError(f"{title}: {error}") from error


def _judged(
    title: str, bench: Bench, budgets: Sequence[float], book: Rulebook | None
) -> Iterator[str]:
    """The parts of what is said of one market."""
    sales, (good, strictly) = bench.sales, bench.base()
    yield (
        f"**{title}**: {sales.days} days of {len(sales.products):,} products, the top {bench.top}. "
        f"{bench.truth.days} mornings are judged, with {len(bench.truth.takeoffs):,} take-offs. "
        f"Of all listed product-days {good:.0%} are good, {strictly:.0%} strictly."
    )
    found = scores(bench.view)
    rows: list[Row] = list(frontier(bench, found, budgets))
    for budget in budgets:
        yield budget_table(budget, [row for row in rows if row.budget == budget])
    yield meaning_table(meanings(bench, found))
    if book is not None:
        judged: list[Ruling] = list(rulings(bench, book, found["sales_growth"]))
        yield from _of_rules(judged, book)


def _of_rules(judged: Sequence[Ruling], book: Rulebook) -> Iterator[str]:
    if judged:
        yield rule_table(judged)
    if priced := [ruling for ruling in judged if ruling.priced is not None]:
        yield price_table(priced)
    told = {ruling.rule.name for ruling in judged}
    if silent := [rule.name for rule in book.rules if rule.name not in told]:
        yield f"Told of nothing, most of them for sales alone don't say it: {', '.join(silent)}."


if __name__ == "__main__":
    sys.exit(main())
