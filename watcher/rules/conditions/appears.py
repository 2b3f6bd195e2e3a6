"""A product that the watch lists for the first time."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.model import Criterion, Evidence
from watcher.rules.conditions.base import Condition, Masks, ScanTable, judged
from watcher.units import Unit
from watcher.words import Wrong, kind

APPEARS = "appears"  # in place of a metric


@dataclass(frozen=True, eq=False)
class Appears(Condition):
    """First seen by this watch; no data until the watch has had a complete scan before."""

    def judge(self, table: ScanTable) -> Masks:
        return table.appeared()

    def evidence(self, table: ScanTable, row: int) -> tuple[Evidence, ...]:
        return (
            Evidence(
                metric=APPEARS,
                label="list",
                unit=Unit.TEXT,
                condition=Criterion(APPEARS),
                verdict=judged(table, self).verdict(row),
            ),
        )

    def canonical(self) -> str:
        return "appears"

    def __str__(self) -> str:
        return "appears"


def appears(value: object) -> Condition:
    """``appears: true``."""
    if value is False:
        raise Wrong('takes only true; for the reverse write "not: {appears: true}"')
    if value is not True:
        raise Wrong(f'takes only true, as "appears: true", not {kind(value)}')
    return Appears()
