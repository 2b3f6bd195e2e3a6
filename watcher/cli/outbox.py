"""``watcher outbox``: messages that wait or are dead, and what is to become of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from pathlib import Path

import click

from watcher.cli import options
from watcher.cli.held import UNKNOWN, reason
from watcher.cli.output import console, plain, print_json, table
from watcher.cli.tables import Cell
from watcher.errors import WatcherError
from watcher.model import Notification, NotificationState
from watcher.notification.deferral import Waiting, waiting
from watcher.store.engine import Engine
from watcher.store.ports import Store
from watcher.text.messages import title_of
from watcher.units import format_ago, format_duration

_STATES = tuple(state.value for state in NotificationState)
_OPEN = (NotificationState.WAITING, NotificationState.DEAD)
_HELD = "held"  # what is to become a message later


@click.group()
def command() -> None:
    """Show the messages that wait or are dead; try them again, or give them up."""


@command.command("list")
@options.rules
@options.database
@click.option(
    "--state",
    "states",
    type=click.Choice((*_STATES, _HELD)),
    multiple=True,
    help="Of this state; held is what a digest, quiet hours, a silence or a cooldown keeps back.",
)
@click.option("--target", metavar="NAME", help="To this target, as growth/1.")
@options.limit
@options.as_json
def list_(
    rules: Path,
    database: Path,
    states: tuple[str, ...],
    target: str | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """List the messages that wait or are dead, the newest first, and what is held back.

    The rule file is read only for what is held: digests, quiet hours and cooldowns stand in it.
    """
    now = options.now_of(database)
    wanted = [NotificationState(state) for state in states if state != _HELD]
    book = options.rules_if_any(rules)
    with options.open_to_read(database) as opened, opened.snapshot():
        asked = wanted or (() if states else _OPEN)
        rows = opened.outbox.list(asked, limit=limit + 1, target=target) if asked else []
        held: Sequence[Waiting] = ()
        if not states or _HELD in states:
            held = [each for each in waiting(opened, book, now) if _is_for(each, target)]
    if as_json:
        print_json([*map(_json, rows[:limit]), *map(_held_json, held)])
    elif not rows and not held:
        console().say(_none(states, target))
    else:
        columns = ("Id", "Target", "State", "Tries", "Next", "Age", "Message")
        shown = [
            *(_row(row, now) for row in rows[:limit]),
            *(_held_row(each, now, options.zone_of(book)) for each in held),
        ]
        console().print(
            table(
                columns, shown, numbers=("Id", "Tries", "Next", "Age"), texts=("Target", "Message")
            )
        )
        if len(rows) > limit:
            console().say(f"The newest {limit:,}; --limit shows more.")
        if book is None and held:
            console().say(UNKNOWN)


def _is_for(each: Waiting, target: str | None) -> bool:
    """Whether it is for the target, as ``growth/1``, or for all."""
    return target is None or target.rpartition("/")[0] == each.channel


def _chosen(verb: str) -> Callable[[options.F], options.F]:
    """The messages that a command is about: some ids, a target's, or all."""

    def decorate(function: options.F) -> options.F:
        ids = click.argument("ids", metavar="[ID]...", nargs=-1, type=click.IntRange(1))
        target = click.option("--target", metavar="NAME", help=f"{verb} all of this target.")
        everything = click.option("--all", "everything", is_flag=True, help=f"{verb} all.")
        return options.database(ids(target(everything(function))))

    return decorate


@command.command("retry")
@_chosen("Retry")
def retry(database: Path, ids: tuple[int, ...], target: str | None, *, everything: bool) -> None:
    """Send dead messages again, and those at once that wait for a later try.

    With --all only dead ones.

    \b
      watcher outbox retry 17 18
      watcher outbox retry --target growth/1
    """
    _check_choice(ids, target, everything=everything)
    now = options.now_of(database)
    with Engine.open(database, create=False) as opened, opened.atomic():
        _check_ids(opened, ids, target)
        moved = opened.outbox.retry(ids or None, now, target)
    _say(moved, "is tried again", "are tried again", "No dead messages.")


