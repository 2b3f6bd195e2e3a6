"""The fates of what was told, of products and of groups of them, whatever their region."""

from __future__ import annotations

from collections.abc import Sequence

from watcher.analysis.extents import region_of
from watcher.analysis.scores.fates import Assessor, Fate, Telling
from watcher.analysis.scores.group_fates import group_fates
from watcher.model import Instant
from watcher.rules.rulebook import Rule, Watch
from watcher.store.ports import Store


class Assessors:
    """Assesses tellings of whatever regions, and keeps what was read of them."""

    def __init__(self, database: Store, since: Instant, now: Instant) -> None:
        self._database, self._since, self._now = database, since, now
        self._of = dict[str, Assessor]()

    def fates(self, rule: Rule, tellings: Sequence[Telling]) -> list[Fate]:
        """One for each telling of the rule, in their order."""
        found = dict[int, Fate]()
        for watch in rule.watches:
            own = {
                row: each for row, each in enumerate(tellings) if rule.watch_of(each.watch) is watch
            }
            if own:
                told = list(own.values())
                if rule.group is not None:
                    fates = group_fates(self._database, rule, watch, told, self._now)
                else:
                    fates = self._assessor(watch).fates(rule, watch, told)
                found.update(zip(own, fates, strict=True))
        return [found[row] for row in range(len(tellings))]

    def _assessor(self, watch: Watch) -> Assessor:
        region = region_of(self._database, watch)
        if region not in self._of:
            self._of[region] = Assessor(self._database, region, self._since, self._now)
        return self._of[region]
