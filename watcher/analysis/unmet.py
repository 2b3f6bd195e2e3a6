"""Rules that nothing in the stored scans met, and how near it came: for ``watcher check``. Judged
by the rule's own conditions on whole stored scans, read only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from watcher.analysis.tallies import RuleTally
from watcher.evaluation.group_present import group_needs
from watcher.evaluation.group_table import GroupTable
from watcher.evaluation.jumps import stored_table
from watcher.rules.conditions.base import Judge, Need
from watcher.rules.metrics import OF_SCAN
from watcher.rules.rulebook import Rule, Rulebook, Watch
from watcher.store.ports import Store

LEAST_SCANS = 5  # of fewer nothing is said
MOST_SCANS = 14
_MOST_ROWS = 20_000  # products of all scans that are looked at: `check` is to be quick


@dataclass(frozen=True, slots=True)
class Unmet:
    """``rule`` was met by none of ``products`` (the most that one listed) in ``scans`` scans;
    ``why`` names the condition that stood in the way, and how near it came. Of a rule on groups
    ``products`` are ``subjects`` of another kind, as sellers."""

    rule: str
    file: str
    line: int
    scans: int
    products: int
    why: str
    subjects: str = "products"

    def __str__(self) -> str:
        among = f"{self.products:,} {self.subjects}"
        return f"{self.rule}: met by 0 of {among} in {self.scans} scans: {self.why}"


def unmet(database: Store, book: Rulebook) -> Iterator[Unmet]:
    """Yield those of the rules that never fired as they are written: of several watches one on
    each of them, where none has met it."""
    fired = database.rules.ever_fired()
    found: dict[str, list[Unmet]] = {}
    for watch in book.used_watches:
        rules = [
            rule
            for rule in book.rules_of(watch)
            # Of who is gone no list says anything.
            if (rule.name, rule.fingerprint) not in fired and not rule.when.of_gone
        ]
        for each in _of_watch(database, watch, rules) if rules else ():
            found.setdefault(each.rule, []).append(each)
    for rule in book.enabled:
        own = found.get(rule.name, [])
        if len(own) == len(rule.watches):
            yield from own


def _of_watch(database: Store, watch: Watch, rules: Sequence[Rule]) -> Iterator[Unmet]:
    tallies = [RuleTally(rule) for rule in rules]
    needs = [*_needs(rules)]
    scans = rows = 0
    for seen in database.history.whole(watch.key, _fields(rules, needs), MOST_SCANS):
        table = stored_table(database, seen.row, seen.recorded, needs, watch.schedule)
        judges = {"": Judge(table)}
        scans, rows = scans + 1, rows + len(seen.row)
        for tally in tallies:
            by = tally.by
            if by not in judges:
                judges[by] = Judge(GroupTable(database, judges[""], table, by, watch))
            tally.add(judges[by])
        if rows >= _MOST_ROWS:
            break
    if scans >= LEAST_SCANS or rows >= _MOST_ROWS:
        for rule, tally in zip(rules, tallies, strict=True):
            if not tally.met:
                on = f"on {watch.name}, " if len(rule.watches) > 1 else ""
                why = f"{on}{tally.why()}"
                yield Unmet(rule.name, rule.file, rule.line, scans, tally.most, why, tally.subjects)


def _needs(rules: Sequence[Rule]) -> Iterator[Need]:
    """The baselines of products: of a rule on groups those that decide who counts."""
    for rule in rules:
        yield from rule.when.needs if rule.group is None else ()
    yield from group_needs(rules)


def _fields(rules: Sequence[Rule], needs: Sequence[Need]) -> list[str]:
    metrics = {need.metric for need in needs}.union(*(rule.when.metrics for rule in rules))
    return sorted({name for metric in metrics for name in metric.needs} - OF_SCAN)
