"""What the operator hears of the watcher's own health: once a cause, and once at its end.

A cause is a short key (``key refused``, ``watch beauty``); the store remembers which are on, so
a restart does not tell again.
"""

from __future__ import annotations

from collections.abc import Sequence

from watcher.model import Instant, Message, Severity
from watcher.notification.audiences import Audience
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store

_WATCH, _RULE, _REGION = "watch ", "rule ", "region "


def watch_cause(watch: str, what: str) -> str:
    """The cause that something is wrong with the watch of that name; no ": " in ``what``."""
    return f"{_WATCH}{watch}: {what}"


def rule_cause(rule: str, what: str) -> str:
    """The same of a rule."""
    return f"{_RULE}{rule}: {what}"


def region_cause(region: str, what: str) -> str:
    """The same of all that the source says of a region."""
    return f"{_REGION}{region}: {what}"


def is_orphan(cause: str, book: Rulebook) -> bool:
    """Whether a cause is about a watch, rule or region that is no more."""
    about, separator, _ = cause.rpartition(": ")
    known = (
        (_WATCH, (watch.name for watch in book.used_watches)),
        (_RULE, (rule.name for rule in book.rules)),
        (_REGION, (watch.query.region for watch in book.used_watches)),
    )
    return any(
        separator and about.startswith(prefix) and about.removeprefix(prefix) not in names
        for prefix, names in known
    )


def begin(
    database: Store,
    operator: Sequence[Audience],
    cause: str,
    text: str,
    now: Instant,
) -> bool:
    """Tell ``operator`` that ``cause`` began, unless it is on already; True if told now."""
    with database.atomic():
        if not database.health.raise_cause(cause, text, now):
            return False
        tell(database, operator, cause, text, now)
    return True


def end(
    database: Store,
    operator: Sequence[Audience],
    cause: str,
    now: Instant,
    *,
    how: str = "",
) -> bool:
    """Tell ``operator`` that ``cause`` is over, if it was on, and ``how``; True if told now."""
    with database.atomic():
        text = database.health.clear_cause(cause, now)
        if text is None:
            return False
        over = f"This is over: {text}{f'. {how}' if how else ''}"
        tell(database, operator, cause, over, now, over=True)
    return True


def tell(
    database: Store,
    operator: Sequence[Audience],
    cause: str,
    text: str,
    now: Instant,
    *,
    over: bool = False,
    name: str = "",
) -> None:
    """Queue a message for the operator, whatever causes are on; ``name`` is what people read of
    ``cause``."""
    name = name or cause
    title = f"watcher: over: {name}" if over else f"watcher: {name}"
    severity = Severity.INFO if over else Severity.WARNING
    # min_severity and a digest are no gates here: who is named as operator wants to hear of
    # trouble soon. Quiet hours are: nobody is to be woken.
    message = Message("operator", title, severity, created=now, text=text, cause=cause, over=over)
    for audience in operator:
        quiet = audience.quiet_until(now)
        database.outbox.add(audience.channel, audience.targets, message, now, not_before=quiet)
