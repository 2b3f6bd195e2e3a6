"""Watches that can't be read, rules that can't be judged, credits that run out, a clock that
was ahead: how the operator hears of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from watcher.errors import InvalidQuery, SourceError
from watcher.evaluation.empty_list_guard import DOUBTED
from watcher.evaluation.stepping import RULE
from watcher.incident import About, Incident, IncidentKind
from watcher.incidents.operator import Operator
from watcher.model import Health, Scan, ScanState
from watcher.rules.rulebook import Api, Rule, Rulebook, Watch
from watcher.store.ports import Store
from watcher.units import format_instant, utc_day

WATCH = "watch"  # the kind of health
SOURCE = Incident(IncidentKind.SOURCE_FAILS)
FAILURES_TO_TELL = 3


def note_watch(
    operator: Operator, book: Rulebook, watch: Watch, scan: Scan, failure: SourceError | None
) -> None:
    """Keep the health of ``watch`` after a scan. Three failures in a row are told, and their end.

    Where no watch can be read at all that is one cause, not one for each of them.
    """
    database, now = operator.database, operator.now
    incident = Incident(IncidentKind.FAILS, About.WATCH, watch.name)
    if scan.state is not ScanState.FAILED:
        operator.end(SOURCE)
    if scan.state is ScanState.COMPLETE:
        database.health.ok(WATCH, watch.key, now)
        operator.end(incident)
        return
    if scan.interrupted:
        return  # the watch itself is as healthy as it was
    error = scan.error or "the scan was cut off"
    health = database.health.failing(WATCH, watch.key, error, now)
    if health.failures < FAILURES_TO_TELL or isinstance(failure, InvalidQuery):
        return  # an invalid query has been told as such
    if scan.state is ScanState.FAILED and _nothing_is_read(database, book, watch, health):
        begun = format_instant(health.failing_since or now, book.zone)
        operator.begin(SOURCE.with_details(begun=begun, watch=watch.name, error=error))
    else:
        operator.begin(incident.with_details(failures=health.failures, error=error))


def note_problems(operator: Operator, watch: Watch, scan: Scan) -> None:
    """Tell of complete scans that are doubted three times in a row, and the end of that.

    It is no failure of the watch: what was read of its list counts, and its heart beats.
    """
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


def _nothing_is_read(database: Store, book: Rulebook, watch: Watch, health: Health) -> bool:
    """Whether other watches fail too, and none was read since ``watch`` fails."""
    since = health.failing_since or 0
    fail = 0
    for other in book.used_watches:
        last = database.history.last_scan(other.key) if other.key != watch.key else None
        if last is None or last.finished < since or last.interrupted:
            continue
        last_ok = database.health.get(WATCH, other.key).last_ok or 0
        if last.state is not ScanState.FAILED or last_ok >= since:
            return False
        fail += 1
    return fail > 0


CAP = Incident(IncidentKind.DID_NOT_FIT)
NEARLY = 0.8  # of a cap: the operator hears of it


def note_credits(operator: Operator, api: Api) -> None:
    """Tell a cap that is nearly used, and the end of what was told of an earlier day or month.

    Called after each scan and each minute: a new day must not wait for its first scan.
    """
    database, now = operator.database, operator.now
    on = {each.kind: each for each in database.health.incidents()}
    spent = database.ledger.used(now)
    today = format_instant(now)
    for cap, used, span, kind in (
        (api.credits_per_day, spent.day, today[:10], IncidentKind.CREDITS_OF_DAY),
        (api.credits_per_month, spent.month, today[:7], IncidentKind.CREDITS_OF_MONTH),
    ):
        nearly = bool(cap) and used >= NEARLY * (cap or 0)
        if nearly != (kind in on):
            operator.note(Incident(kind).with_details(used=used, cap=cap, span=span), on=nearly)
    if CAP.kind in on and utc_day(on[CAP.kind].since) != utc_day(now):
        operator.end(CAP)


def note_clock(operator: Operator, *, thorough: bool = False) -> bool:
    """Have stored times after now count as now, and tell the operator; True if there were any.

    They are mended for good, so that it is told once. ``thorough``: every stored time is looked
    at, not only the newest.
    """
    database, now = operator.database, operator.now
    ahead = database.times.ahead(now, thorough=thorough)
    if not ahead:
        return False
    with database.atomic():
        database.times.mend(now)
        operator.tell(Incident(IncidentKind.CLOCK_SET_BACK).with_details(ahead=ahead))
    return True
