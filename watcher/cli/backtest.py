"""``watcher backtest``: what rules would have told over the stored history."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import tzinfo
from pathlib import Path

import click

from watcher.analysis.backtest import Backtest, Backtests, Channel, backtest, backtests
from watcher.analysis.replay import NOBODY, Sent
from watcher.cli import options
from watcher.cli.completers import rule_names
from watcher.cli.lookup import chosen_rule
from watcher.cli.output import console, print_json, table
from watcher.cli.progress import progress
from watcher.cli.tables import Cell, Sheet
from watcher.model import Instant
from watcher.text.messages import title_of
from watcher.units import DAY, format_instant, format_number, plural

_NAMED = 3  # products of a message, by name


@click.command()
@click.argument("names", metavar="[RULE]...", nargs=-1, shell_complete=rule_names)
@click.option("--all", "every", is_flag=True, help="All rules of the file.")
@options.rules
@options.database
@options.days(30, "How far back to begin.")
@options.as_json
def command(
    names: tuple[str, ...], rules: Path, database: Path, days: int, *, every: bool, as_json: bool
) -> None:
    """Show what RULE, or several, would have told over the stored scans of their watches.

    Nothing is changed and nothing sent. A rule begins with the first scan of that time, as if
    it had been written then. Silences are left aside. Names, sellers, categories and discounts are
    those of their day; where a database is older than their history, it is said from when on.
    Several rules are replayed together, from one read: a digest tells of all of them at once.

    \b
      watcher backtest beauty-rising --days 90
      watcher backtest --all
    """
    if every == bool(names):
        raise click.UsageError("name some rules, or say --all")
    book = options.load_rules(rules)
    chosen = book.rules if every else [chosen_rule(book, name) for name in dict.fromkeys(names)]
    one = chosen[0] if len(chosen) == 1 and not every else None
    now = options.now_of(database)
    time = (now - days * DAY, now)
    what = one.name if one is not None else f"{len(chosen)} rules"
    with (
        options.open_to_read(database) as opened,
        progress(f"Replaying {what}", "scans") as report,
        _no_collection(),
    ):
        if one is None:
            together = backtests(opened, book, chosen, time, report)
        else:
            alone = backtest(opened, book, one, time, report)
    if as_json:
        print_json(together if one is None else alone)
    elif one is None:
        _show_all(together, book.zone)
    else:
        _show(alone, book.zone)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Without the collector of cycles: millions of values are made, none of them in a cycle."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _show(found: Backtest, zone: tzinfo) -> None:
    out = console()
    out.say(
        f"{found.rule} on {found.watch} ({found.region}): {_count(found.scans, 'scan')}, "
        f"{format_instant(found.since, zone)} to {format_instant(found.until, zone)}\n"
    )
    if found.told:
        columns = (f"Told ({zone})", "Channel", "Message", "Products")
        rows = [_row(each, zone) for each in found.told]
        out.print(table(columns, rows, lists=("Products",), texts=("Channel", "Message")))
        out.print()
    _say_channels(found.channels)
    if not found.heard:
        out.say("The rule tells nobody (no notify:); this is what one channel would have heard.")
    out.say(
        f"{_count(found.products, 'product')} fired {_count(found.fired, 'time')}; "
        f"{found.ended} ended, "
        f"{found.firing} fire at the end."
    )
    if found.texts_since is not None:
        out.say(_texts(found.texts_since, zone))
    if found.often:
        out.print()
        out.print(_often(found, zone))


def _show_all(found: Backtests, zone: tzinfo) -> None:
    out = console()
    since = min(each.since for each in found.rules)
    until = max(each.until for each in found.rules)
    scans = sum({each.watch: each.scans for each in found.rules}.values())
    out.say(
        f"{_count(len(found.rules), 'rule')}: {_count(scans, 'scan')}, "
        f"{format_instant(since, zone)} to "
        f"{format_instant(until, zone)}\n"
    )
    columns = ("Rule", "Watch", "Messages", "A week", "Products", "Fired", "Ended", "Fire now")
    rows = [_rule(each) for each in found.rules]
    out.print(table(columns, rows, numbers=columns[2:], names=columns[:1]))
    out.print()
    _say_channels(found.channels)
    if any(not each.heard for each in found.rules):
        out.say(f"{NOBODY} is told what rules without notify: would tell.")
    known = [each.texts_since for each in found.rules if each.texts_since is not None]
    if known:
        out.say(_texts(max(known), zone))
    if found.unread:
        out.say(f"No scan is stored in that time for {', '.join(found.unread)}.")


def _rule(found: Backtest) -> tuple[Cell, ...]:
    """A rule's messages are those of the channel that hears most of it."""
    most = max(found.channels, key=lambda channel: channel.messages)
    rate = "" if most.a_week is None else format_number(most.a_week, 1)
    counts = (found.products, found.fired, found.ended, found.firing)
    return (
        found.rule, found.watch, format_number(most.messages), rate, *map(format_number, counts)
    )  # fmt: skip


def _say_channels(channels: Sequence[Channel]) -> None:
    for channel in channels:
        count = _count(channel.messages, "message")
        rate = "" if channel.a_week is None else f", {format_number(channel.a_week, 1)} a week"
        console().say(f"{channel.name}: {count}{rate}")


def _texts(since: Instant, zone: tzinfo) -> str:
    return (
        "Names, sellers, categories and discounts are known as they were from "
        f"{format_instant(since, zone)} on; before, the oldest known are used."
    )


def _often(found: Backtest, zone: tzinfo) -> Sheet:
    columns = ("Most often told", "Id", "Times", f"Last ({zone})")
    rows = [
        (each.name, each.product_id, format_number(each.times), _time(each.last, zone))
        for each in found.often
    ]
    return table(columns, rows, numbers=("Times",), names=columns[:1])


def _row(sent: Sent, zone: tzinfo) -> tuple[Cell, ...]:
    message = sent.message
    named = [item.name for item in message.items[:_NAMED]]
    rest = len(message.items) + message.rest - len(named)
    more = f"and {rest:,} more" if rest else ""
    return (_time(sent.at, zone), sent.channel, title_of(message), (*named, more))


def _time(instant: Instant, zone: tzinfo) -> str:
    return format_instant(instant, zone)[:16]


def _count(number: int, noun: str) -> str:
    return f"{number} {plural(number, noun)}"
