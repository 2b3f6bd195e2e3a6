"""What is worth hearing: the detectors and rules on a year of daily sales, and on the simulator.

    make signals PRESETS="real flat"                   # the simulator's presets, side by side
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
from benchmarks.frontier import Meaning, Row, frontier, meanings
from benchmarks.judging import Bench
from benchmarks.ruled import rulings
from benchmarks.sales import Sales, SalesError, collected, read
from benchmarks.simulated import PRESETS, looked_at, simulated
from benchmarks.wording import (
    budget_table,
    meaning_table,
    meanings_side_by_side,
    price_table,
    rule_table,
    side_by_side,
)
from tools.marked import fill
from watcher.errors import WatcherError
from watcher.model import Floats
from watcher.rules.files.loading import load
from watcher.rules.rulebook import Rulebook

MARK = "signals"
TOP = 200
A_DAY = (1.0, 4.0)  # of a top 200; of another list in proportion
# The rule file's channels are not used: any address will do.
_ENV = {"SLACK_URL": "json://localhost"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge, print, write."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.rules and not chosen.file:
        parser.error("rules are judged on a file of sales: name one")
    chosen.budgets = chosen.budgets or [a_day * chosen.top / TOP for a_day in A_DAY]
    try:
        if chosen.write:
            fill(chosen.write.read_text("utf-8"), MARK, "")  # or all would be judged for nothing
        parts = []
        for part in _parts(chosen):
            parts.append(part)
            print(f"{part}\n", flush=True)
    except (WatcherError, ValueError, OSError) as error:
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
    add = parser.add_argument
    add("file", nargs="?", type=Path, help="a CSV of daily sales, perhaps .gz")
    add("--title", help="what the file is called in the tables")
    add("--top", type=_positive, default=TOP, help=f"length of the list ({TOP})")
    add("--budgets", type=float, nargs="+", help="alerts a day (1 4 of a top 200)")
    add("--rules", type=Path, help="a rule file to judge whole, on the file of sales")
    presets = f"the simulator's: {', '.join(PRESETS)} (all; none if no name follows)"
    add("--presets", nargs="*", choices=PRESETS, default=PRESETS, metavar="PRESET", help=presets)
    add("--days", type=_positive, default=374, help="of the simulator (374)")
    add("--products", type=_positive, default=3_800, help="of the simulator (3,800)")
    share = "of the file's products that the source looks at each day (1: all)"
    add("--collected", type=_share, default=1.0, metavar="SHARE", help=share)
    add("--write", type=Path, metavar="PAGE", help="put the tables there, too")
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


def _parts(chosen: argparse.Namespace) -> Iterator[str]:
    if chosen.file:
        book = load([chosen.rules], {**_ENV, **os.environ}) if chosen.rules else None
        title = chosen.title or chosen.file.name
        bench = _bench(title, read(chosen.file), chosen.top, chosen.collected)
        yield from _of_file(title, bench, chosen.budgets, book)
    if chosen.presets:
        yield from _of_presets(chosen)


def _bench(title: str, sales: Sales, top: int, looked: float) -> Bench:
    try:
        return (
            Bench(sales, top, partial(collected, share=looked)) if looked < 1 else Bench(sales, top)
        )
    except ValueError as error:
        raise SalesError(f"{title}: {error}") from error


def _of_file(
    title: str, bench: Bench, budgets: Sequence[float], book: Rulebook | None
) -> Iterator[str]:
    yield _begin(title, bench)
    found = scores(bench.view)
    rows = list(frontier(bench, found, budgets))
    for budget in budgets:
        yield budget_table(budget, _at(budget, rows))
    yield meaning_table(meanings(bench, found))
    if book is not None:
        yield from _of_rules(bench, book, found["sales_growth"])


def _begin(title: str, bench: Bench) -> str:
    sales, (good, strictly) = bench.sales, bench.base()
    return (
        f"**{title}**: {sales.days} days of {len(sales.products):,} products, the top {bench.top}. "
        f"{bench.truth.days} mornings are judged, with {len(bench.truth.takeoffs):,} take-offs. "
        f"Of all listed product-days {good:.0%} are good, {strictly:.0%} strictly."
    )


def _at(budget: float, rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.budget == budget]


def _of_rules(bench: Bench, book: Rulebook, growth: Floats) -> Iterator[str]:
    judged = list(rulings(bench, book, growth))
    if judged:
        yield rule_table(judged)
    if priced := [ruling for ruling in judged if ruling.priced is not None]:
        yield price_table(priced)
    told = {ruling.rule.name for ruling in judged}
    if silent := [rule.name for rule in book.rules if rule.name not in told]:
        yield f"Told of nothing, most of them for sales alone don't say it: {', '.join(silent)}."


def _of_presets(chosen: argparse.Namespace) -> Iterator[str]:
    rows, values = dict[str, list[Row]](), dict[str, list[Meaning]]()
    for preset in chosen.presets:
        title = f"The simulator, {preset}"
        sales = simulated(preset, days=chosen.days, products=chosen.products)
        bench = _bench(title, sales, chosen.top, looked_at(preset))
        found = scores(bench.view)
        yield _begin(title, bench)
        rows[preset] = list(frontier(bench, found, chosen.budgets))
        values[preset] = list(meanings(bench, found))
    yield "Of each preset: good / strictly / take-offs caught / set off by one order."
    for budget in chosen.budgets:
        yield side_by_side(budget, {preset: _at(budget, each) for preset, each in rows.items()})
    yield "Of each preset: alerts a day / good."
    yield meanings_side_by_side(values)


if __name__ == "__main__":
    sys.exit(main())