@command.command("drop")
@_chosen("Drop")
def drop(database: Path, ids: tuple[int, ...], target: str | None, *, everything: bool) -> None:
    """Give messages up that wait or are dead: nobody is told.

    \b
      watcher outbox drop 17
    """
    _check_choice(ids, target, everything=everything)
    now = options.now_of(database)
    with Engine.open(database, create=False) as opened, opened.atomic():
        _check_ids(opened, ids, target)
        moved = opened.outbox.drop(ids or None, now, target)
    _say(moved, "is given up", "are given up", "No messages wait or are dead.")


def _check_choice(ids: Sequence[int], target: str | None, *, everything: bool) -> None:
    if sum((bool(ids), target is not None, everything)) != 1:
        raise click.UsageError("give ids, --target NAME or --all")


def _check_ids(database: Store, ids: Sequence[int], target: str | None) -> None:
    """That there is what is named; raises ``WatcherError`` of the first that is not."""
    if target is not None and not database.outbox.list(limit=1, target=target):
        raise WatcherError(f'no messages to "{plain(target)}"; `watcher outbox list` shows them')
    for number in ids:
        row = database.outbox.get(number)
        if row is None:
            raise WatcherError(f"no message {number}; `watcher outbox list` shows them")
        match row.state:
            case NotificationState.SENT:
                raise WatcherError(f"message {number} was sent to {row.target} already")
            case NotificationState.DROPPED:
                raise WatcherError(f"message {number} was given up by `watcher outbox drop`")
            case NotificationState.JOINED:
                raise WatcherError(f"message {number} is told by message {row.joined}; name that")


def _say(moved: Sequence[int], one: str, many: str, none: str) -> None:
    if not moved:
        console().print(none)
    elif len(moved) == 1:
        console().print(f"Message {moved[0]} {one}.")
    else:
        console().print(f"{len(moved):,} messages {many}.")


def _none(states: Sequence[str], target: str | None) -> str:
    if states or target is not None:
        return "No messages match."
    return "No messages wait or are dead. --state sent shows what was sent."


def _row(row: Notification, now: int) -> tuple[Cell, ...]:
    waits = row.state is NotificationState.WAITING
    return (
        str(row.id),
        row.target,
        f"told by {row.joined}" if row.joined is not None else row.state.value,
        str(row.tries),
        format_ago(row.next_try, now) if waits and row.next_try > now else "now" if waits else "",
        format_duration(max(now - row.created, 0)),
        (title_of(row.message), row.error or ""),
    )


def _json(row: Notification) -> dict[str, object]:
    return {
        "id": row.id,
        "channel": row.channel,
        "target": row.target,
        "state": row.state,
        "told_by": row.joined,
        "tries": row.tries,
        "created": row.created,
        "next_try": row.next_try if row.state is NotificationState.WAITING else None,
        "finished": row.finished,
        "title": title_of(row.message),
        "error": row.error,
    }


def _held_row(each: Waiting, now: int, zone: tzinfo) -> tuple[Cell, ...]:
    due = each.until is not None and each.until <= now
    return (
        "",
        each.channel,
        _HELD,
        "",
        "" if each.until is None else "now" if due else format_ago(each.until, now),
        format_duration(max(now - each.since, 0)),
        (each.what, reason(each.why, each.until, each.silence, (now, zone))),
    )


def _held_json(each: Waiting) -> dict[str, object]:
    return {
        "id": None,
        "channel": each.channel,
        "target": None,
        "state": _HELD,
        "why": each.why,
        "until": each.until,
        "silence": each.silence,
        "alerts": each.alerts,
        "rules": each.rules,
        "messages": each.messages,
        "created": each.since,
        "title": each.what,
    }
