"""A scan's rules on all of its subjects: on its products, and on the groups of these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import structlog

from watcher.evaluation.group_present import AllPresent, GroupPresent
from watcher.evaluation.group_table import GroupTable
from watcher.evaluation.present import Present, Presents
from watcher.evaluation.stepping import Judged, Moved, Round, Silent
from watcher.evaluation.table import ScanTable
from watcher.model import Instant
from watcher.rules.groups import SIZE_METRIC
from watcher.rules.metrics import Figure
from watcher.rules.rulebook import Rule
from watcher.store.past import Archive
from watcher.store.ports import Store

log = structlog.get_logger("watcher.rules")


class Judging:
    """One scan's verdicts on its products, then on their groups; what is said of the latter is kept
    for later scans."""

    def __init__(
        self,
        database: Store,
        archive: Archive,
        table: ScanTable,
        rules: Sequence[Rule],
        at: Instant,
    ) -> None:
        alone = [rule for rule in rules if rule.group is None]
        products = Present(archive, table)
        groups = _groups_of(archive, products, table, rules, keeps=True)
        for each, own in groups:
            _note(each, own)
        parts = [GroupPresent(archive, each) for each, _ in groups]
        self.present: Present | Presents = AllPresent(products, parts) if parts else products
        self._rounds = [Round(database, products, table, alone, at)]
        for part, (each, own) in zip(parts, groups, strict=True):
            self._rounds.append(Round(database, part, each, own, at))

    @property
    def judged(self) -> list[Judged]:
        return [each for round_ in self._rounds for each in round_.judged]

    def moves(self, silent: Silent) -> Iterator[list[Moved]]:
        """Move every alert by one step: those of products, then those of groups."""
        for round_ in self._rounds:
            yield from round_.moves(silent)


def all_present(
    archive: Archive, table: ScanTable, rules: Sequence[Rule], *, keeps: bool = False
) -> Present | Presents:
    """All subjects of a scan that rules speak of, without a word to the store; but where it
    ``keeps``, groups that are new are noted."""
    products = Present(archive, table)
    groups = _groups_of(archive, products, table, rules, keeps=keeps)
    parts = [GroupPresent(archive, each) for each, _ in groups]
    return AllPresent(products, parts) if parts else products


def _groups_of(
    archive: Archive, products: Present, table: ScanTable, rules: Sequence[Rule], *, keeps: bool
) -> list[tuple[GroupTable, list[Rule]]]:
    """The groups that rules speak of, each kind with its rules."""
    watch = table.scan.watch
    return [
        (GroupTable(archive, products.judge, table, by, own[0].watch_of(watch), keeps=keeps), own)
        for by, own in parted(rules).items()
    ]


def parted(rules: Iterable[Rule]) -> dict[str, list[Rule]]:
    """The rules on groups, by what these are grouped by."""
    found: dict[str, list[Rule]] = {}
    for rule in rules:
        if rule.group is not None:
            found.setdefault(rule.group.by, []).append(rule)
    return found


def _note(groups: GroupTable, rules: Sequence[Rule]) -> None:
    try:
        groups.note(figures_of(rules))
    except Exception:  # the rules that ask for it are noted as failing where they are judged
        log.exception("what groups of products are could not be kept")


def figures_of(rules: Iterable[Rule]) -> list[Figure]:
    """All figures of the groups of some rules, each once; how many products they have is one."""
    metrics = [SIZE_METRIC]
    metrics += [metric for rule in rules if rule.group for metric in rule.group.figures]
    found = (part.figure for metric in metrics for part in metric.figures)
    return [*{each.canonical: each for each in found if each is not None}.values()]
