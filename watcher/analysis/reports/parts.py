"""The parts of a report: who moved most, sums, sellers, prices, and who entered and left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from watcher.analysis.reports.columns import JoinedLists, ReportColumns
from watcher.fields import PRICE
from watcher.model import Bools, Floats, Ints
from watcher.report import ReportedProduct, ReportedSeller, ReportedSum
from watcher.rules.metrics import Metric
from watcher.rules.report import PlannedReport
from watcher.store.packing import positions
from watcher.store.ports import Store
from watcher.store.sql.history import Identity
from watcher.units import Unit


@dataclass(frozen=True)
class Parts:
    """The parts of a ``report``, each in its order; ``total`` is the metric whose sums are told.
    ``gmv_currency`` is what the user says that GMV is in."""

    database: Store
    report: PlannedReport
    columns: ReportColumns
    total: Metric
    gmv_currency: str | None
    sellers_named: dict[str, str]

    def movers(self) -> tuple[Ints, int, int]:
        """Places among those of both times, the strongest first, and how many rose and fell."""
        both, name = self.columns.both, self.report.order_by.name
        change = both.values[name] - both.before[name]
        known = np.isfinite(change)
        weight = change / self._scale(both, self.report.order_by)
        rose, fell = known & (change > 0), known & (change < 0)
        shown = {None: rose | fell, True: rose, False: fell}[self.report.rising]
        order = _order(shown, np.abs(weight), both.values[name])
        return order, int(rose.sum()), int(fell.sum())

    def prices(self) -> Ints:
        """Places among those of both times whose price moved, the largest move in percent first."""
        both = self.columns.both
        price, before = both.values[PRICE], both.before[PRICE]
        with np.errstate(divide="ignore", invalid="ignore"):
            move = np.abs(price / before - 1)
        moved = np.isfinite(move) & (price != before) & (before > 0) & (price > 0)
        return _order(moved, move, price)

    def newcomers(self, columns: JoinedLists) -> Ints:
        """Places of those that entered or left, the largest first."""
        values = columns.values[self.report.order_by.name]
        if self.report.order_by.unit is Unit.PLACE:
            values = -values
        return _order(np.ones(len(values), np.bool_), np.nan_to_num(values, nan=-np.inf), values)

    def sums(self) -> list[ReportedSum]:
        """Sums over the products of both times: one for each currency, the largest first."""
        both, name = self.columns.both, self.total.name
        value, before = both.values[name], both.before[name]
        known = np.isfinite(value) & np.isfinite(before)
        found = list[ReportedSum]()
        keys, who = self._of_both(self.total), self._both
        for key in dict.fromkeys(keys):
            own = known & (np.array(keys, object) == key)
            if own.any():
                sums = float(value[own].sum()), float(before[own].sum())
                where = {who[row].region for row in np.flatnonzero(own).tolist()}
                currency = self.gmv_currency if self.total.unit is Unit.GMV else None
                found.append(ReportedSum(*sums, int(own.sum()), ", ".join(sorted(where)), currency))
        return sorted(found, key=lambda each: -each.products)

    def sellers(self) -> list[ReportedSeller]:
        """Sellers by the sum of all that they have on the lists now. Sums of several currencies are
        compared by their share of what all sellers have in theirs."""
        now, both, name = self.columns.now, self.columns.both, self.total.name
        sums = dict[tuple[str, str], list[float]]()
        regions = dict[tuple[str, str], str]()
        currencies = self._currencies(self._now, self.total)
        places = positions(both.keys, now.keys)
        value = now.values[name].tolist()
        before = np.append(both.before[name], np.nan)[places].tolist()
        for row, who in enumerate(self._now):
            if not who.seller or not np.isfinite(value[row]):
                continue
            key = who.seller, currencies[row]
            regions.setdefault(key, who.region)
            one = sums.setdefault(key, [0.0, 0, 0, 0.0, 0.0])
            one[0] += value[row]
            one[1] += 1
            if np.isfinite(before[row]):
                one[2] += 1
                one[3] += value[row]
                one[4] += before[row]
        whole = dict[str, float]()
        for (_, currency), one in sums.items():
            whole[currency] = whole.get(currency, 0.0) + one[0]
        order = sorted(sums, key=lambda key: (-sums[key][0] / (whole[key[1]] or 1.0), key))
        gmv = self.gmv_currency if self.total.unit is Unit.GMV else None
        return [
            ReportedSeller(
                seller, regions[seller, currency], one[0], int(one[1]), int(one[2]), one[3],
                one[4], self.sellers_named.get(seller, ""), gmv,
            )
            for seller, currency in order
            for one in [sums[seller, currency]]
        ]  # fmt: skip

    def rows(self, columns: JoinedLists, places: Ints, metric: str) -> list[ReportedProduct]:
        """The products at these places, with their values of a metric."""
        who = self.database.history.identities(columns.keys[places])
        values = columns.values[metric][places].tolist()
        before = columns.before[metric][places].tolist() if columns.before else [np.nan] * len(who)
        names = [watch.name for watch in self.report.watches]
        lists = columns.lists[places].tolist()
        several = len(names) > 1
        return [
            ReportedProduct(
                each.region, each.product_id, each.name, _number(now), _number(was), each.currency,
                each.seller, names[place] if several else "",
            )
            for each, now, was, place in zip(who, values, before, lists, strict=True)
        ]  # fmt: skip

    def _scale(self, columns: JoinedLists, metric: Metric) -> Floats:
        """(n,) the divisor of a change: of amounts what all products have in that currency, so
        that a change counts by its part of the market; 1 of all else."""
        if metric.unit not in (Unit.MONEY, Unit.GMV):
            return np.ones(len(columns.keys))
        keys = np.array(self._of_both(metric), object)
        values = np.abs(np.nan_to_num(columns.values[metric.name]))
        scale = np.ones(len(columns.keys))
        for key in dict.fromkeys(keys.tolist()):
            own = keys == key
            scale[own] = float(values[own].sum()) or 1.0
        return scale

    def _currencies(self, who: Sequence[Identity], metric: Metric) -> list[str]:
        """The currency of each product's amount, as far as it is known: never summed with another.
        The currency of GMV is not told; where the user does not say it, it goes by the prices'."""
        if metric.unit is Unit.GMV and self.gmv_currency is not None:
            return [self.gmv_currency] * len(who)
        if metric.unit not in (Unit.MONEY, Unit.GMV):
            return [""] * len(who)
        codes: dict[str, set[str]] = {}
        for region, currency in {(each.region, each.currency) for each in who}:
            codes.setdefault(region, set()).update(filter(None, [currency]))
        # Of many products of a region no currency is read: where there is one, it is theirs.
        usual = {region: next(iter(known)) for region, known in codes.items() if len(known) == 1}
        return [each.currency or usual.get(each.region, each.region) for each in who]

    def _of_both(self, metric: Metric) -> list[str]:
        """The currencies of an amount of the products of both times."""
        if metric.unit not in self._known:
            self._known[metric.unit] = self._currencies(self._both, metric)
        return self._known[metric.unit]

    @cached_property
    def _known(self) -> dict[Unit, list[str]]:
        return {}

    @cached_property
    def _now(self) -> list[Identity]:
        return self.database.history.identities(self.columns.now.keys)

    @cached_property
    def _both(self) -> list[Identity]:
        found = dict(zip(self.columns.now.keys.tolist(), self._now, strict=True))
        return [found[key] for key in self.columns.both.keys.tolist()]


def _order(mask: Bools, size: Floats, then: Floats) -> Ints:
    """Places that the mask marks, the largest size first; of equals the larger of ``then``."""
    places = np.flatnonzero(mask)
    seconds = np.nan_to_num(then[places], nan=-np.inf)
    order = np.lexsort((places, -seconds, -size[places]))
    return np.asarray(places[order])


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
