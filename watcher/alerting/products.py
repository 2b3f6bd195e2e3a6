"""Products as messages show them: names, links' ids, and the values worth reading."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from watcher.model import Alert, Floats, Item, ProductFacts
from watcher.rules.metrics import RANK, Catalogue, Metric

FACTS = (
    "spu_avg_price",
    "total_sale_7d_cnt",
    "total_sale_gmv_7d_amt",
    "sales_trend_flag",
    "rank",
    "creators_7d",
    "commission",
)


class FactSource(Protocol):
    """What is asked of the history: products with their newest numbers, by store key."""

    def facts(self, products: Sequence[int]) -> dict[int, ProductFacts]: ...


class Columns(Protocol):
    """What is asked of a scan: metrics and texts, one for each row."""

    def number(self, metric: Metric) -> Floats: ...

    def text(self, name: str) -> Sequence[str | None]: ...


class Products:
    """The products of one scan for people; ``rows`` gives a store key's row in the table."""

    def __init__(
        self,
        source: FactSource,
        table: Columns,
        rows: Mapping[int, int],
        catalogue: Catalogue,
    ) -> None:
        self._source = source
        self._table = table
        self._rows = rows
        self._shown = [metric for name in FACTS if (metric := catalogue.get(name)) is not None]
        self._gmv_currency = catalogue.gmv_currency
        self._facts: dict[int, ProductFacts] = {}

    def load(self, products: Sequence[int]) -> None:
        """Read at once what ``item`` and ``name`` need of these products."""
        missing = [product for product in products if product not in self._facts]
        if missing:
            self._facts.update(self._source.facts(missing))

    def name(self, product: int) -> str:
        """The product's name, from the scan if it is there."""
        row = self._rows.get(product)
        name = self._table.text("product_name")[row] if row is not None else None
        if name:
            return name
        self.load([product])
        return self._facts[product].name

    def strength(self, products: Sequence[int], metric: Metric) -> Floats:
        """How strong each product is by ``metric``: larger is stronger, NaN where not seen now.

        Of ranks the smallest is the strongest.
        """
        column = self._table.number(metric)
        values = np.full(len(products), np.nan)
        for index, product in enumerate(products):
            row = self._rows.get(product)
            if row is not None:
                values[index] = column[row]
        return -values if metric.name == RANK else values

    def item(self, alert: Alert, kind: str, reason: str | None) -> Item:
        """One product of a message, with the evidence that its alert fired on."""
        facts = self._facts[alert.product]
        return Item(
            alert=alert.short_id,
            kind=kind,
            region=facts.region,
            product_id=facts.product_id,
            name=facts.name,
            since=alert.fired_at or alert.since,
            currency=facts.currency,
            gmv_currency=self._gmv_currency,
            reason=reason,
            why=alert.evidence,
            facts=self._values(facts),
        )

    def _values(self, facts: ProductFacts) -> dict[str, float | None]:
        return {metric.name: self._value(metric, facts) for metric in self._shown}

    def _value(self, metric: Metric, facts: ProductFacts) -> float | None:
        row = self._rows.get(facts.product)
        if row is not None:
            value = float(self._table.number(metric)[row])
        else:
            value = _stored_value(metric, facts)
        return None if np.isnan(value) else value


def _stored_value(metric: Metric, facts: ProductFacts) -> float:
    """A metric of a product that this scan did not list, from its newest observation."""
    numbers = {name: facts.numbers.get(name) for name in metric.needs}
    columns = {
        name: np.array([np.nan if number is None else number]) for name, number in numbers.items()
    }
    return float(metric.compute(columns, facts.observed_at or 0)[0])
