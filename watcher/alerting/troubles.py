"""What the operator hears of the watcher's own health: once a cause, and once at its end.

A cause is a short key (``key refused``, ``watch beauty``); the store remembers which are on, so
a restart does not tell again.
"""

from __future__ import annotations

from collections.abc import Sequence

from watcher.alerting.audiences import Audience
from watcher.model import Instant, Message, Severity
from watcher.store.database import Database

_OF_WATCH = "watch "


def watch_cause(watch: str, what: str) -> str:
    """The cause that something is wrong with the watch of that name."""
    return f"{_OF_WATCH}{watch}: {what}"


def watch_of(cause: str) -> str | None:
    """The name of the watch that a cause is about, if it is about one."""
    return (
        cause.removeprefix(_OF_WATCH).rpartition(": ")[0] if cause.startswith(_OF_WATCH) else None
    )


def begin(
    database: Database,
    operator: Sequence[Audience],
    cause: str,
    text: str,
    now: Instant,
) -> bool:
    """Tell ``operator`` that ``cause`` began, unless it is on already; True if told now."""
    with database.atomic():
        if not database.health.raise_cause(cause, text, now):
            return False
        _tell(database, operator, cause, text, now)
    return True


def end(database: Database, operator: Sequence[Audience], cause: str, now: Instant) -> bool:
    """Tell ``operator`` that ``cause`` is over, if it was on; True if told now."""
    with database.atomic():
        text = database.health.clear_cause(cause, now)
        if text is None:
            return False
        _tell(database, operator, cause, f"This is over: {text}", now, over=True)
    return True


def _tell(
    database: Database,
    operator: Sequence[Audience],
    cause: str,
    text: str,
    now: Instant,
    *,
    over: bool = False,
) -> None:
    title = f"watcher: over: {cause}" if over else f"watcher: {cause}"
    severity = Severity.INFO if over else Severity.WARNING
    # min_severity and a digest are no gates here: who is named as operator wants to hear of
    # trouble soon. Quiet hours are: nobody is to be woken.
    message = Message("operator", title, severity, created=now, text=text, cause=cause, over=over)
    for audience in operator:
        quiet = audience.quiet_until(now)
        database.outbox.add(audience.channel, audience.targets, message, now, not_before=quiet)
