"""``watcher channel``: where alerts go, and whether they arrive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from watcher.cli import options
from watcher.cli.completers import channel_names
from watcher.cli.lookup import no_such
from watcher.cli.output import console, print_json, table
from watcher.cli.streams import leave
from watcher.daemon.connections import targets_of
from watcher.delivery.apprise.target import Outcome, OutcomeKind, Target
from watcher.delivery.message import render
from watcher.errors import WatcherError
from watcher.notification.sample import sample_message
from watcher.rules.rulebook import Channel, Rulebook

_NAMED = 3  # rules of a channel, by name


@click.group()
def command() -> None:
    """List channels, or send a sample message."""


@command.command("list")
@options.rules
@options.as_json
def list_(rules: Path, *, as_json: bool) -> None:
    """List the channels and their targets, without their URLs."""
    book = options.load_rules(rules)
    targets = targets_of(book)
    if as_json:
        print_json([_json(channel, targets, book) for channel in book.channels.values()])
        return
    if not book.channels:
        console().say(f"No channels: {rules} has none, so its rules tell nobody.")
        return
    rows = [
        (
            channel.name,
            ", ".join(f"{name} ({targets[name].service})" for name in channel.targets),
            channel.min_severity.value,
            _times(channel),
            _rules(book, channel),
        )
        for channel in book.channels.values()
    ]
    columns = ("Channel", "Targets", "From severity", "Told", "Rules")
    texts = ("Channel", "Targets", "Told", "Rules")
    console().print(table(columns, rows, texts=texts))


def _rules(book: Rulebook, channel: Channel) -> str:
    """The first that tell it, and how many there are; the JSON has them all."""
    names = [rule.name for rule in book.rules if channel.name in rule.notify]
    some = ", ".join(names[:_NAMED])
    return some if len(names) <= _NAMED else f"{len(names):,}: {some}, …"


def _json(channel: Channel, targets: Mapping[str, Target], book: Rulebook) -> dict[str, object]:
    return {
        "name": channel.name,
        "targets": [{"name": name, "service": targets[name].service} for name in channel.targets],
        "min_severity": channel.min_severity.value,
        "told": _times(channel),
        "timezone": channel.timezone,
        "operator": channel.name in book.operator,
        "rules": [rule.name for rule in book.rules if channel.name in rule.notify],
    }


@command.command("test")
@options.rules
@click.argument("name", shell_complete=channel_names)
@options.as_json
def test(rules: Path, name: str, *, as_json: bool) -> None:
    """Send a sample message to channel NAME now, and say what each target answered.

    The exit code is 1 where a target did not take it.
    """
    book = options.load_rules(rules)
    channel = _channel(book, name)
    targets = targets_of(book)
    outcomes = asyncio.run(_send(channel, targets, int(time.time())))
    if as_json:
        print_json([_answer(name, targets[name], each) for name, each in outcomes.items()])
    for target, outcome in () if as_json else outcomes.items():
        word = "took it" if outcome.kind is OutcomeKind.SENT else "did not take it"
        detail = f": {outcome.detail}" if outcome.detail else ""
        console().say(f"{target} ({targets[target].service}) {word}{detail}")
    # A service that hangs holds a thread that Python would wait for.
    leave(0 if all(each.kind is OutcomeKind.SENT for each in outcomes.values()) else 1)


def _answer(name: str, target: Target, outcome: Outcome) -> dict[str, object]:
    return {
        "target": name,
        "service": target.service,
        "sent": outcome.kind is OutcomeKind.SENT,
        "detail": outcome.detail,
    }


def _times(channel: Channel) -> str:
    """When it is told: ``at 0 9 * * *, not 22:00-07:00 Europe/Berlin``."""
    told = str(channel.digest) if channel.digest is not None else "at once"
    return f"{told}, not {channel.quiet}" if channel.quiet is not None else told


def _channel(book: Rulebook, name: str) -> Channel:
    channel = book.channels.get(name)
    if channel is None:
        if not book.channels:
            raise WatcherError(f'no channel "{name}": write one under channels: in the rule file')
        raise no_such("channel", name, sorted(book.channels))
    return channel


async def _send(channel: Channel, targets: Mapping[str, Target], now: int) -> dict[str, Outcome]:
    message, zone = sample_message(now), ZoneInfo(channel.timezone)
    chosen = [targets[name] for name in channel.targets]
    outcomes = await asyncio.gather(
        *(
            each.send(render(message, each.style, zone, each.limit, channel.template))
            for each in chosen
        )
    )
    return dict(zip(channel.targets, outcomes, strict=True))
