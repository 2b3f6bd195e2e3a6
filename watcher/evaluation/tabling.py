"""A recorded scan as its rules judge it: a table with the baselines that they need, which says
whether what compares waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from watcher.evaluation.freshness import LATE, is_late
from watcher.evaluation.group_present import group_needs
from watcher.evaluation.jumps import WAITS, Jump, judge_jump, needed
from watcher.evaluation.refreshed import HALF_NEW, note_data_day
from watcher.evaluation.stepping import compares
from watcher.evaluation.table import ScanTable
from watcher.model import Scan
from watcher.rules.conditions.base import Need
from watcher.rules.rulebook import Rule
from watcher.store.ports import Store
from watcher.store.records import Recorded


def tabled(
    database: Store, scan: Scan, recorded: Recorded, rules: Sequence[Rule]
) -> tuple[ScanTable, Jump | None]:
    """The recorded scan as ``rules`` judge it, and whether its sales jumped."""
    schedule = rules[0].watch_of(scan.watch).schedule if rules else None
    half = note_data_day(database, schedule, scan, recorded)
    asked = needed(database, scan, recorded)
    needs = [*needs_of(rules), *asked]
    table = ScanTable(scan, recorded, database.history, needs, schedule)
    jump = judge_jump(database, scan, recorded, table) if asked else None
    table.waits = HALF_NEW if half else _waits(database, scan, rules, jump)
    return table, jump


def _waits(database: Store, scan: Scan, rules: Sequence[Rule], jump: Jump | None) -> str:
    """The reason that rules that compare wait; "" where they don't."""
    if jump is not None and jump.waits:
        return WAITS
    return LATE if any(map(compares, rules)) and is_late(database, scan) else ""


def needs_of(rules: Sequence[Rule]) -> Iterator[Need]:
    """The baselines of products that the conditions of ``rules`` declare; of rules on groups those
    that decide who counts."""
    yield from asked_of([rule for rule in rules if rule.group is None])
    yield from group_needs(rules)


def asked_of(rules: Iterable[Rule]) -> Iterator[Need]:
    """The baselines that the conditions of ``rules`` declare, of whatever they speak."""
    for rule in rules:
        yield from rule.needs
