"""How much a channel is told a week, were a file of sales the shop's list: with a message for each
rule and scan, and with one for all.

    python -m benchmarks.messages sales.csv.gz --top 100
    python -m benchmarks.messages sales.csv.gz --rules rules.yaml

Five rules as a seller may have them, or those of a file. A week is from Monday; those in which
nothing was told count, too, but not the first eight, in which the past is short.
"""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.sales import View, read
from benchmarks.told import list_of, scans
from tools.marked import table
from watcher.delivery.message import render
from watcher.delivery.rendered import Style
from watcher.message import Message
from watcher.model import Instant
from watcher.notification.policy import NotifyPolicy
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load, load_text
from watcher.rules.rulebook import Rulebook
from watcher.store.sqlite.database import Database
from watcher.text.messages import title_of
from watcher.units import DAY

RULES = """
channels: {me: {url: "json://localhost"}}
defaults: {region: GB, notify: [me], cooldown: 7d}
watches: {list: {sort: total_sale_7d_cnt desc, top: 200, every: 24h}}
rules:
  - {name: breakout, watch: list, when: {sales_surge: {at_least: 2.5}}, severity: warning}
  - {name: price-cut, watch: list, when: {spu_avg_price: {falls: 10%, from: median 14d}}}
  - {name: climbs, watch: list, when: {rank: {climbs: 20, from: 7d ago}}}
  - {name: enters-top-20, watch: list, when: {rank: {enters_top: 20}}}
  - {name: accelerates, watch: list, when: {sales_growth: {at_least: 100%}}}
"""
BY_RULE, JOINT = "a message a rule", "one for all"
_EARLY = 8 * 7 * DAY
_MONDAY = 4 * DAY  # the epoch was a Thursday


@dataclass(frozen=True, slots=True)
class Week:
    """A channel's messages of a week: in plain text so many lines and characters; ``shown`` are
    products in full, ``products`` how many different ones of a day these are."""

    messages: int = 0
    lines: int = 0
    characters: int = 0
    shown: int = 0
    products: int = 0


def weeks(view: View, book: Rulebook) -> dict[str, dict[Instant, Week]]:
    """What both channels are told in each week, by the week's begin."""
    watch = list_of(view)
    names = {BY_RULE: True, JOINT: False}
    rules = [replace(rule, watches=(watch,), notify=tuple(names)) for rule in book.rules]
    policies = {
        name: NotifyPolicy(name, (f"{name}/1",), by_rule=by_rule) for name, by_rule in names.items()
    }
    told: dict[str, dict[Instant, list[Message]]] = {name: defaultdict(list) for name in names}
    begin = None
    with Database.in_memory() as database:
        for _, scan in scans(view, watch):
            begin = scan.at + _EARLY if begin is None else begin
            outcome = evaluate(database, scan, rules, policies, book.metrics, scan.at)
            if scan.at >= begin:
                week = scan.at - (scan.at - _MONDAY) % (7 * DAY)
                for name in names:
                    told[name][week] += _messages(database, outcome.notifications, name)
    known = sorted({week for each in told.values() for week in each})
    return {name: {week: _week(each[week]) for week in known} for name, each in told.items()}


def _messages(database: Database, rows: Iterable[int], channel: str) -> list[Message]:
    found = (database.outbox.get(row) for row in rows)
    return [each.message for each in found if each is not None and each.channel == channel]


def _week(messages: Sequence[Message]) -> Week:
    texts = [f"{title_of(each)}\n{render(each, Style.PLAIN).body}" for each in messages]
    shown = [(each.data_at, item.product_id) for each in messages for item in each.items]
    return Week(
        len(texts), sum(text.count("\n") + 1 for text in texts), sum(map(len, texts)),
        len(shown), len(set(shown)),
    )  # fmt: skip


def report(told: dict[str, dict[Instant, Week]]) -> str:
    """The mean week, and the one with the median of lines."""
    known = [*told[BY_RULE]]
    lines = [told[BY_RULE][week].lines for week in known]
    median = known[int(np.argsort(lines, kind="stable")[len(known) // 2])]
    head = ("", "messages", "lines", "characters", "products in full", "different ones a day")
    rows = [
        (f"{which}, {name}", *(f"{value:,.0f}" for value in values))
        for which, chosen in (("the median week", [median]), ("the mean week", known))
        for name, each in told.items()
        for values in [np.mean([_numbers(each[week]) for week in chosen], axis=0)]
    ]
    return f"{len(known)} weeks\n\n{table(head, rows)}"


def _numbers(week: Week) -> tuple[int, ...]:
    return (week.messages, week.lines, week.characters, week.shown, week.products)


def main() -> None:
    """Replay, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.messages")
    parser.add_argument("file", type=Path, help="product, date, units, amount, price")
    parser.add_argument("--top", type=int, default=200, help="products of the list")
    parser.add_argument("--rules", type=Path, help="a rule file, in place of five usual rules")
    chosen = parser.parse_args()
    env = {**os.environ, "SLACK_URL": "json://localhost"}
    book = load([chosen.rules], env) if chosen.rules else load_text(RULES)
    print(report(weeks(View(read(chosen.file), chosen.top), book)))


if __name__ == "__main__":
    main()
