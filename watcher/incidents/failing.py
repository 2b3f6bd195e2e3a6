"""Watches that can't be read, rules that can't be judged, credits that run out, a clock that
was ahead: how the operator hears of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from watcher.errors import InvalidQuery, SourceError
from watcher.evaluation.empty_list_guard import DOUBTED
from watcher.evaluation.stepping import RULE
from watcher.incident import About, Incident, IncidentKind, moment
from watcher.incidents.operator import Operator
from watcher.model import Health, Instant, Scan, ScanState
from watcher.rules.rulebook import Api, Rule, Rulebook, Watch
from watcher.store.ports import Store
from watcher.store.records import ScanRow
from watcher.units import format_instant, utc_day

WATCH = "watch"  # the kind of health
SOURCE = Incident(IncidentKind.SOURCE_FAILS)
FAILURES_TO_TELL = 3
CAP = Incident(IncidentKind.DID_NOT_FIT)
NEARLY = 0.8  # of a cap: the operator hears of it


def note_watch(
    operator: Operator, book: Rulebook, watch: Watch, scan: Scan, failure: SourceError | None
) -> None:
    """Keep the health of ``watch`` after a scan. Three failures in a row are told, and their end.
    Where no watch can be read at all that is one cause, not one for each of them."""
    if scan.state is not ScanState.FAILED:
        operator.end(SOURCE)
    if scan.state is ScanState.COMPLETE:
        operator.database.health.ok(WATCH, watch.key, operator.now)
        operator.end(_fails(watch))
    elif not scan.interrupted:  # else the watch itself is as healthy as it was
        error = scan.error or "the scan was cut off"
        health = operator.database.health.failing(WATCH, watch.key, error, operator.now)
        # An invalid query has been told as such.
        if health.failures >= FAILURES_TO_TELL and not isinstance(failure, InvalidQuery):
            operator.begin(_cause(operator, book, watch, scan, health).with_details(error=error))


def _fails(watch: Watch) -> Incident:
    return Incident(IncidentKind.FAILS, About.WATCH, watch.name)


def _cause(
    operator: Operator, book: Rulebook, watch: Watch, scan: Scan, health: Health
) -> Incident:
    """The watch's own trouble, or that of all of them."""
    since = health.failing_since or operator.now
    if scan.state is ScanState.FAILED and _nothing_is_read(operator.database, book, watch, since):
        return SOURCE.with_details(begun=moment(since, book.zone), watch=watch.name)
    return _fails(watch).with_details(failures=health.failures)


def _nothing_is_read(database: Store, book: Rulebook, watch: Watch, since: Instant) -> bool:
    """Whether other watches fail too, and none was read since ``watch`` fails."""
    others = list(_scans_since(database, book, watch, since))
    return bool(others) and all(_is_vain(database, scan, since) for scan in others)


def _scans_since(
    database: Store, book: Rulebook, watch: Watch, since: Instant
) -> Iterator[ScanRow]:
    """The last scan of each other watch that was scanned since then."""
    for other in book.used_watches:
        scan = database.history.last_scan(other.key) if other.key != watch.key else None
        if scan is not None and scan.finished >= since and not scan.interrupted:
            yield scan


def _is_vain(database: Store, scan: ScanRow, since: Instant) -> bool:
    """Whether its watch was not read at all since then."""
    last_ok = database.health.get(WATCH, scan.watch).last_ok or 0
    return scan.state is ScanState.FAILED and last_ok < since


def note_problems(operator: Operator, watch: Watch, scan: Scan) -> None:
    """Tell of complete scans that are doubted three times in a row, and the end of that. It is no
    failure of the watch: what was read of its list counts, and its heart beats."""
    if scan.state is not ScanState.COMPLETE:
        return
    incident, doubt = Incident(IncidentKind.PROBLEMS, About.WATCH, watch.name), scan.doubt
    if doubt is None:
        operator.end(incident)
    elif doubt.turn >= FAILURES_TO_TELL:
        operator.begin(incident.with_details(turn=doubt.turn, doubt=doubt.why, doubted=DOUBTED))


def note_rules(operator: Operator, rules: Sequence[Rule]) -> None:
    """Tell which of ``rules`` could not be judged at their last scan, and the end of it."""
    for rule in rules:
        health = operator.database.health.get(RULE, rule.name)
        incident = Incident(IncidentKind.BREAKS, About.RULE, rule.name)
        failing = health.failing_since is not None
        operator.note(incident.with_details(error=health.last_error), on=failing)


def note_credits(operator: Operator, api: Api) -> None:
    """Tell a cap that is nearly used, and the end of what was told of an earlier day or month.
    Called after each scan and each minute: a new day must not wait for its first scan."""
    now = operator.now
    spent, today = operator.database.ledger.used(now), format_instant(now)
    on = {each.kind: each for each in operator.database.health.incidents()}
    for cap, used, span, kind in (
        (api.credits_per_day, spent.day, today[:10], IncidentKind.CREDITS_OF_DAY),
        (api.credits_per_month, spent.month, today[:7], IncidentKind.CREDITS_OF_MONTH),
    ):
        near = cap is not None and 0 < NEARLY * cap <= used
        if near != (kind in on):
            operator.note(Incident(kind).with_details(used=used, cap=cap, span=span), on=near)
    if CAP.kind in on and utc_day(on[CAP.kind].since) != utc_day(now):
        operator.end(CAP)


def note_clock(operator: Operator, *, thorough: bool = False) -> bool:
    """Have stored times after now count as now, and tell the operator; True if there were any. They
    are mended for good, so that it is told once. ``thorough``: every stored time is looked at, not
    only the newest."""
    database, now = operator.database, operator.now
    ahead = database.times.ahead(now, thorough=thorough)
    if not ahead:
        return False
    with database.atomic():
        database.times.mend(now)
        operator.tell(Incident(IncidentKind.CLOCK_SET_BACK).with_details(ahead=ahead))
    return True


def unstored_of(watch: Watch) -> Incident:
    """A scan of the watch that waits to be stored."""
    return Incident(IncidentKind.UNSTORED, About.WATCH, watch.name)
