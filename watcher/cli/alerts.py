"""``watcher alerts``: alerts, and what became of the messages about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import tzinfo

import click

from watcher.cli import options
from watcher.cli.completion import rule_names
from watcher.cli.held import UNKNOWN, held_lines, reason
from watcher.cli.output import as_json, console, fields_of, json_wanted, print_json
from watcher.cli.tables import Cell
from watcher.evaluation.present import with_known
from watcher.model import AlertState
from watcher.notification.deferral import waiting, with_holds
from watcher.store.records import AlertRow
from watcher.text.evidence import spelled
from watcher.units import format_since
from watcher.web.words import lines

_WIDE = 110  # columns, from which reasons have room beside the rest
_NONE_MATCH = "No alerts match. `watcher alerts` shows them all."
_NONE_YET = "No alerts yet: no rule has fired. `watcher status` shows when lists are read next."
_STATES = ("pending", "firing", "inactive")


@click.command()
@options.files
@click.option("--rule", shell_complete=rule_names, help="Only of this rule.")
@click.option("--state", type=click.Choice(_STATES), help="Only in this state; inactive is over.")
@click.option("--since", type=options.DURATION, help="Only those that lived in this time, as 7d.")
@options.limit
@as_json
def command(
    files: options.Files, rule: str | None, state: str | None, since: int | None, limit: int
) -> None:
    """Show alerts, the newest first: why they fired, and whether they were told.

    With the rule file, those that live have their values of now, too, and what holds messages
    back is said. On a terminal the reasons take 110 columns or more.

    \b
      watcher alerts --state firing --rule beauty-rising
      watcher alerts --since 7d --json
    """
    now, book, zone = files.now, files.book_if_any, files.zone
    begin, living = None if since is None else now - since, AlertState(state) if state else None
    with files.open() as opened, opened.snapshot():
        rows = opened.alerts.list(rule=rule, state=living, since=begin, limit=limit + 1)
        rows = with_holds(opened, book, rows, now)
        held = [each for each in waiting(opened, book, now) if each.alerts]
        held = [each for each in held if rule is None or rule in each.rules]
        rows = with_known(opened, book, rows) if book is not None else rows
    if json_wanted():
        print_json([alert_json(row) for row in rows[:limit]])
        return
    out = console()
    if not rows:
        out.say(_NONE_MATCH if any((rule, state, since is not None)) else _NONE_YET)
        return
    currency = book.metrics.gmv_currency if book is not None else None
    wide = out.width >= _WIDE
    columns = ("Alert", "Rule", "Product", "State", "Since", *(["Why"] if wide else []), "Told")
    cells = []
    for line in lines(rows[:limit], now, zone, gmv_currency=currency):
        row = line.row
        short, name, *rest, told = alert_cells(row, now, zone)
        product = (row.name or "(no name)", f"{row.region} {row.product_id}")
        why = ["; ".join(line.why)] if wide else []
        cells.append((short, name, product, *rest, *why, told))
    out.table(columns, cells, names=("Product",), texts=("Rule", "Why", "Told"))
    if len(rows) > limit:
        out.say(f"The newest {limit:,}; --limit shows more.")
    for text in held_lines(held, now, zone):
        out.say(text)
    if book is None and held:
        out.say(UNKNOWN)


def alert_cells(row: AlertRow, now: int, zone: tzinfo) -> tuple[Cell, ...]:
    """Id, rule, state, age, and what became of the last messages about it, or holds them back."""
    alert, told = row.alert, [*map(str, row.deliveries)]
    told += [f"{each.channel}: {reason(each, now, zone)}" for each in row.holds]
    since = format_since(alert.since, now)
    return (alert.short_id, alert.rule, alert.outcome, since, ", ".join(told) or "not told")


def alert_json(row: AlertRow) -> dict[str, object]:
    """An alert as the commands print it."""
    known = row.known
    if known is not None:
        known = replace(known, evidence=tuple(map(spelled, known.evidence)))
    return {
        "id": row.alert.short_id,
        "rule": row.alert.rule,
        **fields_of(row, "region product_id name"),
        **fields_of(row.alert, "state since fired_at resolved_at reason"),
        "why": tuple(map(spelled, row.alert.evidence)),
        "now": known,
        "deliveries": row.deliveries,
        "held": row.holds,
    }
