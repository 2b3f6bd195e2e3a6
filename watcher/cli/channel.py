"""``watcher channel``: where alerts go, and whether they arrive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

import click

from watcher.cli import options
from watcher.cli.completion import channel_names
from watcher.cli.lookup import chosen
from watcher.cli.output import Printed, answer, as_json, console, json_wanted, print_json, prints
from watcher.cli.streams import leave
from watcher.daemon.connections import targets_of, way_of
from watcher.delivery.apprise.target import Target
from watcher.delivery.rendered import OutcomeKind, SendOutcome
from watcher.delivery.writing import write
from watcher.errors import WatcherError
from watcher.evidence import Criterion, Evidence
from watcher.language import Language, spoken
from watcher.language import gettext as _
from watcher.message import Item, Message
from watcher.model import Instant, Severity, Verdict
from watcher.rules.channel import Channel
from watcher.rules.rulebook import Rulebook
from watcher.units import DAY, Unit

_NAMED = 3  # rules of a channel, by name


class PrintedTarget(Printed, frozen=True, kw_only=True):
    """A URL of a channel, by its masked name."""

    name: str
    service: str


class PrintedChannel(Printed, frozen=True, kw_only=True):
    """A channel; ``told`` are the times at which it is."""

    name: str
    min_severity: Severity
    max_severity: Severity
    timezone: str
    language: Language
    targets: list[PrintedTarget]
    told: str
    operator: bool
    rules: list[str]


class PrintedTry(Printed, frozen=True, kw_only=True):
    """A sample's end at one target."""

    target: str
    service: str
    sent: bool
    detail: str


@click.group()
def command() -> None:
    """List channels, or send a sample message."""


@command.command("list")
@options.files
@as_json
@prints(list[PrintedChannel])
def list_(files: options.Files) -> None:
    """List the channels and their targets, without their URLs."""
    book = files.book
    targets = targets_of(book)
    listed = [_json(channel, book, targets) for channel in book.channels.values()]
    if json_wanted():
        print_json(listed)
    elif not listed:
        console().say(f"No channels: {files.named} has none, so its rules tell nobody.")
    else:
        columns = ("Channel", "Targets", "Severity", "Told", "Rules")
        rows = [_row(each) for each in listed]
        console().table(columns, rows, texts=("Channel", "Targets", "Told", "Rules"))


def _json(channel: Channel, book: Rulebook, targets: Mapping[str, Target]) -> PrintedChannel:
    return PrintedChannel.of(
        channel,
        targets=[
            PrintedTarget(name=name, service=targets[name].service) for name in channel.targets
        ],
        told=_times(channel),
        operator=channel.name in book.operator,
        rules=[rule.name for rule in book.rules if channel.name in rule.notify],
    )


def _row(channel: PrintedChannel) -> tuple[str, ...]:
    to = ", ".join(f"{each.name} ({each.service})" for each in channel.targets)
    rules = channel.rules
    some = ", ".join(rules[:_NAMED])
    some = some if len(rules) <= _NAMED else f"{len(rules):,}: {some}, …"
    bounds = dict.fromkeys((channel.min_severity.value, channel.max_severity.value))
    return (channel.name, to, " to ".join(bounds), channel.told, some)


@command.command("test")
@options.files
@click.argument("name", shell_complete=channel_names)
@as_json
@prints(list[PrintedTry])
def test(files: options.Files, name: str) -> None:
    """Send a sample message to channel NAME now, and say what each target answered: exit code 1
    where one did not take it."""
    book = files.whole_book
    if not book.channels:
        raise WatcherError(f'no channel "{name}": write one under channels: in the rule file')
    channel = chosen("channel", name, [book.channels[key] for key in sorted(book.channels)])
    targets = targets_of(book)
    outcomes = asyncio.run(_send(channel, targets, int(time.time())))
    answers = [_answer(targets[name], name, each) for name, each in outcomes.items()]
    answer(answers, lambda: _say(answers))
    # A service that hangs holds a thread that Python would wait for.
    leave(0 if all(each.sent for each in answers) else 1)


def _answer(target: Target, name: str, outcome: SendOutcome) -> PrintedTry:
    sent = outcome.kind is OutcomeKind.SENT
    return PrintedTry(target=name, service=target.service, sent=sent, detail=outcome.detail)


def _say(answers: Sequence[PrintedTry]) -> None:
    for each in answers:
        word = "took it" if each.sent else "did not take it"
        detail = f": {each.detail}" if each.detail else ""
        console().say(f"{each.target} ({each.service}) {word}{detail}")


def _times(channel: Channel) -> str:
    """Times at which it is told: ``at 0 9 * * *, not 22:00-07:00 Europe/Berlin``."""
    told = str(channel.digest) if channel.digest is not None else "at once"
    return f"{told}, not {channel.quiet}" if channel.quiet is not None else told


async def _send(
    channel: Channel, targets: Mapping[str, Target], now: int
) -> dict[str, SendOutcome]:
    with spoken(channel.language):
        message, way = sample_message(now), way_of(channel)
    sending = []
    for each in map(targets.__getitem__, channel.targets):
        shown = write(message, f"test {now}", each.style, each.limit, way)
        sending.append(each.send(shown))
    return dict(zip(channel.targets, await asyncio.gather(*sending), strict=True))


def sample_message(now: Instant) -> Message:
    """One invented product that took off, as of ``now``."""
    why = Evidence(
        metric="total_sale_gmv_7d_amt",
        label="7-day GMV",
        unit=Unit.GMV,
        condition=Criterion("rises", (0.3,), percent=True, baseline="ago", seconds=7 * DAY),
        verdict=Verdict.MET,
        value=4_830.0,
        baseline=1_200.0,
        baseline_at=now - 7 * DAY,
    )
    item = Item(
        alert="A0",
        kind="firing",
        region="US",
        product_id="1729000000000000000",
        name=_("Sample product (this is a test of the channel)"),
        since=now,
        currency="USD",
        why=(why,),
        facts={
            "spu_avg_price": 12.99,
            "total_sale_7d_cnt": 372.0,
            "total_sale_gmv_7d_amt": 4_830.0,
            "sales_trend_flag": 1.0,
            "rank": 17.0,
            "total_ifl_cnt": 312.0,
            "creators_7d": 41.0,
            "commission": 0.15,
        },
    )
    return Message(
        kind="test",
        title="",
        told=1,
        severity=Severity.INFO,
        created=now,
        rule=_("a test of this channel"),
        description=_("This is how an alert will look here."),
        region="US",
        data_at=now,
        items=(item,),
    )
