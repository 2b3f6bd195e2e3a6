"""Lists of products of several sellers, and rules on groups of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tests.fakes.world import World
from tests.store.making import GMV, SALES, scan
from watcher.alert import Alert
from watcher.evidence import Evidence
from watcher.model import Instant, Scan, ScanState
from watcher.notification.policy import policies_of
from watcher.pipeline import ScanOutcome, evaluate

PRICE, TREND = "spu_avg_price", "sales_trend_flag"
FIGURES = ("gmv", "mean_gmv", "mid")  # of which a change holds products of both times
METRICS = """
      gmv: {sum: total_sale_gmv_7d_amt}
      mean_gmv: {mean: total_sale_gmv_7d_amt}
      mid: {median: total_sale_gmv_7d_amt}
      cheapest: {min: spu_avg_price}
      dearest: {max: spu_avg_price}
      rising: {count: {sales_trend_flag: rising}}
      hot: {share: {sales_trend_flag: rising}}
      kinds: {distinct: category_l3_id}
      top: {top_share: {of: total_sale_gmv_7d_amt, by: category_l3_id, first: 1}}
      each: gmv / size
      mixed: rising + gmv
"""


@dataclass(frozen=True)
class Row:
    """A product of a list."""

    seller: str | None = "A"
    gmv: float = 100.0
    price: float = 10.0
    rising: bool = False
    kind: str = "1"
    region: str | None = None


Shelf = Mapping[str, Row]


def shelf_scan(
    at: Instant, shelf: Shelf, watch: str, state: ScanState = ScanState.COMPLETE, **more: object
) -> Scan:
    """The scan that lists these."""
    numbers = {
        product: {
            SALES: row.gmv / 10, GMV: row.gmv, PRICE: row.price, TREND: float(row.rising),
        }
        for product, row in shelf.items()
    }  # fmt: skip
    made = scan(at, numbers, watch=watch, state=state)
    texts = {
        **made.texts,
        "seller_id": tuple(row.seller for row in shelf.values()),
        "category_l3_id": tuple(row.kind for row in shelf.values()),
        "region": tuple(row.region for row in shelf.values()),
    }
    return replace(made, texts=texts, **more)  # type: ignore[arg-type]


def book_of(
    rules: Mapping[str, str], *, by: str = "seller_id", more: str = "", of: str = "best"
) -> str:
    """Rules by name, each with its conditions, on the groups ``by`` something of the lists."""
    written = "".join(
        f"  - {{name: {name}, watch: shelves, when: {{{when}}}{more}}}\n"
        for name, when in rules.items()
    )
    return (
        "watches:\n  best: {sort: total_sale_7d_cnt desc, top: 1000, every: 24h}\n"
        "  other: {sort: total_sale_30d_cnt desc, top: 1000, every: 24h}\n"
        '  shop: {shop: "7495981769829615944", top: 1000, every: 24h}\n'
        f"groups:\n  shelves:\n    of: {of}\n    by: {by}\n    metrics:{METRICS}rules:\n{written}"
    )


class Shelves(World):
    """A world whose scans list products of sellers."""

    def look(
        self,
        shelf: Shelf,
        state: ScanState = ScanState.COMPLETE,
        *,
        of: str = "best",
        days: int = 1,
        hours: int = 0,
        **more: object,
    ) -> ScanOutcome:
        """The next day's scan."""
        (watch,) = (each for each in self.book.watches if each.name == of)
        self.day += days
        now = self.now + hours * 3600
        made = shelf_scan(now, shelf, watch.key, state, **more)
        return evaluate(
            self.database, made, self.book.rules_of(watch), policies_of(self.book.channels),
            self.book.metrics, now + 60, report=self.reports.append,
        )  # fmt: skip

    def verdicts(self, outcome: ScanOutcome) -> dict[str, str]:
        """Of each rule, for the one group: ``m`` met, ``n`` not met, ``?`` no data, ``-`` of no
        group."""
        groups = {each.rule: (each.met, each.no_data) for each in outcome.judged}
        return {
            rule: "m" if met else "?" if no_data else "n" for rule, (met, no_data) in groups.items()
        }


def flat_market(
    days: int, products: int, sellers: int, seed: int = 7, *, noise: float = 0.1
) -> Sequence[Shelf]:
    """Lists of a market that stands still, of which about half is another one after a week, as of
    real lists: what sells goes on to sell as much, but for some noise."""
    rng = np.random.default_rng(seed)
    level = rng.lognormal(3, 1.3, products)
    seller = rng.integers(0, sellers, products)
    # Whether one is listed follows a place of its own that wanders.
    place, found = rng.normal(size=products), list[Shelf]()
    for _ in range(days):
        place = 0.93 * place + np.sqrt(1 - 0.93**2) * rng.normal(size=products)
        listed = np.argsort(-place)[: products // 4]
        gmv = level * rng.lognormal(0, noise, products)
        found.append({str(n): Row(f"s{seller[n]}", float(gmv[n])) for n in sorted(listed.tolist())})
    return found


def shelf(count: int, gmv: float = 100, first: int = 0, **more: object) -> Shelf:
    """So many products of one seller, no two of which sell the same."""
    return {
        str(n): Row(gmv=gmv * (1 + n / 1000), **more)  # type: ignore[arg-type]
        for n in range(first, first + count)
    }


def lively(count: int, day: int, grown: float = 1, first: int = 0) -> Shelf:
    """Such products on a day: a little moves all the time, or the data would be late."""
    return {
        product: replace(row, gmv=row.gmv * grown * (1 + 0.001 * (day % 3)))
        for product, row in shelf(count, first=first).items()
    }


def alert(world: Shelves, rule: str = "r") -> Alert:
    """The newest one."""
    return world.database.alerts.list(rule)[0].alert


def only(found: tuple[Evidence, ...]) -> Evidence:
    """The one of them."""
    (one,) = found
    return one
