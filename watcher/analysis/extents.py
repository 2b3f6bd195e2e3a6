"""The part of the past that some rules need: a time, and as much before it as they look back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from watcher.evaluation.jumps import SALES_BEFORE
from watcher.evaluation.last_known import last_reach
from watcher.evaluation.statistics import over_of, reach
from watcher.evaluation.tabling import asked_of, needs_of
from watcher.model import Instant
from watcher.notification.products import FACTS
from watcher.rules.asked_texts import made_texts
from watcher.rules.conditions.base import Ago, Need
from watcher.rules.metrics import Catalogue, Metric
from watcher.rules.rulebook import Rule, Watch
from watcher.schedule import Refresh, Schedule
from watcher.store.memory.past_scans import Extent
from watcher.store.ports import Store
from watcher.units import DAY

_LEFT_OUT = 7 * DAY  # by which data days may reach back further: some are missing
_MANY = 20  # rules: so many tell of so many products that what messages show is read for all


def extent_of(source: Store, rules: Sequence[Rule], since: Instant, every: int = 1) -> Extent:
    """The time itself, and as much before it as the rules look back; of the products one in
    ``every``."""
    fields = {name for metric in metrics_of(rules) for name in metric.fields}
    catalogue = Catalogue()
    shown = {name for fact in FACTS for name in catalogue[fact].fields}  # by messages
    if len(rules) >= _MANY:
        fields |= shown
    return Extent(
        watches=frozenset(watch.key for watch in watches_of(rules)),
        regions=frozenset(region_of(source, watch) for watch in watches_of(rules)),
        since=min(
            (_begin(source, rule, watch, since) for rule in rules for watch in rule.watches),
            default=since,
        ),
        fields=frozenset(fields | SALES_BEFORE.metric.fields),
        shown=tuple(sorted(shown)),
        made=made_texts(rules),
        every=every,
    )


def region_of(database: Store, watch: Watch) -> str:
    """The region of the products that a watch finds; of a shop, and of products of one's own, that
    of most of them."""
    scan = None if watch.query.of_market else database.history.newest_scan(watch.key)
    return watch.query.region if scan is None else scan.region


def watches_of(rules: Sequence[Rule]) -> Iterator[Watch]:
    """The watches of some rules; one that several have comes several times."""
    return (watch for rule in rules for watch in rule.watches)


def _begin(source: Store, rule: Rule, watch: Watch, since: Instant) -> Instant:
    """The moment from which on a rule that begins at ``since`` needs the past of a watch."""
    complete = source.history.last_proof_before(watch.key, since)
    first = since if complete is None else min(since, complete)
    schedule = watch.schedule
    last = last_reach(schedule)  # also of what tells a jump
    return first - max([last, *(_looks_back(need, schedule) for need in _needs_of([rule]))])


def _looks_back(need: Need, schedule: Schedule) -> int:
    """Seconds before now from which a baseline may be taken, beside the last value's."""
    more = _LEFT_OUT if isinstance(schedule, Refresh) else 0
    if isinstance(need.from_, Ago):
        return need.from_.seconds + need.from_.older + more
    over = over_of(need)
    return reach(over, schedule) + more if over is not None else 0


def metrics_of(rules: Sequence[Rule]) -> set[Metric]:
    """All metrics that the rules speak of, or hold values against."""
    spoken = [
        each
        for rule in rules
        for each in (*rule.spoken, rule.order_by, rule.again)
        if each is not None
    ]
    metrics = {metric for each in spoken for metric in each.metrics}
    return metrics | {need.metric for need in _needs_of(rules)}


def _needs_of(rules: Sequence[Rule]) -> Iterator[Need]:
    yield from needs_of(rules)
    yield from asked_of([rule for rule in rules if rule.group is not None])
