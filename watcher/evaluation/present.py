"""Rules on products now: by the scan at hand, or else by the last one that saw them. Messages that
come later than the alert (reminders, digests, what was held back) show what is so when they are
written. It is judged anew from the stored observations, by the rule's own conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TypeAlias, TypeVar

import numpy as np
import structlog

from watcher.evaluation.absence import gone_products
from watcher.evaluation.group_table import GroupTable
from watcher.evaluation.jumps import stored_table
from watcher.evaluation.table import ScanTable
from watcher.evidence import LatestEvidence
from watcher.model import Bools, Floats, Instant, Ints
from watcher.rules.conditions.base import Judge
from watcher.rules.metrics import Metric
from watcher.rules.rulebook import Rule
from watcher.store.past import Archive
from watcher.store.records import Sighting

T = TypeVar("T")
log = structlog.get_logger("watcher.rules")


SubjectTable: TypeAlias = ScanTable | GroupTable


class Present:
    """Some products of one watch. ``rows`` gives the row of a product that the scan lists,
    ``fallen`` that of one which fell off the list with it. ``judge`` has the baselines of all rules
    that will be asked for."""

    def __init__(self, archive: Archive, table: SubjectTable) -> None:
        self._archive = archive
        self._watch = table.scan.watch
        self.judge = Judge(table)
        self.keys: list[int] = table.products.tolist()
        self.rows: dict[int, int] = dict(zip(self.keys, range(table.listed), strict=False))
        listed = table.listed
        self.fallen = {key: row for row, key in enumerate(self.keys[listed:], start=listed)}
        self._sightings: list[Sighting] = []
        self._scan_id = table.scan_id
        self._scan = table.scan
        self._seen: dict[int, tuple[int, int] | None] = {}  # which sighting, and its row
        self._judges: dict[tuple[int, str], Judge] = {}  # of a sighting, by rule

    @property
    def at(self) -> Instant:
        return self.judge.at

    def part(self, _product: int) -> Present | None:
        """Itself: it is of one watch."""
        return self

    def claim(self, _subjects: Iterable[int]) -> None:
        """Do nothing: what is no group is a product."""

    def text(self, name: str, product: int) -> str | None:
        """A text of a product that the scan lists; None of any other."""
        row = self.rows.get(product)
        return self.judge.text(name)[row] if row is not None else None

    def number(self, metric: Metric, product: int) -> float | None:
        """A metric of a product that the scan lists, NaN is no value; None of any other."""
        row = self.rows.get(product)
        return self.judge.value(metric, row) if row is not None else None

    @cached_property
    def gone(self) -> frozenset[int]:
        """The products that this scan is the first to prove gone."""
        return frozenset(gone_products(self._archive, self._scan, self._scan_id).tolist())

    def last_sights(self, rule: Rule) -> Iterator[tuple[Judge, Ints]]:
        """Yield the products that are gone, for a rule on such: as they were seen last, and their
        rows there."""
        groups: dict[Judge, list[int]] = {}
        self._look_back([*self.gone])
        for product in sorted(self.gone):
            if (place := self._before(rule, product)) is not None:
                groups.setdefault(place[0], []).append(place[1])
        for judge, rows in groups.items():
            yield judge, np.array(rows, np.int64)

    def place_of(self, rule: Rule, product: int) -> tuple[Judge, int] | None:
        """The product's row in the scan at hand, or where it was seen last, of one that is gone, as
        the rule says of such; None of any other."""
        if product in self.rows:
            return self.judge, self.rows[product]
        gone = rule.when.of_gone and product in self.gone
        return self._place(rule, product) if gone else None

    def last_place(self, rule: Rule, product: int) -> tuple[Judge, int] | None:
        """Its row in the scan at hand, else in the last one that had it; None of who never was."""
        return self._place(rule, product)

    def gone_since(self, rule: Rule, product: int) -> Instant | None:
        """The last sight of a product that is gone, as a rule says of such; None of any other."""
        place = self.place_of(rule, product)
        return place[0].at if place is not None and product not in self.rows else None

    def strength(self, rule: Rule, products: Sequence[int]) -> tuple[Floats, Bools]:
        """(k, n) keys of the rule's order, the first decides, and (n,) who is on this list. No
        keys, which is no order, where the rule can't be judged."""
        found = safely(rule, lambda: [self._row(rule, product) for product in products])
        rows = np.array(found if found is not None else [-1] * len(products), np.int64)
        earlier = self._earlier(rule, products, rows)
        keys = safely(rule, lambda: self._keys(rule, len(products), rows, earlier))
        return keys if keys is not None else np.zeros((0, len(products))), rows >= 0

    def known(self, rule: Rule, product: int) -> LatestEvidence | None:
        """The evidence of the rule on the product; None where nothing is known of it, or the rule
        can't be judged."""
        place = self._place(rule, product)
        if place is None:
            return None
        judge, row = place
        evidence = safely(rule, lambda: rule.when.evidence(judge, row))
        return (
            LatestEvidence(judge.at, evidence, judge is self.judge)
            if evidence is not None
            else None
        )

    def values(
        self, rule: Rule, products: Sequence[int], metrics: Sequence[Metric]
    ) -> list[dict[str, float]]:
        """Each product's values of the metrics, by their canonical texts: of the scan at hand, or
        else of the last one that saw it. No value is left out."""
        self._look_back([product for product in products if product not in self.rows])
        return [self._values(rule, product, metrics) for product in products]

    def _values(self, rule: Rule, product: int, metrics: Sequence[Metric]) -> dict[str, float]:
        row = self.rows.get(product)
        place = (self.judge, row) if row is not None else self._before(rule, product)
        if place is None:
            return {}
        found = {metric.canonical: place[0].value(metric, place[1]) for metric in metrics}
        return {name: value for name, value in found.items() if not np.isnan(value)}

    def _place(self, rule: Rule, product: int) -> tuple[Judge, int] | None:
        """Its row in the scan at hand, else in the last one that saw it."""
        row = safely(rule, lambda: self._row(rule, product))
        if row is not None and row >= 0:
            return self.judge, row
        self._look_back([product])
        return self._before(rule, product)

    def _keys(
        self, rule: Rule, size: int, rows: Ints, earlier: Mapping[Judge, Mapping[int, int]]
    ) -> Floats:
        here = np.flatnonzero(rows >= 0)
        own = rule.order_by.keys(self.judge, rows[here])
        found = np.full((len(own), size), np.nan)
        found[:, here] = own
        for judge, group in earlier.items():
            at = np.array([*group.values()], np.int64)
            found[:, [*group]] = rule.order_by.keys(judge, at)
        return found

    def _earlier(
        self, rule: Rule, products: Sequence[int], rows: Ints
    ) -> Mapping[Judge, Mapping[int, int]]:
        """Rows of those that the scan has not: by judge, the row there by the place in
        ``products``."""
        groups: dict[Judge, dict[int, int]] = {}
        missing = np.flatnonzero(rows < 0).tolist()
        self._look_back([products[index] for index in missing])
        for index in missing:
            if (place := self._before(rule, products[index])) is not None:
                groups.setdefault(place[0], {})[index] = place[1]
        return groups

    def _row(self, rule: Rule, product: int) -> int:
        """The product's row in the scan at hand, or -1. That it fell off the list may itself be
        what the rule is about."""
        row = self.rows.get(product)
        if row is not None:
            return row
        fallen = self.fallen.get(product, -1)
        return fallen if fallen >= 0 and self.judge(rule.when).known[fallen] else -1

    def _before(self, rule: Rule, product: int) -> tuple[Judge, int] | None:
        """Its row in the last scan that saw it, with the baselines that the rule asks for."""
        found = self._seen[product]
        if found is None:
            return None
        number, row = found
        judge = self._judges.get((number, rule.name))
        if judge is None:
            table = self._table_of(number, rule, product)
            judge = self._judges[number, rule.name] = Judge(table)
        return judge, row

    def _table_of(self, number: int, rule: Rule, product: int) -> SubjectTable:
        """The scan that saw a product last, with the baselines that the rule asks for."""
        seen, needs = self._sightings[number], rule.needs
        schedule = rule.watch_of(self._watch).schedule
        table = stored_table(self._archive, seen.row, seen.recorded, needs, schedule)
        # Who was seen last at one scan is gone at one scan.
        if rule.when.of_gone and product in self.gone:
            table.gone_at = self.at
        return table

    def _look_back(self, products: Sequence[int]) -> None:
        """Find where each was seen last."""
        wanted = [product for product in dict.fromkeys(products) if product not in self._seen]
        self._seen.update(dict.fromkeys(wanted))
        if wanted:
            for seen in self._archive.history.sightings(self._watch, np.array(wanted, np.int64)):
                for row, product in enumerate(seen.recorded.products.tolist()):
                    self._seen[product] = len(self._sightings), row
                self._sightings.append(seen)


