"""``watcher alerts``: alerts, and what became of the messages about them."""

from __future__ import annotations

from dataclasses import replace
from datetime import tzinfo
from pathlib import Path

import click

from watcher.cli import options
from watcher.cli.completers import rule_names
from watcher.cli.held import UNKNOWN, held_lines, hold_text
from watcher.cli.output import console, print_json, table
from watcher.cli.tables import Cell
from watcher.evaluation.present import with_known
from watcher.model import Alert, AlertState, LatestEvidence
from watcher.notification.deferral import Waiting, waiting, with_holds
from watcher.store.records import AlertRow
from watcher.text.evidence import spelled
from watcher.units import format_since
from watcher.web.words import AlertLine, lines

_WIDE = 110  # columns, from which reasons have room beside the rest
_STATES = ("pending", "firing", "inactive")


@click.command()
@options.rules
@options.database
@click.option("--rule", shell_complete=rule_names, help="Only of this rule.")
@click.option("--state", type=click.Choice(_STATES), help="Only in this state; inactive is over.")
@click.option("--since", type=options.DURATION, help="Only those that lived in this time, as 7d.")
@options.limit
@options.as_json
def command(
    rules: Path,
    database: Path,
    rule: str | None,
    state: str | None,
    since: int | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """Show alerts, the newest first: why they fired, what became of their messages, and what holds
    them back.

    Those that live have their values of now beside those that they began with, where the rule
    file can be read; digests, quiet hours and cooldowns stand in it, too. On a terminal the
    reasons take 110 columns or more.

    \b
      watcher alerts --state firing --rule beauty-rising
      watcher alerts --since 7d --json
    """
    now = options.now_of(database)
    book = options.rules_if_any(rules)
    with options.open_to_read(database) as opened, opened.snapshot():
        rows = opened.alerts.list(
            rule=rule,
            state=AlertState(state) if state else None,
            since=now - since if since is not None else None,
            limit=limit + 1,
        )
        rows = with_holds(opened, book, rows, now)
        held = [each for each in waiting(opened, book, now) if _is_of(each, rule)]
        rows = with_known(opened, book, rows) if book is not None else rows
    if as_json:
        print_json([alert_json(row) for row in rows[:limit]])
        return
    out = console()
    if not rows:
        out.say(_none(filtered=any((rule, state, since is not None))))
        return
    currency = book.metrics.gmv_currency if book is not None else None
    zone = options.zone_of(book)
    shown = lines(rows[:limit], now, zone, gmv_currency=currency)
    why = ("Why",) if out.width >= _WIDE else ()
    columns = ("Alert", "Rule", "Product", "State", "Since", *why, "Told")
    cells = [_row(line, now, zone, why=bool(why)) for line in shown]
    out.print(table(columns, cells, names=("Product",), texts=("Rule", "Why", "Told")))
    if len(rows) > limit:
        out.say(f"The newest {limit:,}; --limit shows more.")
    for line in held_lines(held, now, zone):
        out.say(line)
    if book is None and held:
        out.say(UNKNOWN)


def _is_of(each: Waiting, rule: str | None) -> bool:
    """Whether alerts wait there, of the rule where one is asked for."""
    return bool(each.alerts) and (rule is None or rule in each.rules)


def _none(*, filtered: bool) -> str:
    if filtered:
        return "No alerts match. `watcher alerts` shows them all."
    return "No alerts yet: no rule has fired. `watcher status` shows when lists are read next."


def _row(line: AlertLine, now: int, zone: tzinfo, *, why: bool) -> tuple[Cell, ...]:
    row, alert = line.row, line.row.alert
    return (
        alert.short_id,
        alert.rule,
        (row.name or "(no name)", f"{row.region} {row.product_id}"),
        state_of(alert),
        format_since(alert.since, now),
        *(["; ".join(line.why)] if why else []),
        ", ".join(told(row, now, zone)) or "not told",
    )


def state_of(alert: Alert) -> str:
    """Its state in a word; of one that is over, why it ended."""
    if alert.state is AlertState.INACTIVE:
        return alert.reason or "over"
    return alert.state.value


def told(row: AlertRow, now: int, zone: tzinfo) -> list[str]:
    """What became of the last messages about the alert, a text for each target; and what holds
    back a message about it, for each channel."""
    return [
        *(
            f"{each.target or each.channel} {each.state.value if each.state else 'told'}"
            for each in row.deliveries
        ),
        *(hold_text(each, now, zone) for each in row.holds),
    ]


def alert_json(row: AlertRow) -> dict[str, object]:
    """An alert as the commands print it."""
    return {
        "id": row.alert.short_id,
        "rule": row.alert.rule,
        "region": row.region,
        "product_id": row.product_id,
        "name": row.name,
        "state": row.alert.state,
        "since": row.alert.since,
        "fired_at": row.alert.fired_at,
        "resolved_at": row.alert.resolved_at,
        "reason": row.alert.reason,
        "why": tuple(map(spelled, row.alert.evidence)),
        "now": _spelled(row.known),
        "deliveries": row.deliveries,
        "held": row.holds,
    }


def _spelled(known: LatestEvidence | None) -> LatestEvidence | None:
    if known is None:
        return None
    return replace(known, evidence=tuple(map(spelled, known.evidence)))
