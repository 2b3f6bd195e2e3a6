"""Products as messages show them: names, links' ids, and the values worth reading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from watcher.alert import Alert, AlertState, NotificationLogEntry, ToldWith
from watcher.evaluation import again
from watcher.evaluation.grading import grade_evidence
from watcher.evaluation.group_present import left_by
from watcher.evaluation.names import names_in, subject_name
from watcher.evaluation.present import Present, Presents
from watcher.evidence import Evidence, LatestEvidence
from watcher.message import Item
from watcher.model import Bools, Floats, Instant, ProductFacts
from watcher.rules.groups import SIZE_METRIC
from watcher.rules.metrics import Catalogue, Metric
from watcher.rules.rulebook import Rule
from watcher.store.past import Archive, Recollection
from watcher.store.ports import Store

_AGAIN = "again"  # a decision
FACTS = tuple(
    "spu_avg_price total_sale_7d_cnt total_sale_gmv_7d_amt sales_trend_flag rank total_ifl_cnt"
    " creators_7d commission".split()
)


class Products:
    """The products of one scan for people; ``present`` says what is so, None knows of no scan."""

    def __init__(
        self, source: Recollection, present: Present | Presents | None, catalogue: Catalogue
    ) -> None:
        self._source = source
        self._present = present
        self._shown = [metric for name in FACTS if (metric := catalogue.get(name)) is not None]
        self._gmv_currency = catalogue.gmv_currency
        self._sellers = catalogue.sellers
        self._facts: dict[int, ProductFacts] = {}
        self._told: dict[int, dict[str, float | None]] = {}
        self._items: dict[tuple[object, ...], Item] = {}

    def load(self, products: Sequence[int]) -> None:
        """Read at once what ``item`` and ``name`` need of these products."""
        missing = [key for key in dict.fromkeys(products) if key not in self._facts]
        if missing:
            self._facts.update(self._source.facts(missing))

    def name(self, product: int) -> str:
        """The product's name, from the scan if it is there."""
        part = self._part(product)
        if part is not None and (name := part.text("product_name", product)):
            return name
        self.load([product])
        return self._name(self._facts[product])

    def _name(self, facts: ProductFacts) -> str:
        """The name that is stored; of a group that of what it is grouped by."""
        if not facts.grouped_by:
            return facts.name
        names = names_in(self._source, self._sellers, (), facts.product_id)
        return subject_name(facts.product_id, facts.name, names)

    def _size(self, facts: ProductFacts) -> int | None:
        """The number of a group's products, where the scan has it."""
        part = self._part(facts.product) if facts.grouped_by else None
        size = part.number(SIZE_METRIC, facts.product) if part is not None else None
        return None if size is None or np.isnan(size) else int(size)

    def _part(self, product: int) -> Present | None:
        """The part of the scan's products that a product's own watch judges."""
        return self._present.part(product) if self._present is not None else None

    def strength(self, rule: Rule, products: Sequence[int]) -> tuple[Floats, Bools]:
        """(k, n) keys of which the first decides, the largest is the strongest and NaN is no value;
        and (n,) which products the scan lists, so that these are values of now."""
        if self._present is None:
            return np.zeros((0, len(products))), np.ones(len(products), np.bool_)
        return self._present.strength(rule, products)

    def moved_on(self, rule: Rule, log: Mapping[int, NotificationLogEntry]) -> frozenset[int]:
        """The products whose ``again`` is met against what a channel's log says of them."""
        if rule.again is None:
            return frozenset()
        told = {product: each.told_with for product, each in log.items()}
        return again.moved_on(rule, self._present, told)

    def told_with(self, rule: Rule, products: Sequence[int], at: Instant) -> list[ToldWith | None]:
        """Values to remember of each product that is told now."""
        return again.told_with(rule, self._present, products, at)

    def item(
        self, rule: Rule, alert: Alert, kind: str, reason: str | None, before: ToldWith | None
    ) -> Item:
        """One product of a message: what is so now, and what was so when its alert fired; where it
        is told again, against what the channel was told ``before``."""
        if before is not None or kind == _AGAIN:
            return self._item(rule, alert, kind, reason, before)
        # A product stands alike in the messages of many channels.
        key = rule.name, alert.id, alert.fired_at, kind, reason
        item = self._items.get(key)
        if item is None:
            item = self._items[key] = self._item(rule, alert, kind, reason, before)
        return item

    def _item(
        self, rule: Rule, alert: Alert, kind: str, reason: str | None, before: ToldWith | None
    ) -> Item:
        facts = self._facts[alert.product]
        since = alert.fired_at or alert.since
        known = self._known(rule, alert, since)
        now = known.evidence if known.at != since else ()
        seller = facts.seller_id or ""
        names = self._names(facts, (*alert.evidence, *now))
        return Item(
            alert=alert.short_id,
            kind=kind,
            region=facts.region,
            product_id=facts.product_id,
            name=subject_name(facts.product_id, facts.name, names),
            since=since,
            currency=facts.currency,
            gmv_currency=self._gmv_currency,
            reason=reason,
            why=alert.evidence,
            now=now,
            seen=self._last_seen(rule, alert) if known.current else known.at,
            facts=self._values(facts),
            watch=rule.watch_of(alert.watch).name if len(rule.watches) > 1 else "",
            seller=seller if seller in self._sellers else "",
            names=names,
            grouped_by=facts.grouped_by,
            size=self._size(facts),
            again=again.evidence_of(rule, self._present, alert.product, before)
            if kind == _AGAIN
            else (),
        )

    def grade(self, rule: Rule, alert: Alert) -> tuple[Evidence, ...]:
        """The reasons why an alert is as severe as the data say, as far as they are so now."""
        return grade_evidence(rule, self._part(alert.product), alert)

    def _names(self, facts: ProductFacts, evidence: Iterable[Evidence]) -> dict[str, str]:
        """Names of the ids that occur in evidence, of the seller, and of what a group is of."""
        return names_in(self._source, self._sellers, evidence, facts.seller_id, facts.product_id)

    def _known(self, rule: Rule, alert: Alert, since: Instant) -> LatestEvidence:
        if self._present is None or since == self._present.at:
            return LatestEvidence(since, alert.evidence)
        # Where nothing is known any more, what it fired on is the newest that is.
        part = self._part(alert.product)
        known = part.known(rule, alert.product) if part is not None else None
        return known or LatestEvidence(since, alert.evidence, current=False)

    def _last_seen(self, rule: Rule, alert: Alert) -> Instant | None:
        """The last sight of a product that is told of because it is gone."""
        part = self._part(alert.product)
        return part.gone_since(rule, alert.product) if part is not None else None

    def _values(self, facts: ProductFacts) -> dict[str, float | None]:
        if facts.grouped_by:  # what a product has, its figures say as far as anybody asked
            return {}
        # Several rules may tell of the same product.
        values = self._told.get(facts.product)
        if values is None:
            values = {metric.name: self._value(metric, facts) for metric in self._shown}
            self._told[facts.product] = values
        return values

    def _value(self, metric: Metric, facts: ProductFacts) -> float | None:
        part = self._part(facts.product)
        listed = part.number(metric, facts.product) if part is not None else None
        value = listed if listed is not None else _stored_value(metric, facts)
        return None if np.isnan(value) else value


def _stored_value(metric: Metric, facts: ProductFacts) -> float:
    """A metric of a product that this scan did not list, from its newest observation."""
    columns = {name: np.array([facts.numbers.get(name)], np.float64) for name in metric.needs}
    columns |= metric.owned([facts.product_id])
    return float(metric.compute(columns, facts.observed_at or 0)[0])


def last_left(
    archive: Archive, rule: Rule, alerts: Sequence[Alert], catalogue: Catalogue, now: Instant
) -> tuple[Products, Instant]:
    """The products of ``alerts`` as the last good scan of their watch left them, and its time, of
    several watches the latest. Without a scan (pruned, or none of this watch yet) the time is the
    alerts' own."""
    present = left_by(archive, rule, alerts)
    own = max((alert.since for alert in alerts), default=now)
    at = present.at if present is not None else own
    return Products(archive.history, present, catalogue), at


def firing(database: Store, rules: Iterable[str]) -> dict[tuple[str, int], Alert]:
    """The alerts of these rules that fire, by rule and product; without their evidence."""
    live = database.alerts.live(list(dict.fromkeys(rules)))
    return {(each.rule, each.product): each for each in live if each.state is AlertState.FIRING}
