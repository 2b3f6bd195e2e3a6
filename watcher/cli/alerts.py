"""``watcher alerts``: alerts, and what became of the messages about them."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

import click
from msgspec import UNSET, UnsetType

from watcher.alert import Alert, AlertState
from watcher.cli import options
from watcher.cli.completion import rule_names
from watcher.cli.held import Listing, held_lines, reason
from watcher.cli.lookup import is_group
from watcher.cli.output import Printed, as_json, console, json_wanted, print_json, prints
from watcher.cli.tables import Cell
from watcher.evaluation.known import with_known, worded
from watcher.evidence import Evidence, LatestEvidence
from watcher.model import Instant
from watcher.notification.deferral import waiting, with_holds
from watcher.store.records import AlertHold, AlertRow, Delivery
from watcher.units import format_since
from watcher.web.words import AlertLine, lines

_WIDE = 110  # columns, from which reasons have room beside the rest
_COLUMNS: tuple[str, ...] = ("Alert", "Rule", "Product", "State", "Since", "Why", "Told")
_WHY = _COLUMNS.index("Why")
_NONE_MATCH = "No alerts match. `watcher alerts` shows them all."
_NONE_YET = "No alerts yet: no rule has fired. `watcher status` shows when lists are read next."
_STATES = ("pending", "firing", "inactive")


class PrintedAlert(Printed, frozen=True, kw_only=True):
    """An alert for programs: ``why`` it fired, what is so ``now``, and what became of it."""

    id: str
    rule: str
    watch: str | None
    region: str
    product_id: str
    name: str
    seller: str | UnsetType = UNSET
    state: AlertState
    since: Instant
    fired_at: Instant | None
    resolved_at: Instant | None
    reason: str | None
    why: tuple[Evidence, ...]
    now: LatestEvidence | None
    deliveries: tuple[Delivery, ...]
    held: tuple[AlertHold, ...]


@click.command()
@options.files
@click.option("--rule", shell_complete=rule_names, help="Only of this rule.")
@click.option("--state", type=click.Choice(_STATES), help="Only in this state; inactive is over.")
@click.option("--since", type=options.DURATION, help="Only those that lived in this time, as 7d.")
@options.limit
@as_json
@prints(list[PrintedAlert])
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
    begin, living = None if since is None else files.now - since, state and AlertState(state)
    found = _found(files, limit, rule, state=living, since=begin)
    if json_wanted():
        print_json([*map(alert_json, found.rows)])
    elif found.rows:
        _show(found)
    else:
        console().say(_NONE_MATCH if rule or state or begin is not None else _NONE_YET)


def _found(files: options.Files, limit: int, rule: str | None, **asked: Any) -> Listing[AlertRow]:
    now, book = files.now, files.book_if_any
    with files.open() as opened, opened.snapshot():
        rows = opened.alerts.list(rule=rule, limit=limit + 1, **asked)
        rows = with_holds(opened, book, rows, now)
        rows = with_known(opened, book, rows) if book is not None else rows
        waits = [each for each in waiting(opened, book, now) if each.alerts]
    held = [each for each in waits if rule in (None, *each.rules)]
    return Listing(now, files.zone, book, rows[:limit], len(rows) > limit, held)


def _show(found: Listing[AlertRow]) -> None:
    out = console()
    currency = found.book.metrics.gmv_currency if found.book is not None else None
    worded = lines(found.rows, found.now, found.zone, gmv_currency=currency)
    columns, rows = _COLUMNS, [_cells(line, found.now, found.zone) for line in worded]
    if out.width < _WIDE:
        columns = columns[:_WHY] + columns[_WHY + 1 :]
        rows = [row[:_WHY] + row[_WHY + 1 :] for row in rows]
    out.table(columns, rows, names=("Product",), texts=("Rule", "Why", "Told"))
    found.say_rest(out, held_lines(found.held, found.now, found.zone))


def _cells(line: AlertLine, now: Instant, zone: tzinfo) -> tuple[Cell, ...]:
    row = line.row
    short, name, *rest, told = alert_cells(row, now, zone)
    product = [row.name or "(no name)", f"{row.region} {row.product_id}"]
    product += [f"seller {line.seller}"] if line.seller and not is_group(row.product_id) else []
    return (short, name, tuple(product), *rest, "; ".join(line.why), told)


def alert_cells(row: AlertRow, now: int, zone: tzinfo) -> tuple[Cell, ...]:
    """Id, rule, state, age, and what became of the last messages about it, or holds them back."""
    alert, told = row.alert, [*map(str, row.deliveries)]
    told += [f"{each.channel}: {reason(each, now, zone)}" for each in row.holds]
    since = format_since(alert.since, now)
    rule = f"{alert.rule} (on {row.watch})" if row.watch else alert.rule
    return (alert.short_id, rule, _outcome(alert), since, ", ".join(told) or "not told")


def _outcome(alert: Alert) -> str:
    heard = alert.state is AlertState.FIRING and alert.acknowledged is not None
    return f"{alert.outcome}, acknowledged" if heard else alert.outcome


def alert_json(row: AlertRow) -> PrintedAlert:
    """An alert as the commands print it."""
    row = worded(row)
    seller = row.names.get(row.seller_id or "")
    return PrintedAlert.of(
        row.alert,
        row,
        id=row.alert.short_id,
        watch=row.watch or None,
        seller=seller or UNSET,
        why=row.alert.evidence,
        now=row.known,
        held=row.holds,
    )
