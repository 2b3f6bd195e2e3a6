"""``watcher outbox``: messages that wait or are dead, and what is to become of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any, Literal

import click

from watcher.cli import options
from watcher.cli.held import Listing, reason
from watcher.cli.output import Printed, RowsOf, as_json, console, json_wanted, print_json, prints
from watcher.cli.tables import Cell
from watcher.cli.writing import audited
from watcher.errors import WatcherError
from watcher.message import Notification, NotificationState
from watcher.model import Instant
from watcher.notification.deferral import Waiting, waiting
from watcher.store.places import Place
from watcher.store.ports import Store
from watcher.text.messages import title_of
from watcher.text.sanitize import plain
from watcher.units import format_ago, format_duration

_HELD = "held"  # what is to become a message later
_OPEN = (NotificationState.WAITING, NotificationState.DEAD, _HELD)
_NONE_MATCH = "No messages match."
_NONE_OPEN = "No messages wait or are dead. --state sent shows what was sent."
_SAID = {
    "retry": ("tried again", "No dead messages."),
    "drop": ("given up", "No messages wait or are dead."),
}
_STATES = (*(state.value for state in NotificationState), _HELD)
# Of a message that is not to be moved.
_DONE = {
    NotificationState.SENT: "was sent to {0.target} already",
    NotificationState.DROPPED: "was given up by `watcher outbox drop`",
    NotificationState.JOINED: "is told by message {0.joined}; name that",
}


class PrintedNotification(Printed, frozen=True, kw_only=True):
    """A message of the queue; ``told_by`` is the one that tells it in its place."""

    id: int
    channel: str
    target: str
    state: NotificationState
    tries: int
    created: Instant
    finished: Instant | None
    error: str | None
    told_by: int | None
    next_try: Instant | None
    title: str


class PrintedHeld(Printed, frozen=True, kw_only=True):
    """A part of what is held back from a channel, and is no message yet."""

    id: None
    target: None
    state: Literal["held"]
    channel: str
    why: str
    until: Instant | None
    silence: int | None
    alerts: int
    rules: tuple[str, ...]
    messages: int
    created: Instant
    title: str


@click.group()
def command() -> None:
    """Show the messages that wait or are dead; try them again, or give them up."""


@command.command("list")
@options.files
@click.option("--state", "states", type=click.Choice(_STATES), multiple=True, help="In this state.")
@click.option("--target", metavar="NAME", help="To this target, as growth/1.")
@options.limit
@as_json
@prints(RowsOf((PrintedNotification, PrintedHeld)))
def list_(files: options.Files, states: tuple[str, ...], target: str | None, limit: int) -> None:
    """List the messages that wait or are dead, the newest first, and what is held back by a digest,
    quiet hours, a silence, a cooldown, a round or the day's most, as the rule file has them.
    """
    listed = _listed(files, states or _OPEN, target, limit)
    if json_wanted():
        print_json([*map(_json, listed.rows), *map(_held_json, listed.held)])
    elif listed.rows or listed.held:
        _show(listed)
    else:
        console().say(_NONE_MATCH if states or target is not None else _NONE_OPEN)


def _listed(
    files: options.Files, states: Sequence[str], target: str | None, limit: int
) -> Listing[Notification]:
    now, book = files.now, files.book_if_any
    asked = [state for state in NotificationState if state in states]
    with files.open() as opened, opened.snapshot():
        rows = opened.outbox.list(asked, limit=limit + 1, target=target) if asked else []
        held = waiting(opened, book, now) if _HELD in states else ()
    if target is not None:
        held = tuple(each for each in held if each.channel == target.rpartition("/")[0])
    return Listing(now, files.zone, book, rows[:limit], len(rows) > limit, held)


def _show(listed: Listing[Notification]) -> None:
    out, now = console(), listed.now
    columns = ("Id", "Target", "State", "Tries", "Next", "Age", "Message")
    rows = [_row(row, now) for row in listed.rows]
    rows += [_held_row(each, now, listed.zone) for each in listed.held]
    out.table(columns, rows, numbers=("Id", "Tries", "Next", "Age"), texts=("Target", "Message"))
    listed.say_rest(out)


def _chosen(verb: str) -> Callable[[options.F], Callable[..., Any]]:
    """The messages that a command is about: some ids, a target's, or all."""

    def decorate(function: options.F) -> Callable[..., Any]:
        ids = click.argument("ids", metavar="[ID]...", nargs=-1, type=click.IntRange(1))
        target = click.option("--target", metavar="NAME", help=f"{verb} all of this target.")
        everything = click.option("--all", "everything", is_flag=True, help=f"{verb} all.")
        return options.database(ids(target(everything(function))))

    return decorate


