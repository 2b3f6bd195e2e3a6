"""``watcher score``: what became of what was told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from pathlib import Path

import click

from watcher.analysis.scores.score import (
    DEFAULT_DAYS,
    ProductScore,
    RuleScore,
    Scores,
    Tally,
    score,
)
from watcher.analysis.scores.wording import GROUPS, measured, outcome_lines, rate, share
from watcher.cli import options
from watcher.cli.completers import rule_names
from watcher.cli.lookup import chosen_rule
from watcher.cli.output import Output, console, print_json, table
from watcher.cli.tables import Sheet
from watcher.units import count_of, format_instant, format_number


@click.command()
@click.argument("name", metavar="[RULE]", required=False, shell_complete=rule_names)
@options.rules
@options.database
@options.days(DEFAULT_DAYS, "How far back to begin; messages are kept for `keep: notifications:`.")
@options.as_json
def command(name: str | None, rules: Path, database: Path, days: int, *, as_json: bool) -> None:
    """Show what became of what was told: by RULE, or by all.

    An alert went on where the product sold, in the 14 days from the morning it was told, at least
    1.5 times as much a day as before (the week that set it off left aside), and that beyond what
    the whole list did; else it fell back. Of a rule that claims no rise, as a price guard, it is
    said whether its condition still held after 14 days. Each alert counts once, however many
    channels, reminders and digests told of it. Nothing is changed.

    \b
      watcher score
      watcher score breakout --days 30
    """
    book = options.load_rules(rules)
    chosen = book.rules if name is None else (chosen_rule(book, name),)
    with options.open_to_read(database) as opened:
        found = score(opened, book, chosen, days, options.now_of(database))
    if as_json:
        print_json(found)
    elif name is not None:
        _show_one(found, book.zone)
    else:
        _show_all(found, book.zone)


def _show_one(found: Scores, zone: tzinfo) -> None:
    (one,) = found.rules
    out = console()
    out.say(f"{one.rule} on {one.watch}, {_span(one.since, one.until, zone)}")
    if not one.tally.told:
        out.say(_nothing(one))
        return
    out.say(
        f"{count_of(one.tally.told, 'alert')} told of {count_of(one.products, 'product')}; "
        + ("; ".join(f"{each.channel}: {rate(each)}" for each in one.heard))
    )
    out.print()
    out.say(measured(one))
    for line in outcome_lines(one):
        out.say(f"  {line}")
    _show_products(out, one.noisiest)


def _show_all(found: Scores, zone: tzinfo) -> None:
    out = console()
    out.say(
        f"{count_of(len(found.rules), 'rule')}, {_span(found.since, found.until, zone)}: "
        f"{count_of(found.tally.told, 'alert')} told"
        + "".join(f"; {each.channel}: {rate(each)}" for each in found.heard)
    )
    told = [each for each in found.rules if each.tally.told]
    for measure, head, words in GROUPS:
        rows = [each for each in told if each.measure is measure]
        if rows:
            out.print()
            out.print(_rules(head, words, rows))
    silent = [each.rule for each in found.rules if not each.tally.told]
    if silent:
        out.print()
        out.say(f"Told nothing: {', '.join(silent)}")
    _show_products(out, found.products)


def _rules(head: str, outcomes: Sequence[str], rows: list[RuleScore]) -> Sheet:
    columns: tuple[str, ...] = (head, "Messages a week", "Alerts")
    if outcomes:
        columns = (*columns, *outcomes, "Share", "Too young", "Not known")
    cells = []
    for each in rows:
        row = [each.rule, _rate(each.a_week), format_number(each.tally.told)]
        if outcomes:
            row += _tally(each.tally)
        cells.append(row)
    return table(columns, cells, numbers=columns[1:], names=columns[:1])


def _tally(tally: Tally) -> list[str]:
    counts = (tally.went_on, tally.fell_back, tally.too_young, tally.unknown)
    good, bad, *rest = (format_number(count) for count in counts)
    return [good, bad, share(tally), *rest]


def _show_products(out: Output, products: tuple[ProductScore, ...]) -> None:
    if not products:
        return
    columns = ("Noisiest products", "Id", "Told", "Good", "In vain")
    rows = [
        (
            each.name,
            each.product_id,
            format_number(each.tally.told),
            format_number(each.tally.went_on),
            format_number(each.tally.fell_back),
        )
        for each in products
    ]
    out.print()
    out.print(table(columns, rows, numbers=columns[2:], names=columns[:1]))


def _nothing(one: RuleScore) -> str:
    return (
        f"{one.rule} has told nothing in that time. `watcher backtest {one.rule}` shows what it "
        "would have told, `watcher tune` the threshold for as many alerts as you like."
    )


def _span(since: int, until: int, zone: tzinfo) -> str:
    return f"{format_instant(since, zone)} to {format_instant(until, zone)}"


def _rate(a_week: float | None) -> str:
    return "" if a_week is None else format_number(a_week, 1)
