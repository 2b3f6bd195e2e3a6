"""Watches that can't be read and rules that can't be judged, and what the operator hears of it."""

from __future__ import annotations

from collections.abc import Sequence

from watcher.errors import InvalidQuery, SourceError
from watcher.evaluation.empty_list_guard import DOUBTED
from watcher.evaluation.stepping import RULE
from watcher.incidents.operator import Operator
from watcher.model import Health, Scan, ScanState
from watcher.rules.rulebook import Api, Rule, Rulebook, Watch
from watcher.store.ports import Store
from watcher.store.sql.health import About, Incident
from watcher.units import format_duration, format_instant, utc_day

WATCH = "watch"  # the kind of health
SOURCE = Incident("KeyAPI fails")
PROBLEMS = "read with problems"
FAILURES_TO_TELL = 3


def note_watch(
    operator: Operator, book: Rulebook, watch: Watch, scan: Scan, failure: SourceError | None
) -> None:
    """Keep the health of ``watch`` after a scan. Three failures in a row are told, and their end.

    Where no watch can be read at all that is one cause, not one for each of them.
    """
    database, now = operator.database, operator.now
    incident = Incident("fails", About.WATCH, watch.name)
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
        since = format_instant(health.failing_since or now, book.zone)
        text = f'nothing could be read from KeyAPI since {since}; last "{watch.name}": {error}'
        operator.begin(SOURCE, text)
    else:
        text = f'the watch "{watch.name}" failed {health.failures} times in a row: {error}'
        operator.begin(incident, text)


def note_problems(operator: Operator, watch: Watch, scan: Scan) -> None:
    """Tell of complete scans that are doubted three times in a row, and the end of that.

    It is no failure of the watch: what was read of its list counts, and its heart beats.
    """
    if scan.state is not ScanState.COMPLETE:
        return
    incident = Incident(PROBLEMS, About.WATCH, watch.name)
    if scan.doubt is None:
        operator.end(incident)
    elif scan.doubt.turn >= FAILURES_TO_TELL:
        text = (
            f'the list of the watch "{watch.name}" was read with problems {scan.doubt.turn} times '
            f"in a row: {scan.doubt.why}. Who is missing may be on the list all the same, and "
            f"counts as gone when that has lasted for {format_duration(DOUBTED)}"
        )
        operator.begin(incident, text)


def note_rules(operator: Operator, rules: Sequence[Rule]) -> None:
    """Tell which of ``rules`` could not be judged at their last scan, and the end of it."""
    for rule in rules:
        health = operator.database.health.get(RULE, rule.name)
        incident = Incident("breaks", About.RULE, rule.name)
        if health.failing_since is None:
            operator.end(incident)
            continue
        text = (
            f'the rule "{rule.name}" can\'t be judged, its alerts stay as they are: '
            f"{health.last_error}"
        )
        operator.begin(incident, text)


def _nothing_is_read(database: Store, book: Rulebook, watch: Watch, health: Health) -> bool:
    """Whether other watches fail too, and none was read since ``watch`` fails."""
    since = health.failing_since or 0
    fail = 0
    for other in book.used_watches:
        if other.key == watch.key:
            continue
        last = database.history.last_scan(other.key)
        if last is None or last.finished < since or last.interrupted:
            continue
        last_ok = database.health.get(WATCH, other.key).last_ok or 0
        if last.state is not ScanState.FAILED or last_ok >= since:
            return False
        fail += 1
    return fail > 0


CAP = Incident("credits: a scan did not fit")
NEARLY = 0.8  # of a cap: the operator hears of it


def note_credits(operator: Operator, api: Api) -> None:
    """Tell a cap that is nearly used, and the end of what was told of an earlier day or month.

    Called after each scan and each minute: a new day must not wait for its first scan.
    """
    database, now = operator.database, operator.now
    on = {each.cause: each for each in database.health.causes()}
    spent = database.ledger.used(now)
    today = format_instant(now)
    for cap, used, span, which in (
        (api.credits_per_day, spent.day, "day", today[:10]),
        (api.credits_per_month, spent.month, "month", today[:7]),
    ):
        incident = Incident(f"credits of the {span} nearly used")
        nearly = bool(cap) and used >= NEARLY * (cap or 0)
        if nearly and incident.cause not in on:
            text = f"{used} of the {cap} credits of the {span} {which} are used"
            operator.begin(incident, text)
        elif not nearly and incident.cause in on:
            operator.end(incident)
    if CAP.cause in on and utc_day(on[CAP.cause].since) != utc_day(now):
        operator.end(CAP)


SET_BACK = Incident("the clock was set back")


def note_clock(operator: Operator, *, thorough: bool = False) -> bool:
    """Have stored times after now count as now, and tell the operator; True if there were any.

    They are mended for good, so that it is told once. ``thorough``: every stored time is looked
    at, not only the newest.
    """
    database, now = operator.database, operator.now
    ahead = database.times.ahead(now, thorough=thorough)
    if not ahead:
        return False
    text = (
        f"the clock was ahead by up to {format_duration(ahead)} and was set back. What was noted "
        "then counts as noted now: cooldowns, reminders and what is due next count from here"
    )
    with database.atomic():
        database.times.mend(now)
        operator.tell(SET_BACK, text)
    return True
