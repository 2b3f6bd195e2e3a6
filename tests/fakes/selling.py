"""A shop that sells so many a day, as the API tells of it, and alerts that were told of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from msgspec.structs import replace

from tests.store.making import DAY, START, firing, scan
from watcher.alert import AlertState
from watcher.message import Message
from watcher.model import Instant, ScanState, Severity
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rule
from watcher.store.ports import Store

HEAD = """
channels:
  me: {url: "json://localhost/"}
  boss: {url: "json://localhost/b"}
defaults: {region: US, notify: [me]}
"""
LIST = "{sort: total_sale_7d_cnt desc, top: %d}"
MORNING = START - START % DAY + 9 * 3600  # of day 0
OLD = 20200101  # a day long before


def counters(sold: Sequence[float], day: int, total: float = 1_000) -> dict[str, float]:
    """What the API tells on the morning of a day of a product that sold so many each day: day 0
    is the first of ``sold``, before it nothing was sold."""
    until = np.asarray(sold[:day], np.float64)
    found = {f"total_sale_{k}d_cnt": float(until[max(0, day - k) :].sum()) for k in (1, 7, 15, 30)}
    return {**found, "total_sale_cnt": total + float(until.sum()), "first_crawl_dt": OLD}


def steps(*parts: tuple[int, float]) -> list[float]:
    """Days and sales a day, one after the other."""
    return [sales for days, sales in parts for _ in range(days)]


@dataclass
class Shop:
    """A database, the rules over one list, and what each product sells a day."""

    database: Store
    rules: str
    sold: Mapping[str, Sequence[float]]
    top: int = 100
    filters: str = ""
    keys: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        listed = LIST % self.top
        if self.filters:
            listed = listed.replace("{", "{" + self.filters + ", ")
        self.text = HEAD + self.rules.replace("WATCH", listed)
        self.book = load_text(self.text)
        self.database.rules.sync(self.book.marks, MORNING - 400 * DAY)

    @property
    def rule(self) -> Rule:
        return self.book.rules[0]

    def morning(self, day: int) -> Instant:
        """When the scan of that day is."""
        return MORNING + day * DAY

    def read(
        self, days: Iterable[int], *, late: Iterable[int] = (), without: Mapping[str, object] = {},
        drop: Sequence[str] = (), watch: str = "", state: ScanState = ScanState.COMPLETE,
        more: Mapping[str, Mapping[str, float]] = {},
    ) -> None:  # fmt: skip
        """Scan the list each of these mornings, the best by 7-day sales first.

        On ``late`` days the numbers are those of the day before. ``without`` has the mornings on
        which a product is not listed; ``drop`` fields are told by no scan. ``more`` are further
        fields, by product.
        """
        stale = set(late)
        for day in days:
            told = day - 1 if day in stale else day
            products = {
                name: {**counters(sold, told), **more.get(name, {})}
                for name, sold in self.sold.items()
                if day not in list(without.get(name, ()))  # type: ignore[call-overload]
            }
            for values in products.values():
                for name in drop:
                    values.pop(name, None)
            order = sorted(products, key=lambda name: -products[name].get("total_sale_7d_cnt", 0))[
                : self.top
            ]
            made = scan(
                self.morning(day), {name: products[name] for name in order},
                watch=watch or self.rule.watch.key, state=state,
            )  # fmt: skip
            recorded = self.database.history.record(made)
            self.keys |= dict(zip(order, recorded.products.tolist(), strict=True))

    def tell(
        self, product: str, day: int, rule: str = "r", *, channels: Sequence[str] = ("me",),
        decision: str = "firing", alert: int = 0, state: str = "sent", kind: str = "alerts",
        resolved: int | None = None,
    ) -> int:  # fmt: skip
        """An alert that fired that morning (or the one given), as its channels were told; its
        id."""
        if not alert:
            made = firing(rule, self.keys[product], self.morning(day))
            if resolved is not None:
                made = replace(made, state=AlertState.INACTIVE, resolved_at=self.morning(resolved))
            (saved,) = self.database.alerts.save([made])
            alert = saved.id
        self.message({decision: (alert,)}, day, rule, channels=channels, state=state, kind=kind)
        return alert

    def message(
        self, alerts: Mapping[str, tuple[int, ...]], day: int, rule: str = "r", *,
        channels: Sequence[str] = ("me",), state: str = "sent", kind: str = "alerts",
    ) -> None:  # fmt: skip
        """A message of these alerts to each channel."""
        at = self.morning(day)
        for channel in channels:
            body = Message(kind, "t", Severity.INFO, at, rule, data_at=at, alerts=dict(alerts))
            for row in self.database.outbox.add(channel, [f"{channel}/1"], body, at):
                match state:
                    case "sent":
                        self.database.outbox.sent(row, at)
                    case "dead":
                        self.database.outbox.dead(row, at, "404")
                    case "dropped":
                        self.database.outbox.drop([row], at)
