"""One rule on one product, read only: why it fired, did not fire, or was not told. Judged by what
judges and holds in earnest, on the newest stored scan of the rule's watch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from itertools import chain
from zoneinfo import ZoneInfo

from watcher.alert import Alert, AlertState
from watcher.analysis.again_reasons import AgainReason, again_reasons
from watcher.analysis.looking import Looked, look, watch_of
from watcher.analysis.reasons import Reason
from watcher.data_days import durations
from watcher.errors import WatcherError
from watcher.evaluation.names import names_in, subject_name
from watcher.evidence import Evidence
from watcher.message import NotificationState
from watcher.model import Instant, ProductFacts, Severity, Verdict
from watcher.notification.deferral import ChannelStatus, TargetQueue, channel_statuses
from watcher.notification.policy import Decision, policies_of
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.ports import Store
from watcher.store.records import AlertRow, ScanRow
from watcher.units import format_duration
from watcher.words import listing


@dataclass(frozen=True, slots=True)
class GradeReason:
    """A condition that an alert must meet to be so severe, and whether it does."""

    severity: Severity
    reason: Reason


@dataclass(frozen=True, slots=True)
class Explanation:
    """One rule and one product, judged at the newest scan that lists it. ``alert`` is the live one,
    or the last that ended; ``fires_at`` is when a pending one fires at the earliest, ``data_days``
    how many have yet to begin until then, where it waits for those. ``by_data_days``: times that
    are counted in days are guesses, for a data day begins when its data comes. ``watch`` names the
    list that it was judged on, where the rule has several. Where the data decide the ``severity``
    of an alert, ``grades`` say how."""

    now: Instant
    rule: str
    product: ProductFacts
    scan: ScanRow
    judged_at: Instant
    listed: bool
    when: Reason
    until: Reason | None
    alert: Alert | None
    gmv_currency: str | None
    fires_at: Instant | None
    gates: tuple[ChannelStatus, ...]
    again: tuple[AgainReason, ...]
    notes: tuple[str, ...]
    timezone: str = "UTC"
    watch: str = ""
    names: Mapping[str, str] = field(default_factory=dict)  # of the ids that occur
    data_days: int | None = None
    by_data_days: bool = False
    severity: Severity | None = None
    grades: tuple[GradeReason, ...] = ()

    @property
    def zone(self) -> tzinfo:
        return ZoneInfo(self.timezone)


def explain(
    database: Store, book: Rulebook, rule: Rule, product: ProductFacts, now: Instant
) -> Explanation:
    """Explain ``rule`` on ``product``; raises ``WatcherError`` where its watch never saw it."""
    row = next(iter(database.alerts.list(rule.name, product=product.product, limit=1)), None)
    alert = row.alert if row is not None else None
    watch = watch_of(database, rule, product, alert)
    scan = database.history.newest_scan(watch.key)
    if scan is None:
        raise WatcherError(
            f'the watch of rule "{rule.name}" has no scan yet; '
            f"`watcher once --rule {rule.name}` makes one"
        )
    looked = look(database, book, (rule, watch), product, scan)
    listed = looked.at == scan.at and not looked.fallen
    lengths = durations(watch.schedule, database.history)
    held = alert is not None and alert.state is AlertState.PENDING
    names = _names(database, book, product, looked, alert)
    pending = min(alert.since, now) if alert is not None and held else None
    return Explanation(
        now=now,
        rule=rule.name,
        product=replace(product, name=subject_name(product.product_id, product.name, names)),
        scan=scan,
        judged_at=looked.at,
        listed=listed,
        when=looked.when,
        until=looked.until,
        alert=alert,
        gmv_currency=book.metrics.gmv_currency,
        fires_at=lengths.over(rule.for_, pending) if pending is not None else None,
        data_days=lengths.to_come(rule.for_, pending) if pending is not None else None,
        gates=tuple(_gates(database, book, rule, row, now)),
        again=tuple(again_reasons(database, rule, alert, book.zone)),
        notes=tuple(_notes(database, rule, looked, alert, listed=listed)),
        timezone=book.timezone,
        names=names,
        by_data_days=bool(lengths.days),
        watch=watch.name if len(rule.watches) > 1 else "",
        severity=rule.severity_of(alert) if alert is not None and rule.grades else None,
        grades=tuple(GradeReason(*each) for each in looked.grades),
    )


def _names(
    database: Store, book: Rulebook, product: ProductFacts, looked: Looked, alert: Alert | None
) -> Mapping[str, str]:
    """Names of the sellers and categories that an explanation has."""
    reasons = [looked.when, *([looked.until] if looked.until is not None else [])]
    reasons += [reason for _, reason in looked.grades]
    evidence = [*chain.from_iterable(map(_evidence_of, reasons))]
    evidence += alert.evidence if alert is not None else ()
    subjects = (product.seller_id, product.product_id)
    return names_in(database.history, book.sellers, evidence, *subjects)


def _evidence_of(reason: Reason) -> Iterator[Evidence]:
    if reason.evidence is not None:
        yield reason.evidence
    for part in reason.parts:
        yield from _evidence_of(part)


def _gates(
    database: Store, book: Rulebook, rule: Rule, row: AlertRow | None, now: Instant
) -> Iterator[ChannelStatus]:
    policies, queues = policies_of(book.channels), _queues(database, now)
    found = tuple(ChannelStatus(name, Decision.NOT_FIRING) for name in rule.notify)
    last: dict[str | None, NotificationState | None] = {}
    if row is not None:
        last = {each.target: each.state for each in reversed(row.deliveries)}  # the first counts
        # By the clock, not by the last scan: a cooldown that is over since holds nothing back.
        found = channel_statuses(database, rule, row.alert, policies, at=now, now=now)
    for each in found:
        targets = (queues.get(name, TargetQueue(name)) for name in policies[each.channel].targets)
        yield replace(
            each, targets=tuple(replace(queue, last=last.get(queue.target)) for queue in targets)
        )


def _queues(database: Store, now: Instant) -> dict[str, TargetQueue]:
    """The targets whose messages wait or are dead."""
    queues: dict[str, TargetQueue] = {}
    for target, next_try, count in database.outbox.due_targets(now):
        head = database.outbox.next_for(target)
        error = head.error if head is not None else None
        queues[target] = TargetQueue(target, waiting=count, next_try=next_try, error=error)
    for each in database.outbox.list([NotificationState.DEAD], limit=1_000):
        known = queues.get(each.target, TargetQueue(each.target))
        queues[each.target] = replace(known, dead=known.dead + 1, error=known.error or each.error)
    return queues


def _notes(
    database: Store, rule: Rule, looked: Looked, alert: Alert | None, *, listed: bool
) -> Iterator[str]:
    if not rule.enabled:
        yield "the rule has enabled: false: it is not judged, and nothing is read for it"
    health = database.health.get("rule", rule.name)
    if health.failing_since is not None:
        yield f"the rule can't be judged: {health.last_error}"
    if alert is not None and alert.state is not AlertState.INACTIVE:
        yield from _holding(rule, looked.when.verdict, alert)
    elif looked.when.verdict is Verdict.MET and listed and rule.enabled:
        yield "met, and no alert: the rule as it stands was not judged yet at this scan"
    if looked.added:
        yield "read when it was added to the list; no scan has judged it yet"
    if rule.muted_by:
        muters = listing(rule.muted_by)
        yield f"muted by {muters}: what that told a channel of a product is not told there again"
    if not rule.notify:
        yield "the rule names no channel (notify), so nobody is told"


def _holding(rule: Rule, when: Verdict, alert: Alert) -> Iterator[str]:
    """Yield the reasons why an alert lives on although it is not met, or not as usual."""
    if alert.carried:
        yield "fired before the rule was changed and still holds, so it is not told again"
    if alert.absent:
        yield "missing from the newest complete scan; a second such scan ends the alert"
    elif alert.state is not AlertState.FIRING or when is Verdict.MET:
        return
    elif when is Verdict.NO_DATA:
        yield "no data changes nothing: the alert stays as it is"
    elif rule.until is not None:
        yield 'not met any more, but it fires until "until" is met'
    elif rule.keep_firing_for:
        held = format_duration(rule.keep_firing_for)
        yield f"not met any more, but it fires for {held} after it was (keep_firing_for)"
    elif rule.when.needs:
        yield "not met, but KeyAPI's data is late: what compares with the past waits until it moves"
