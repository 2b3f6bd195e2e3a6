"""The stored scans that some rules need, read into memory: what a replay plays. Jumps of the sales
are judged while they are read, as the daemon judges them, for they do not depend on rules; so is
what lists say of themselves, where a database is older than that."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from watcher.analysis.extents import extent_of, metrics_of, watches_of
from watcher.evaluation.jumps import judge_jump, needed
from watcher.evaluation.list_facts import facts_of
from watcher.evaluation.table import ScanTable
from watcher.evaluation.tabling import needs_of
from watcher.model import OF_LIST, Instant
from watcher.rules.conditions.base import Last, LastList, Need
from watcher.rules.rulebook import Rule
from watcher.store.memory.replaying import Recalled
from watcher.store.ports import Store


@contextmanager
def without_collection() -> Iterator[None]:
    """Stop the collector of cycles: a replay makes millions of values, none of them in a cycle."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Reading:
    """The scans of the watches of ``rules`` in ``time`` (its begin and end), and as many before it
    as the rules look back. Read and play in one ``source.snapshot()``: the database must stay as it
    is. Other rules can be played too: what was not read for them is asked of the database. Of the
    products one in ``every`` is read, as if lists had no others; of groups all are needed."""

    def __init__(
        self, source: Store, rules: Sequence[Rule], time: tuple[Instant, Instant], every: int = 1
    ) -> None:
        self.time = time
        self._rules = rules
        self._past = source.past_scans(extent_of(source, rules, time[0], every))
        self.matrix = self._past.matrix
        line, own = self.matrix.timeline, {watch.key for watch in watches_of(rules)}
        others = any(_asks_others(need) for need in needs_of(rules))
        late = range(self._past.first, len(line))
        judged = [place for place in late if others or line.watches[place] in own]
        self.places = [place for place in late if line.at[place] <= time[1]]
        self._judge(judged)

    def recalled(self) -> Recalled:
        """The past before the first scan, to go on from there."""
        return self._past.recalled()

    def counts(self, place: int) -> bool:
        """Whether the scan there was read, and is of the time itself."""
        line, (since, until) = self.matrix.timeline, self.time
        return since <= line.at[place] <= until and not line.failed[place]

    def _judge(self, places: Iterable[int]) -> None:
        schedules = {watch.key: watch.schedule for watch in watches_of(self._rules)}
        of_lists = any(metric.needs & {*OF_LIST} for metric in metrics_of(self._rules))
        line, past = self.matrix.timeline, self.recalled()
        for place in places:
            if line.failed[place]:
                continue
            past.move(place)
            scan, seen = past.scan(place)
            if of_lists and line.facts[place] is None:
                line.facts[place] = facts_of(past, scan)
            if asked := needed(past, scan, seen):
                table = ScanTable(scan, seen, past, asked, schedules.get(scan.watch))
                judge_jump(past, scan, seen, table)


def _asks_others(need: Need) -> bool:
    """Whether other watches' scans are baselines too: of numbers they are, of ranks not."""
    return not isinstance(need.from_, Last | LastList) and bool(need.metric.fields)
