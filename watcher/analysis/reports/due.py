"""Times of reports: each is told once, up to half a day late, and then skipped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from watcher.analysis.reports.composing import Moment, compose
from watcher.message import Message
from watcher.model import Instant, Severity
from watcher.notification.policy import NotifyPolicy
from watcher.rules.report import PlannedReport
from watcher.rules.rulebook import Rulebook
from watcher.schedule import Cron
from watcher.store.ports import Store
from watcher.store.sql.operations import ReportState
from watcher.units import HOUR, format_instant

LATEST = 12 * HOUR

log = structlog.get_logger("watcher.reports")


@dataclass(frozen=True, slots=True)
class ReportStatus:
    """A report as people ask for it: when it is told ``next``, was ``told`` last, and its last time
    for which it was too late (``skipped``)."""

    name: str
    at: str
    watches: tuple[str, ...]
    notify: tuple[str, ...]
    next: Instant
    told: Instant | None = None
    skipped: Instant | None = None


def moment_of(database: Store, report: PlannedReport, now: Instant) -> Moment:
    """The moment of a report that somebody wants to see now."""
    state = database.reports.states().get(report.name)
    return Moment(now, now, state.told if state is not None else None)


def statuses(database: Store, book: Rulebook, now: Instant) -> tuple[ReportStatus, ...]:
    """The book's reports as they are at ``now``."""
    states = database.reports.states() if book.reports else {}
    return tuple(_status(each, states.get(each.name), now) for each in book.reports)


def _status(report: PlannedReport, state: ReportState | None, now: Instant) -> ReportStatus:
    after = now if state is None or state.schedule != report.schedule else state.after
    missed = latest(report.at, after, now)
    return ReportStatus(
        report.name,
        str(report.at),
        tuple(watch.name for watch in report.watches),
        report.notify,
        missed if missed is not None and now - missed <= LATEST else report.at.next(now),
        state.told if state is not None else None,
        state.skipped if state is not None else None,
    )


def latest(at: Cron, after: Instant, now: Instant) -> Instant | None:
    """The last of the times after an instant that has come; None where none has. Of several that
    nobody told only that is made up for."""
    # Of a line of each minute a year of times would be gone through, and one of them counts.
    for begin in (max(after, now - 2 * LATEST), after):
        found, moment = None, at.next(begin)
        while moment <= now:
            found, moment = moment, at.next(moment)
        if found is not None:
            return found
    return None


def sweep(
    database: Store, book: Rulebook, policies: Mapping[str, NotifyPolicy], now: Instant
) -> list[int]:
    """Tell the reports whose time has come, each in a transaction of its own; the notifications
    written. One that is new, or has other times, tells nothing of the time before."""
    states = database.reports.states()
    if gone := states.keys() - {report.name for report in book.reports}:
        with database.atomic():
            database.reports.forget(gone)
    rows = list[int]()
    for report in book.reports:
        state = states.get(report.name)
        if state is None or state.schedule != report.schedule:
            with database.atomic():
                database.reports.begin(report.name, report.schedule, now)
        elif (due := latest(report.at, state.after, now)) is not None:
            rows += _deal(database, book, report, policies, Moment(due, now, state.told))
    return rows


def _deal(
    database: Store, book: Rulebook, report: PlannedReport, policies: Mapping[str, NotifyPolicy],
    moment: Moment,
) -> list[int]:  # fmt: skip
    """Tell a report, or note that it is too late."""
    due = moment.due
    if moment.made - due > LATEST:
        when = format_instant(due, book.zone)
        log.warning("a report is skipped: it is too late", report=report.name, of=when)
        with database.atomic():
            database.reports.skipped(report.name, due)
        return []
    rows = list[int]()
    with database.atomic():
        content = compose(database, book, report, moment)
        message = Message(
            "report", "", Severity.INFO, moment.made, region=", ".join(report.regions),
            data_at=content.data_at, report=content,
        )  # fmt: skip
        for policy in (policies[name] for name in report.notify if name in policies):
            hold = policy.urgent_hold(moment.made)
            until = hold.until if hold is not None else None
            rows += database.outbox.add(
                policy.channel, policy.targets, message, moment.made, not_before=until
            )
        database.reports.told(report.name, due, moment.made)
    log.info("report", report=report.name, messages=len(rows))
    return rows
