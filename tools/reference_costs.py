"""The tables of ``docs/choosing.md``: what a watch of each kind, and each starter file, costs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.marked import table
from watcher.analysis.forecast import Forecast, forecast
from watcher.cli.init import KINDS, starter
from watcher.model import Instant
from watcher.rules.files.loading import load, load_text
from watcher.rules.rulebook import Rulebook

NOW: Instant = 1_767_225_600  # 2026-01-01; a day costs the same on every other
_LIST = {"sort": "total_sale_7d_cnt desc"}
_SHOP = {"shop": "7495981769829615944"}


@dataclass(frozen=True, slots=True)
class Choice:
    """A row: what somebody wants to watch, and the watch that does it."""

    wish: str
    watch: Mapping[str, object]
    shown: str

    @property
    def book(self) -> Rulebook:
        rule = {"name": "a", "watch": "w", "when": {"total_sale_7d_cnt": 1}}
        defaults = {"region": "US", "every": "24h"}
        text = {"defaults": defaults, "watches": {"w": self.watch}, "rules": [rule]}
        return load_text(json.dumps(text))


def _own(count: int) -> Mapping[str, object]:
    return {"products": [str(1_729_000_000_000_000_000 + number) for number in range(count)]}


CHOICES = (
    Choice("the 100 bestsellers", {**_LIST, "top": 100}, "top: 100"),
    Choice("the 200 bestsellers", {**_LIST, "top": 200}, "top: 200"),
    Choice("the 1,000 bestsellers", {**_LIST, "top": 1000}, "top: 1000"),
    Choice("the 200, within the hour of the day's data", {**_LIST, "top": 200, "every": "refresh"},
           "top: 200, every: refresh"),
    Choice("the 200, every six hours", {**_LIST, "top": 200, "every": "6h"}, "top: 200, every: 6h"),
    Choice("the 200, every hour", {**_LIST, "top": 200, "every": "1h"}, "top: 200, every: 1h"),
    Choice("a shop of up to 100 products", {**_SHOP, "top": 100}, "shop, top: 100"),
    Choice("a shop of up to 1,000 products", {**_SHOP, "top": 1000}, "shop, top: 1000"),
    Choice("10 products of your own", _own(10), "products, 10 ids"),
    Choice("100 products of your own", _own(100), "products, 100 ids"),
    Choice("1,000 products of your own", _own(1000), "products, 1,000 ids"),
    Choice("10 products of your own, every hour", {**_own(10), "every": "1h"},
           "products, 10 ids, every: 1h"),
    Choice("10 products of your own, within the hour of the day's data",
           {**_own(10), "every": "refresh"}, "products, 10 ids, every: refresh"),
)  # fmt: skip
_FOR = {
    "affiliate": "what to promote next; what you promote: commission, sold out, delisted",
    "seller": "what rivals do; what takes off in the category; how your own stand",
    "dropshipper": "what to source next; when to get out",
    "brand": "who sells your name, below which price; ratings, complaints, lost reviews",
    "agency": "each client's products in a channel of its own, and what can't wait",
}


def watches() -> str:
    """What is to be watched, the watch, its requests, and its credits by day and month."""
    rows = [(each.wish, f"`{each.shown}`", *_costs(each.book)) for each in CHOICES]
    return table(("you want", "the watch", "requests a scan", "credits a day", "in 30 days"), rows)


def starters() -> str:
    """The starter files: for whom, what of, and what a day costs."""
    rows = [
        (f"`watcher init --for {kind}`", _FOR[kind], str(rules), f"{costs.credits_a_day:,.0f}")
        for kind, rules, costs in _starters()
    ]
    return table(("command", "tells of", "rules", "credits a day"), rows)


def _starters() -> Iterator[tuple[str, int, Forecast]]:
    for kind in KINDS:
        with TemporaryDirectory() as folder:
            for name, text in starter(kind).items():
                Path(folder, name).write_text(text, "utf-8")
            book = load([Path(folder, "rules.yaml")], {})
        yield kind, len(book.rules), forecast(book, {}, NOW)


def _costs(book: Rulebook) -> tuple[str, str, str]:
    costs = forecast(book, {}, NOW)
    requests = sum(cost.requests for cost in costs.watches)
    return f"{requests:,}", _whole(costs.credits_a_day), _whole(costs.credits_a_month)


def _whole(amount: float) -> str:
    return re.sub(r"\.0$", "", f"{amount:,.1f}")
