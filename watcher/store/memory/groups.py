"""Groups of a past that is replayed: they have keys of their own there, for a rule that is tried
may never have been judged in earnest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from watcher.fields import CATEGORIES, SELLER
from watcher.model import Instant, Ints, ProductFacts
from watcher.store.memory.matrix import Matrix
from watcher.store.records import GroupFigures
from watcher.subjects import subject_id

_FIRST = 1 << 40  # key: no product has so large a one


class RecalledGroups:
    """Groups and their figures at the scans that were played or looked back on."""

    def __init__(self, matrix: Matrix) -> None:
        self._matrix = matrix
        self._keys: dict[tuple[str, str, str], int] = {}
        self._groups: dict[int, tuple[str, str, str, Instant]] = {}
        self._figures: dict[tuple[int, str], GroupFigures] = {}

    def keys(self, by: str, groups: Sequence[tuple[str, str]], at: Instant) -> Ints:
        for each in groups:
            if (by, *each) not in self._keys:
                key = self._keys[by, *each] = _FIRST + len(self._keys)
                self._groups[key] = by, *each, at
        return self.find(by, groups)

    def find(self, by: str, groups: Sequence[tuple[str, str]]) -> Ints:
        return np.array([self._keys.get((by, *each), 0) for each in groups], np.int64)

    def note(self, scan_id: int, by: str, figures: GroupFigures) -> None:
        known = self._figures.get((scan_id, by))
        self._figures[scan_id, by] = figures if known is None else known.with_more(figures)

    def figures(
        self, watch: str, by: str, scan_id: int, within: tuple[Instant, Instant]
    ) -> Iterator[GroupFigures]:
        for scan in self._matrix.own_scans(watch, scan_id, within):
            if (found := self._figures.get((scan.id, by))) is not None:
                yield found

    def newest_with(self, watch: str, by: str, group: int) -> int | None:
        line = self._matrix.timeline
        for place in line.newest_first(watch, len(line)):
            found = self._figures.get((int(line.ids[place]), by))
            if found is not None and group in found.groups:
                return found.scan_id
        return None

    def facts(self, keys: Sequence[int]) -> dict[int, ProductFacts]:
        """Find those of these keys that are groups, for people."""
        return {key: self._of(key) for key in keys if key in self._groups}

    def _of(self, key: int) -> ProductFacts:
        by, region, value, at = self._groups[key]
        return ProductFacts(
            product=key,
            region=region,
            product_id=subject_id(by, value),
            name=subject_id(by, value),
            seller_id=value if by == SELLER else None,
            category_id=value if by == CATEGORIES[0] else None,
            currency=None,
            first_seen=at,
            observed_at=None,
            numbers={},
            grouped_by=by,
        )
