"""What it costs to tell 10,000 things: as the messages of one scan, as the digest of what was held,
as the one message of a round of ten lists, and as a backlog that is joined.

CPU of all of the transaction; of a scan less what it costs when nobody is told.

    python -m benchmarks.composing [SHAPE ...]      # all of them: seconds, as JSON
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.lists import first_scan
from watcher.model import Scan
from watcher.notification.coalesce import join_backlog
from watcher.notification.flush_deferred import sweep
from watcher.notification.policy import OpenRound, policies_of
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load_text
from watcher.store.sqlite.database import Database
from watcher.units import DAY, MINUTE

_TIMES = 5  # of which the least counts: others run beside it


@dataclass(frozen=True, slots=True)
class Shape:
    """So many rules that hold for so many products of each of some lists, told to so many channels,
    at so many ``scans``. What a channel has beside its address, and a rule beside its conditions,
    are texts of the rule file."""

    rules: int
    products: int
    channels: int = 1
    lists: int = 1
    scans: int = 1
    channel: str = ""
    rule: str = ""

    def text(self) -> str:
        """The rule file."""
        names = [f"c{number}" for number in range(self.channels)]
        lists = [f"list-{number}" for number in range(self.lists)]
        channels = (f'  {name}: {{url: "json://localhost/{name}"{self.channel}}}' for name in names)
        watches = (
            f"  {name}: {{sort: total_sale_7d_cnt desc, top: {self.products + 10 * number}}}"
            for number, name in enumerate(lists)
        )
        rules = (
            f"  - {{name: {name}-{number}, watch: {name}{self.rule}, when: {{"
            "rank: {at_least: 1}, spu_avg_price: {at_least: 0}, "
            f"total_sale_7d_cnt: {{below: {10**9 + number}}}}}}}"
            for name in lists
            for number in range(self.rules)
        )
        defaults = f"{{region: US, every: 24h, notify: [{', '.join(names)}], cooldown: 24h}}"
        parts = ["channels:", *channels, f"defaults: {defaults}"]
        return "\n".join([*parts, "watches:", *watches, "rules:", *rules, ""])


SHAPES = {
    "one rule": Shape(1, 10_000),
    "100 rules on the same 100 products": Shape(100, 100),
    "1,000 products to each of 10 channels": Shape(1, 1_000, channels=10),
    "100 rules on 10 products to each of 10 channels": Shape(100, 10, channels=10),
    "a digest of 100 rules on 100 products": Shape(100, 100, channel=', digest: "08:00"'),
    "a joined backlog of 10 messages of 1,000 products": Shape(
        1, 1_000, scans=10, rule=", remind: 24h"
    ),
    "the end of a round of 10 lists of 1,000 products": Shape(1, 1_000, lists=10),
}


class _Played:
    """A shape's rules on lists that stay as they are, day by day."""

    def __init__(self, shape: Shape, database: Database) -> None:
        self._database = database
        self._book = load_text(shape.text())
        self._policies = policies_of(self._book.channels)
        self._lists = [first_scan(watch, 20_000 * DAY) for watch in self._book.used_watches]
        self._shape, self._day = shape, 0

    def cost(self) -> float:
        """Seconds of what the shape is about."""
        shape = self._shape
        self._scans(told=False)
        if shape.lists > 1:
            end = 20_000 * DAY + DAY + 5 * MINUTE
            self._scans(until={"c0": end})
            return _cpu(lambda: self._sweep(end))
        if shape.channel:
            self._scans()
            return _cpu(lambda: self._sweep(self._now + DAY))
        silent = _cpu(lambda: self._scans(told=False))
        told = [_cpu(self._scans) for _ in range(shape.scans)]
        if shape.scans > 1:
            return _cpu(lambda: join_backlog(self._database, self._book, "c0/1", self._now + DAY))
        return told[0] - silent

    @property
    def _now(self) -> int:
        return (20_000 + self._day) * DAY

    def _scans(self, *, told: bool = True, until: dict[str, int] | None = None) -> None:
        for scan, watch in zip(self._lists, self._book.used_watches, strict=True):
            rules = self._book.rules_of(watch) if told else ()
            later = _at(scan, self._now)
            round_ = OpenRound(self._book, until) if until is not None else None
            evaluate(
                self._database, later, rules, self._policies, self._book.metrics, later.at,
                round_=round_,
            )  # fmt: skip
        self._day += 1

    def _sweep(self, now: int) -> None:
        if not sweep(self._database, self._book, self._policies, now):
            raise RuntimeError("nothing was held")


def _at(scan: Scan, at: int) -> Scan:
    return replace(scan, at=at, started=at, finished=at, long_texts={})


def _cpu(run: Callable[[], object]) -> float:
    begin = time.process_time()
    run()
    return time.process_time() - begin


def cost_of(shape: Shape) -> float:
    """Seconds of CPU of a shape, on a database of its own."""
    with tempfile.TemporaryDirectory() as folder, Database.open(Path(folder) / "a.db") as database:
        return _Played(shape, database).cost()


if __name__ == "__main__":
    for name in sys.argv[1:] or SHAPES:
        found = min(cost_of(SHAPES[name]) for _ in range(_TIMES))
        print(json.dumps({name: round(found, 3)}), flush=True)
