"""``watcher backtest``: what rules would have told over the stored history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import tzinfo

import click

from watcher.analysis.backtest import Backtest, Backtests, ChannelSum, backtest, backtests
from watcher.analysis.replay import NOBODY, Sent
from watcher.cli import options
from watcher.cli.completion import rule_names
from watcher.cli.lookup import chosen
from watcher.cli.output import as_json, console, json_wanted, print_json, prints
from watcher.cli.progress import progress
from watcher.cli.tables import Cell
from watcher.model import Instant
from watcher.text.messages import title_of, worded
from watcher.units import DAY, format_instant, format_number, format_span, plural

_NAMED = 3  # products of a message, by name


@click.command()
@click.argument("names", metavar="[RULE]...", nargs=-1, shell_complete=rule_names)
@click.option("--all", "every", is_flag=True, help="All rules of the file.")
@options.files
@options.days(30, "How far back to begin.")
@as_json
@prints(Backtest, Backtests)
def command(names: tuple[str, ...], files: options.Files, days: int, *, every: bool) -> None:
    """Show what RULE, or several, would have told over the stored scans of their watches.

    Nothing is changed and nothing sent. A rule begins with the first scan of that time, as if
    it had been written then. Silences are left aside. Names, sellers, categories and discounts are
    those of their day, as far as known. A digest tells of all the rules at once.

    \b
      watcher backtest beauty-rising --days 90
      watcher backtest --all
    """
    if every == bool(names):
        raise click.UsageError("name some rules, or say --all")
    book, now = files.book, files.now
    named = [chosen("rule", each, book.rules) for each in dict.fromkeys(names)]
    rules = named or book.rules
    alone = len(rules) == 1 and not every
    time = (now - days * DAY, now)
    what = f"Replaying {rules[0].name if alone else f'{len(rules)} rules'}"
    with files.open() as opened, progress(what, "scans") as report:
        found = (
            backtest(opened, book, rules[0], time, report)
            if alone
            else backtests(opened, book, rules, time, report)
        )
    if json_wanted():
        print_json(_worded(found))
    else:
        _show(found, book.zone)


def _worded(found: Backtest | Backtests) -> Backtest | Backtests:
    """Word the messages, for programs."""
    if isinstance(found, Backtest):
        return replace(found, told=_worded_messages(found.told))
    rules = tuple(replace(each, told=_worded_messages(each.told)) for each in found.rules)
    return replace(found, told=_worded_messages(found.told), rules=rules)


def _worded_messages(told: Sequence[Sent]) -> tuple[Sent, ...]:
    return tuple(replace(each, message=worded(each.message)) for each in told)


def _show(found: Backtest | Backtests, zone: tzinfo) -> None:
    if isinstance(found, Backtests):
        _show_all(found, zone)
        return
    out, region = console(), f" ({found.region})" if found.region else ""  # a shop may have none
    out.say(
        f"{found.rule} on {found.watch}{region}: {_count(found.scans, 'scan')}, "
        f"{format_span(found.since, found.until, zone)}\n"
    )
    if found.told:
        columns = (f"Told ({zone})", "Channel", "Message", "Products")
        rows = [_row(each, zone) for each in found.told]
        out.table(columns, rows, lists=("Products",), texts=("Channel", "Message"))
        out.print()
    _say_channels(found.channels)
    if not found.heard:
        out.say("The rule tells nobody (no notify:); this is what one channel would have heard.")
    out.say(
        f"{_count(found.products, 'product')} fired {_count(found.fired, 'time')}; "
        f"{found.ended} ended, {found.firing} fire at the end."
    )
    if found.texts_since is not None:
        out.say(_texts(found.texts_since, zone))
    if found.often:
        columns = ("Most often told", "Id", "Times", f"Last ({zone})")
        often = [
            (each.name, each.product_id, each.times, _time(each.last, zone)) for each in found.often
        ]
        out.table(columns, often, apart=True, numbers=("Times",), names=columns[:1])


def _show_all(found: Backtests, zone: tzinfo) -> None:
    out = console()
    out.say(f"{_replayed(found, zone)}\n")
    columns = ("Rule", "Watch", "Messages", "A week", "Products", "Fired", "Ended", "Fire now")
    out.table(columns, [*map(_rule, found.rules)], numbers=columns[2:], names=columns[:1])
    out.print()
    _say_channels(found.channels)
    if any(not each.heard for each in found.rules):
        out.say(f"{NOBODY} is told what rules without notify: would tell.")
    known = max(each.texts_since or 0 for each in found.rules)
    if known:
        out.say(_texts(known, zone))
    if found.unread:
        out.say(f"No scan is stored in that time for {', '.join(found.unread)}.")


def _replayed(found: Backtests, zone: tzinfo) -> str:
    rules = found.rules
    span = format_span(min(each.since for each in rules), max(each.until for each in rules), zone)
    return f"{_count(len(rules), 'rule')}: {_count(found.scans, 'scan')}, {span}"


def _rule(found: Backtest) -> tuple[Cell, ...]:
    """A rule's messages are those of the channel that hears most of it."""
    most = max(found.channels, key=lambda channel: channel.messages)
    counts = (found.products, found.fired, found.ended, found.firing)
    return (found.rule, found.watch, most.messages, most.a_week, *counts)


def _say_channels(channels: Sequence[ChannelSum]) -> None:
    for channel in channels:
        count = _count(channel.messages, "message")
        rate = "" if channel.a_week is None else f", {format_number(channel.a_week, 1)} a week"
        console().say(f"{channel.name}: {count}{rate}")


def _texts(since: Instant, zone: tzinfo) -> str:
    from_then = f"from {format_instant(since, zone)} on; before, the oldest known are used."
    return f"Names, sellers, categories and discounts are known as they were {from_then}"


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
