"""Rules on groups of products now: by the scan at hand, or else by the last one that had them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from watcher.alert import Alert
from watcher.evaluation.group_table import GroupTable
from watcher.evaluation.jumps import stored_table
from watcher.evaluation.present import Present, Presents, newest_products
from watcher.model import Bools, Floats, Instant
from watcher.rules.conditions.base import Judge, Need
from watcher.rules.rulebook import Rule, Watch
from watcher.store.past import Archive


class GroupPresent(Present):
    """The groups of one watch's products, by one thing."""

    def __init__(self, archive: Archive, table: GroupTable) -> None:
        super().__init__(archive, table)
        self._by = table.by
        self._list = table.watch
        self._claimed = {*self.keys}
        self._had: dict[int, dict[int, int]] = {}  # by scan, the row of each group there

    def claim(self, subjects: Iterable[int]) -> None:
        """These are groups of this kind, too, though the scan has them not."""
        self._claimed.update(subjects)

    def has(self, subject: int) -> bool:
        """Whether the subject is one of these groups."""
        return subject in self._claimed

    def _look_back(self, products: Sequence[int]) -> None:
        for product in products:
            if product not in self._seen:
                self._seen[product] = self._last_place(product)

    def _last_place(self, product: int) -> tuple[int, int] | None:
        """The newest scan that had the group, and its row there."""
        scan_id = self._archive.groups.newest_with(self._watch, self._by, product)
        row = self._rows_at(scan_id).get(product) if scan_id is not None else None
        return None if scan_id is None or row is None else (scan_id, row)

    def _rows_at(self, scan_id: int) -> dict[int, int]:
        rows = self._had.get(scan_id)
        if rows is None:  # whoever left the list did so at one of few scans
            groups = stored_groups(self._archive, self._list, scan_id, self._by, ()).products
            rows = self._had[scan_id] = {key: row for row, key in enumerate(groups.tolist())}
        return rows

    def _table_of(self, number: int, rule: Rule, _product: int) -> GroupTable:
        return stored_groups(self._archive, self._list, number, self._by, [rule])


class AllPresent(Presents):
    """All subjects of a scan: its products, and the groups of these."""

    def __init__(self, products: Present, groups: Sequence[GroupPresent]) -> None:
        self._products = products
        self._groups = groups
        self.at: Instant = products.at

    def part(self, subject: int) -> Present:
        """The part that a subject belongs to."""
        return next((each for each in self._groups if each.has(subject)), self._products)

    def strength(self, rule: Rule, subjects: Sequence[int]) -> tuple[Floats, Bools]:
        """``Present.strength``, by what the rule speaks of."""
        part = self.part(subjects[0]) if subjects else self._products
        return part.strength(rule, subjects)


def newest(
    archive: Archive, watch: str, rules: Sequence[Rule], subjects: Sequence[int]
) -> Present | None:
    """Products as the newest scan of ``watch`` left them, for its ``rules``, or groups of them: the
    rules are all on the same kind of subjects. None without a scan."""
    group = rules[0].group if rules else None
    if group is None:
        return newest_products(archive, watch, rules, subjects)
    seen = archive.history.newest_sighting(watch, np.zeros(0, np.int64))
    if seen is None:
        return None
    own, scan_id = rules[0].watch_of(watch), seen.recorded.scan_id
    found = GroupPresent(archive, stored_groups(archive, own, scan_id, group.by, rules))
    found.claim(subjects)
    return found


def left_by(archive: Archive, rule: Rule, alerts: Sequence[Alert]) -> Present | Presents | None:
    """The subjects of a rule's ``alerts`` as the last good scan of their watch left them; None
    without one."""
    by_watch: dict[str, list[int]] = {}
    for alert in alerts:
        by_watch.setdefault(rule.watch_of(alert.watch).key, []).append(alert.product)
    found = [
        (left, subjects)
        for key, subjects in by_watch.items()
        if (left := newest(archive, key, [rule], subjects)) is not None
    ]
    return found[0][0] if len(found) == 1 else Presents(found) if found else None


def stored_groups(
    archive: Archive, watch: Watch, scan_id: int, by: str, rules: Sequence[Rule]
) -> GroupTable:
    """The groups of a stored scan of a watch, as its rules saw them when it was made."""
    row, recorded = archive.history.everyone(watch.key, scan_id)
    table = stored_table(archive, row, recorded, group_needs(rules), watch.schedule)
    return GroupTable(archive, Judge(table), table, by, watch)


def group_needs(rules: Iterable[Rule]) -> Iterator[Need]:
    """The baselines of products that the figures of rules on groups ask for."""
    for rule in rules:
        for metric in rule.group.figures if rule.group is not None else ():
            for part in metric.figures:
                if part.figure is not None:
                    yield from part.figure.needs