def safely(rule: Rule, ask: Callable[[], T]) -> T | None:
    """Ask; None where the rule breaks: that must not stop what others are told."""
    try:
        return ask()
    except Exception:
        log.exception("a rule could not be judged for a message", rule=rule.name)
        return None


class Presents:
    """Products of several watches: each as its own saw it last."""

    def __init__(self, parts: Sequence[tuple[Present, Sequence[int]]]) -> None:
        self._of = {product: part for part, products in parts for product in products}
        self.at = max(part.at for part, _ in parts)

    def part(self, product: int) -> Present | None:
        """The part of the product's watch."""
        return self._of.get(product)

    def strength(self, rule: Rule, products: Sequence[int]) -> tuple[Floats, Bools]:
        """``Present.strength``, each by its own watch."""
        keys, here = np.zeros((0, len(products))), np.zeros(len(products), np.bool_)
        for part in {id(each): each for each in self._of.values()}.values():
            rows = [row for row, product in enumerate(products) if self._of.get(product) is part]
            own, listed = part.strength(rule, [products[row] for row in rows])
            if len(own) > len(keys):  # none, where the rule can't be judged
                keys = np.full((len(own), len(products)), np.nan)
            keys[: len(own), rows], here[rows] = own, listed
        return keys, here


def newest_products(
    archive: Archive, watch: str, rules: Sequence[Rule], products: Sequence[int]
) -> Present | None:
    """Products as the newest scan of ``watch`` left them, for its ``rules``; None without one."""
    wanted: Ints = np.unique(np.array(products, np.int64))
    seen = archive.history.newest_sighting(watch, wanted)
    if seen is None:
        return None
    needs = [need for rule in rules for need in rule.needs]
    schedule = rules[0].watch_of(watch).schedule if rules else None
    table = stored_table(archive, seen.row, seen.recorded, needs, schedule)
    return Present(archive, table)
