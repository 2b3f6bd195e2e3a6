"""The stored scans that some rules need, read into memory: what a replay plays. Jumps of the sales
are judged while they are read, as the daemon judges them, for they do not depend on rules; so is
what lists say of themselves, where a database is older than that."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from watcher.evaluation.jumps import SALES_BEFORE, judge_jump, needed
from watcher.evaluation.last_known import last_reach
from watcher.evaluation.list_facts import facts_of
from watcher.evaluation.statistics import over_of, reach
from watcher.evaluation.table import ScanTable
from watcher.model import OF_LIST, Instant
from watcher.notification.products import FACTS
from watcher.pipeline import needs_of
from watcher.rules.conditions.base import Ago, Last, LastList, Need
from watcher.rules.metrics import Catalogue, Metric
from watcher.rules.rulebook import Rule, Watch, made_texts
from watcher.schedule import Refresh, Schedule
from watcher.store.memory.replaying import Extent, Recalled
from watcher.store.ports import Store
from watcher.units import DAY

_LEFT_OUT = 7 * DAY  # by which data days may reach back further: some are missing
_MANY = 20  # rules: so many tell of so many products that what messages show is read for all


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
    is. Other rules can be played too: what was not read for them is asked of the database."""

    def __init__(self, source: Store, rules: Sequence[Rule], time: tuple[Instant, Instant]) -> None:
        self.time = time
        self._rules = rules
        self._past = source.past_scans(_extent(source, rules, time[0]))
        self.matrix = self._past.matrix
        line, own = self.matrix.timeline, {watch.key for watch in _watches(rules)}
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
        schedules = {watch.key: watch.schedule for watch in _watches(self._rules)}
        of_lists = any(metric.needs & {*OF_LIST} for metric in _metrics(self._rules))
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


def _extent(source: Store, rules: Sequence[Rule], since: Instant) -> Extent:
    """The time itself, and as much before it as the rules look back."""
    fields = {name for metric in _metrics(rules) for name in metric.fields}
    catalogue = Catalogue()
    shown = {name for fact in FACTS for name in catalogue[fact].fields}  # by messages
    if len(rules) >= _MANY:
        fields |= shown
    return Extent(
        watches=frozenset(watch.key for watch in _watches(rules)),
        regions=frozenset(region_of(source, watch) for watch in _watches(rules)),
        since=min(
            (_begin(source, rule, watch, since) for rule in rules for watch in rule.watches),
            default=since,
        ),
        fields=frozenset(fields | SALES_BEFORE.metric.fields),
        shown=tuple(sorted(shown)),
        made=made_texts(rules),
    )


def region_of(database: Store, watch: Watch) -> str:
    """The region of the products that a watch finds; of a shop, and of products of one's own, that
    of most of them."""
    scan = None if watch.query.of_market else database.history.newest_scan(watch.key)
    return watch.query.region if scan is None else scan.region


def _watches(rules: Sequence[Rule]) -> Iterator[Watch]:
    return (watch for rule in rules for watch in rule.watches)


def _begin(source: Store, rule: Rule, watch: Watch, since: Instant) -> Instant:
    """The moment from which on a rule that begins at ``since`` needs the past of a watch."""
    complete = source.history.last_proof_before(watch.key, since)
    first = since if complete is None else min(since, complete)
    schedule = watch.schedule
    last = last_reach(schedule)  # also of what tells a jump
    return first - max([last, *(_looks_back(need, schedule) for need in needs_of([rule]))])


def _looks_back(need: Need, schedule: Schedule) -> int:
    """Seconds before now from which a baseline may be taken, beside the last value's."""
    more = _LEFT_OUT if isinstance(schedule, Refresh) else 0
    if isinstance(need.from_, Ago):
        return need.from_.seconds + need.from_.older + more
    over = over_of(need)
    return reach(over, schedule) + more if over is not None else 0


def _asks_others(need: Need) -> bool:
    """Whether other watches' scans are baselines too: of numbers they are, of ranks not."""
    return not isinstance(need.from_, Last | LastList) and bool(need.metric.fields)


def _metrics(rules: Sequence[Rule]) -> set[Metric]:
    spoken = [
        each
        for rule in rules
        for each in (rule.when, rule.until, rule.order_by, rule.again)
        if each is not None
    ]
    metrics = {metric for each in spoken for metric in each.metrics}
    return metrics | {need.metric for need in needs_of(rules)}
