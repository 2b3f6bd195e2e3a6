"""``watcher score``: what became of what was told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

import click

from watcher.analysis.scores.score import DEFAULT_DAYS, ProductScore, RuleScore, Scores, score
from watcher.analysis.scores.wording import GROUPS, measured, outcome_lines, rate, share
from watcher.cli import options
from watcher.cli.completion import rule_names
from watcher.cli.lookup import chosen
from watcher.cli.output import Output, answer, as_json, console, prints
from watcher.cli.tables import Cell
from watcher.units import count_of, format_span


@click.command()
@click.argument("name", metavar="[RULE]", required=False, shell_complete=rule_names)
@options.files
@options.days(DEFAULT_DAYS, "How far back to begin; messages are kept for `keep: notifications:`.")
@as_json
@prints(Scores)
def command(name: str | None, files: options.Files, days: int) -> None:
    """Show what became of what was told: by RULE, or by all.

    An alert went on where the product sold, in the 14 days from the morning it was told, at least
    1.5 times as much a day as before (the week that set it off left aside), beyond what the whole
    list did; else it fell back. Of a rule that claims no rise, as a price guard, it is said whether
    its condition still held then. Each alert counts once, however often it was told.

    \b
      watcher score
      watcher score breakout --days 30
    """
    book = files.book
    rules = book.rules if name is None else (chosen("rule", name, book.rules),)
    with files.open() as opened:
        found = score(opened, book, rules, days, files.now)
    show = _show_all if name is None else _show_one
    answer(found, lambda: show(found, book.zone))


def _show_one(found: Scores, zone: tzinfo) -> None:
    (one,) = found.rules
    out = console()
    out.say(f"{one.rule} on {one.watch}, {format_span(one.since, one.until, zone)}")
    if not one.tally.told:
        out.say(
            f"{one.rule} has told nothing in that time. `watcher backtest {one.rule}` shows what "
            "it would have told, `watcher tune` the threshold for as many alerts as you like."
        )
        return
    subjects = count_of(one.products, "group" if one.of_groups else "product")
    out.say(
        f"{count_of(one.tally.told, 'alert')} told of {subjects}; "
        + "; ".join(f"{each.channel}: {rate(each)}" for each in one.heard)
    )
    out.say(f"\n{measured(one)}")
    for line in outcome_lines(one):
        out.say(f"  {line}")
    _show_products(out, one.noisiest)


def _show_all(found: Scores, zone: tzinfo) -> None:
    out = console()
    out.say(
        f"{count_of(len(found.rules), 'rule')}, {format_span(found.since, found.until, zone)}: "
        f"{count_of(found.tally.told, 'alert')} told"
        + "".join(f"; {each.channel}: {rate(each)}" for each in found.heard)
    )
    _show_measures(out, [each for each in found.rules if each.tally.told])
    silent = [each.rule for each in found.rules if not each.tally.told]
    if silent:
        out.say(f"\nTold nothing: {', '.join(silent)}")
    _show_products(out, found.products)


def _show_measures(out: Output, told: Sequence[RuleScore]) -> None:
    """A table of the rules for each way to measure them."""
    for measure, head, words in GROUPS:
        rows = [each for each in told if each.measure is measure]
        if rows:
            _show_rules(out, (head, "Messages a week", "Alerts"), words, rows)


def _show_rules(
    out: Output, columns: tuple[str, ...], outcomes: Sequence[str], rules: Sequence[RuleScore]
) -> None:
    if outcomes:
        columns = (*columns, *outcomes, "Share", "Too young", "Not known")
    rows: list[tuple[Cell, ...]] = []
    for each in rules:
        tally = each.tally
        found = (tally.went_on, tally.fell_back, share(tally), tally.too_young, tally.unknown)
        rows.append((each.rule, each.a_week, tally.told, *(found if outcomes else ())))
    out.table(columns, rows, apart=True, numbers=columns[1:], names=columns[:1])


def _show_products(out: Output, products: tuple[ProductScore, ...]) -> None:
    if not products:
        return
    columns = ("Noisiest products", "Id", "Told", "Good", "In vain")
    rows = [
        (each.name, each.product_id, each.tally.told, each.tally.went_on, each.tally.fell_back)
        for each in products
    ]
    out.table(columns, rows, apart=True, numbers=columns[2:], names=columns[:1])