@command.command("retry")
@_chosen("Retry")
def retry(**chosen: Any) -> None:
    """Send dead messages again, and those at once that wait for a later try.

    With --all only dead ones.

    \b
      watcher outbox retry 17 18
      watcher outbox retry --target growth/1
    """
    _move("retry", **chosen)


@command.command("drop")
@_chosen("Drop")
def drop(**chosen: Any) -> None:
    """Give messages up that wait or are dead: nobody is told.

    \b
      watcher outbox drop 17
    """
    _move("drop", **chosen)


def _move(
    verb: str, *, database: Place, ids: Sequence[int], target: str | None, everything: bool
) -> None:
    """Retry or drop messages, and say how many that were."""
    if sum((bool(ids), target is not None, everything)) != 1:
        raise click.UsageError("give ids, --target NAME or --all")
    now = options.now_of(database)
    with options.open_to_write(database) as opened, opened.atomic():
        _check_ids(opened, ids, target)
        writing = audited(opened, now)
        moved = (writing.retry if verb == "retry" else writing.drop)(ids or None, target)
    done, none = _SAID[verb]
    said = f"Message {moved[0]} is" if len(moved) == 1 else f"{len(moved):,} messages are"
    console().print(f"{said} {done}." if moved else none)


def _check_ids(database: Store, ids: Sequence[int], target: str | None) -> None:
    """Raise ``WatcherError`` of the first that is not there, or not to be moved."""
    if target is not None and not database.outbox.list(limit=1, target=target):
        raise WatcherError(f'no messages to "{plain(target)}"; `watcher outbox list` shows them')
    for number in ids:
        row = database.outbox.get(number)
        if row is None:
            raise WatcherError(f"no message {number}; `watcher outbox list` shows them")
        if row.state in _DONE:
            raise WatcherError(f"message {number} {_DONE[row.state].format(row)}")


def _row(row: Notification, now: int) -> tuple[Cell, ...]:
    waits = row.state is NotificationState.WAITING
    return (
        str(row.id),
        row.target,
        f"told by {row.joined}" if row.joined is not None else row.state.value,
        row.tries,
        _next(row.next_try, now) if waits else "",
        format_duration(max(now - row.created, 0)),
        (title_of(row.message), row.error or ""),
    )


def _json(row: Notification) -> PrintedNotification:
    return PrintedNotification.of(
        row,
        told_by=row.joined,
        next_try=row.next_try if row.state is NotificationState.WAITING else None,
        title=title_of(row.message),
    )


def _held_row(each: Waiting, now: int, zone: tzinfo) -> tuple[Cell, ...]:
    until = "" if each.until is None else _next(each.until, now)
    age = format_duration(max(now - each.since, 0))
    return ("", each.channel, _HELD, "", until, age, (each.what, reason(each, now, zone)))


def _held_json(each: Waiting) -> PrintedHeld:
    return PrintedHeld.of(
        each, id=None, target=None, state="held", created=each.since, title=each.what
    )


def _next(instant: int, now: int) -> str:
    return format_ago(instant, now) if instant > now else "now"
