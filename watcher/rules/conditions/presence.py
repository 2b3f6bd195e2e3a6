"""A product that is back on the list, or gone from it."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.evidence import Criterion, Evidence, Gap, GapKind
from watcher.rules.conditions.base import Condition, Masks, ScanColumns, judged
from watcher.rules.conditions.values import only_true
from watcher.units import Unit

REAPPEARS, DISAPPEARS = "reappears", "disappears"  # in place of a metric
COMPLETE_SCANS = 2  # in a row without a product: one may be a fault


@dataclass(frozen=True, eq=False)
class Reappears(Condition):
    """Listed again after two scans or more that prove that it was not on the list."""

    def judge(self, table: ScanColumns) -> Masks:
        return table.returned()[0]

    def evidence(self, table: ScanColumns, row: int) -> tuple[Evidence, ...]:
        return (_of_list(REAPPEARS, table, self, row, int(table.returned()[1][row])),)

    def canonical(self) -> str:
        return REAPPEARS

    __str__ = canonical


@dataclass(frozen=True, eq=False)
class Disappears(Condition):
    """On the list before, and missing from two scans in a row that prove it: so at the second of
    them, on the values that it had last, and at no other."""

    @property
    def of_gone(self) -> bool:
        return True

    def judge(self, table: ScanColumns) -> Masks:
        return table.gone()

    def evidence(self, table: ScanColumns, row: int) -> tuple[Evidence, ...]:
        seen = table.at if table.gone_at is not None and table.gone().met[row] else 0
        return (_of_list(DISAPPEARS, table, self, row, seen),)

    def canonical(self) -> str:
        return DISAPPEARS

    __str__ = canonical


def _of_list(word: str, table: ScanColumns, condition: Condition, row: int, seen: int) -> Evidence:
    """``seen`` is when the product was listed last before it was missing; 0 is not known."""
    verdict, now = judged(table, condition).verdict(row), table.gone_at or table.at
    gap = Gap(GapKind.NOT_LISTED, now - seen) if seen else None
    return Evidence(
        word, "list", Unit.TEXT, Criterion(word), verdict, baseline_at=seen or None, gap=gap
    )


def reappears(value: object) -> Condition:
    """``reappears: true``."""
    only_true(value, f"{REAPPEARS}: true")
    return Reappears()


def disappears(value: object) -> Condition:
    """``disappears: true``."""
    only_true(value, f"{DISAPPEARS}: true")
    return Disappears()
