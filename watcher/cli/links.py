"""``watcher links``: links of messages, by which who has a message may act; the tokens in them are
not known here."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

import click

from watcher.cli import options
from watcher.cli.completion import channel_names
from watcher.cli.output import Printed, as_json, console, json_wanted, print_json, prints
from watcher.cli.writing import audited
from watcher.errors import WatcherError
from watcher.message import Message
from watcher.model import Instant
from watcher.store.ports import Store
from watcher.store.sql.links import Link
from watcher.text.messages import title_of
from watcher.units import count_of, format_ago, format_since

_ALERT = re.compile(r"[Aa]?([1-9][0-9]{0,15})")


class PrintedLink(Printed, frozen=True, kw_only=True):
    """A link of a message: the ``alerts`` that this tells of, and how often it was ``used``."""

    id: int
    notification: int
    channel: str
    target: str
    made: Instant
    expires: Instant
    revoked: Instant | None
    state: str
    title: str
    alerts: list[str]
    used: int
    last_used: Instant | None


@click.group()
def command() -> None:
    """List or revoke the links of messages, by which who has one may act."""


@command.command("list")
@options.files
@click.option("--all", "everything", is_flag=True, help="Expired and revoked ones, too.")
@as_json
@prints(list[PrintedLink])
def list_(files: options.Files, *, everything: bool) -> None:
    """List the links of messages, the newest first: a message has one for each try of each target.

    An expired one is remembered for two more weeks.
    """
    now = files.now
    with files.open() as opened, opened.snapshot():
        links = [each for each in opened.links.list() if everything or each.holds(now)]
        used, told = opened.links.used(), _messages(opened, links)
    if json_wanted():
        print_json([_json(each, used.get(each.id), told[each.notification], now) for each in links])
    elif not links:
        more = "" if everything else " now; --all shows those that are over"
        console().say(f"No links{more}.")
    else:
        columns = ("Message", "Of", "Target", "Made", "State", "Ends", "Used")
        rows = [_row(each, used.get(each.id), told[each.notification], now) for each in links]
        console().table(columns, rows, numbers=("Message",), texts=("Of", "Target"))


def _messages(database: Store, links: Sequence[Link]) -> dict[int, Message]:
    """The messages of these links, by notification."""
    found = (database.outbox.get(each) for each in {link.notification for link in links})
    return {row.id: row.message for row in found if row is not None}


def _json(
    link: Link, used: tuple[int, Instant] | None, message: Message, now: Instant
) -> PrintedLink:
    times, last = used or (0, None)
    return PrintedLink.of(
        link,
        state=link.state(now),
        title=title_of(message),
        alerts=[f"A{each}" for each in sorted(_alerts(message))],
        used=times,
        last_used=last,
    )


def _row(
    link: Link, used: tuple[int, Instant] | None, message: Message, now: Instant
) -> tuple[str, ...]:
    times, last = used or (0, 0)
    acted = f"{count_of(times, 'time')}, last {format_since(last, now)}" if times else "no"
    made, ends = format_since(link.made, now), format_ago(link.expires, now)
    return (
        str(link.notification), title_of(message), link.target, made, link.state(now), ends, acted
    )  # fmt: skip


def _alerts(message: Message) -> set[int]:
    """The ids of all alerts that a message tells of."""
    return {alert for ids in message.alerts.values() for alert in ids}


@command.command("revoke")
@options.files
@click.argument("alerts", metavar="[ALERT]...", nargs=-1)
@click.option("--message", type=click.IntRange(1), help="Those of this message of the outbox.")
@click.option("--channel", shell_complete=channel_names, help="Those of messages to this channel.")
@click.option("--all", "everything", is_flag=True, help="All that there are.")
def revoke(
    files: options.Files, alerts: tuple[str, ...], message: int | None, channel: str | None, *,
    everything: bool,
) -> None:  # fmt: skip
    """Have links hold no more: those of all messages that tell of an ALERT (A12), or of a message
    or a channel, or all. What was done by them stays done.

    \b
      watcher links revoke A12
      watcher links revoke --channel growth
    """
    ids = {_id_of(each) for each in alerts}
    if sum(map(bool, (ids, message, channel, everything))) != 1:
        raise click.UsageError("give alerts, or one of --message, --channel, --all")
    now = files.now
    with options.open_to_write(files.database) as opened, opened.atomic():
        links = [each for each in opened.links.list() if each.holds(now)]
        told = _messages(opened, links) if ids else {}
        chosen = [
            each.id
            for each in links
            if everything
            or (message is not None and each.notification == message)
            or (channel is not None and each.channel == channel)
            or (ids and _tells(told[each.notification], ids))
        ]
        done = audited(opened, now).revoke_links(chosen)
    if not done:
        raise WatcherError("no link that holds is of these; `watcher links list` shows them")
    console().say(f"{count_of(done, 'link')} revoked.")


def _tells(message: Message, alerts: Collection[int]) -> bool:
    return not _alerts(message).isdisjoint(alerts)


def _id_of(text: str) -> int:
    found = _ALERT.fullmatch(text)
    if found is None:
        raise click.UsageError(f'"{text}" is no id of an alert: messages and `watcher alerts` name '
                               "it, as A12")  # fmt: skip
    return int(found[1])
