"""Sellers and categories side by side: what the newest lists have of each, and what fires on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import isnan

import numpy as np

from watcher.analysis.assortments import GMV, SALES, OnLists, kinds_of, total
from watcher.model import Floats, Ints
from watcher.store.ports import Store


@dataclass(frozen=True, slots=True)
class AssortmentTally:
    """A seller or category of a region: how many products any scan ``found`` of it, how many are
    ``listed`` now, what these sold (NaN: nobody knows), GMV by currency as ``Past`` has it, and the
    alerts that fire on any of its products, or on it as a group."""

    region: str
    value: str
    found: int
    listed: int = 0
    sales: float = np.nan
    gmv: Mapping[str, float] = field(default_factory=dict)
    firing: int = 0

    @property
    def most_gmv(self) -> float:
        """The largest of its sums, to sort by; NaN where there is none."""
        known = [each for each in self.gmv.values() if not isnan(each)]
        return max(known, default=np.nan)


def tallies(
    database: Store, by: str, lists: OnLists, *, alike: bool = False
) -> tuple[list[AssortmentTally], dict[str, int]]:
    """All that were found, and by region how many listed products are of nobody known. All GMV is
    ``alike`` where the user says what it is in."""
    found = {(each.region, each.value): each.products for each in database.assortments.found(by)}
    live = database.assortments.live_alerts()
    products = lists.products.tolist()
    asked = np.concatenate([lists.products, live.products[live.firing]])
    of = [*database.assortments.values(by, asked)]
    alerts: dict[tuple[str, str], int] = {}
    for region, value, _currency in of[len(products) :]:
        if value is not None:
            alerts[region, value] = alerts.get((region, value), 0) + 1
    rows: dict[tuple[str, str | None], list[int]] = {}
    for place, (region, value, _currency) in enumerate(of[: len(products)]):
        rows.setdefault((region, value), []).append(place)
    currencies = [None if alike else currency for _, _, currency in of[: len(products)]]
    made = []
    for each, count in found.items():
        own = rows.get(each, [])
        sums = sums_of(lists, np.array(own, np.int64), [currencies[row] for row in own])
        made.append(
            replace(sums, region=each[0], value=each[1], found=count, firing=alerts.get(each, 0))
        )
    unknown = {region: len(places) for (region, value), places in rows.items() if value is None}
    return made, unknown


def gmv_of(numbers: Floats, currencies: Iterable[str | None]) -> dict[str, float]:
    """The sum of GMV by currency, of the numbers (2, n) of some products."""
    kinds = kinds_of([*currencies])
    return {kind: total(numbers[GMV, own]) for kind, own in kinds.items()}


def sums_of(lists: OnLists, places: Ints, currencies: Iterable[str | None]) -> AssortmentTally:
    """The sums of the products at these places of the lists, without what these are of."""
    own = lists.numbers[:, places]
    return AssortmentTally("", "", 0, len(places), total(own[SALES]), gmv_of(own, currencies))
