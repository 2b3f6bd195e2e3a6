"""``watcher backtest``: what a rule would have told over the stored history."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import tzinfo
from pathlib import Path

import click

from watcher.alerting.backtest import Backtest, backtest
from watcher.alerting.replay import Sent
from watcher.cli.choosing import chosen_rule
from watcher.cli.completing import rule_names
from watcher.cli.options import (
    database_option,
    json_option,
    load_rules,
    now_of,
    open_to_read,
    rules_option,
)
from watcher.cli.output import console, print_json, table
from watcher.cli.progress import progress
from watcher.cli.sheet import Cell, Sheet
from watcher.model import Instant
from watcher.units import DAY, format_instant, format_number

_NAMED = 3  # products of a message, by name


@click.command()
@click.argument("name", metavar="RULE", shell_complete=rule_names)
@rules_option
@database_option
@click.option(
    "--days",
    type=click.IntRange(1, 3_650),
    default=30,
    show_default=True,
    help="How far back to begin.",
)
@json_option
def command(name: str, rules: Path, database: Path, days: int, *, as_json: bool) -> None:
    """Show what RULE would have told over the stored scans of its watch.

    Nothing is changed and nothing sent. The rule begins with the first scan of that time, as if
    it had been written then. Silences are left aside. Names, sellers, categories and discounts are
    those of their day; where a database is older than their history, it is said from when on.

    \b
      watcher backtest beauty-rising --days 90
    """
    book = load_rules(rules)
    rule = chosen_rule(book, name)
    now = now_of(database)
    with (
        open_to_read(database) as opened,
        progress(f"Replaying {rule.name}", "scans") as report,
        _no_collection(),
    ):
        found = backtest(opened, book, rule, (now - days * DAY, now), report)
    if as_json:
        print_json(found)
    else:
        _show(found, book.zone)


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
    scans = f"{found.scans} scan{'' if found.scans == 1 else 's'}"
    out.say(
        f"{found.rule} on {found.watch} ({found.region}): {scans}, "
        f"{format_instant(found.since, zone)} to {format_instant(found.until, zone)}\n"
    )
    if found.told:
        columns = (f"Told ({zone})", "Channel", "Message", "Products")
        rows = [_row(each, zone) for each in found.told]
        out.print(table(columns, rows, lists=("Products",), texts=("Channel", "Message")))
        out.print()
    for channel in found.channels:
        count = f"{channel.messages} message{'' if channel.messages == 1 else 's'}"
        rate = "" if channel.a_week is None else f", {format_number(channel.a_week, 1)} a week"
        out.say(f"{channel.name}: {count}{rate}")
    if not found.heard:
        out.say("The rule tells nobody (no notify:); this is what one channel would have heard.")
    out.say(
        f"{found.products} products fired {found.fired} times; {found.ended} ended, "
        f"{found.firing} fire at the end."
    )
    if found.texts_since is not None:
        out.say(
            "Names, sellers, categories and discounts are known as they were from "
            f"{format_instant(found.texts_since, zone)} on; before, the oldest known are used."
        )
    if found.often:
        out.print()
        out.print(_often(found, zone))


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
    return (_time(sent.at, zone), sent.channel, message.title, (*named, more))


def _time(instant: Instant, zone: tzinfo) -> str:
    return format_instant(instant, zone)[:16]
