"""``watcher alerts``: alerts, and what became of the messages about them."""

from __future__ import annotations

from pathlib import Path

import click

from watcher.cli.completing import rule_names
from watcher.cli.options import DURATION, database_option, json_option, now_of, open_to_read
from watcher.cli.output import console, print_json, table
from watcher.cli.sheet import Cell
from watcher.model import Alert, AlertState
from watcher.store.alerts import AlertRow
from watcher.units import format_ago

_STATES = ("pending", "firing", "inactive")


@click.command()
@database_option
@click.option("--rule", shell_complete=rule_names, help="Only of this rule.")
@click.option("--state", type=click.Choice(_STATES), help="Only in this state; inactive is over.")
@click.option("--since", type=DURATION, help="Only those that lived in this time, as 7d.")
@click.option(
    "--limit", type=click.IntRange(1), default=100, show_default=True, help="At most so many."
)
@json_option
def command(
    database: Path,
    rule: str | None,
    state: str | None,
    since: int | None,
    limit: int,
    *,
    as_json: bool,
) -> None:
    """Show alerts, the newest first, and what became of their messages.

    \b
      watcher alerts --state firing --rule beauty-rising
      watcher alerts --since 7d --json
    """
    now = now_of(database)
    with open_to_read(database) as opened:
        rows = opened.alerts.list(
            rule=rule,
            state=AlertState(state) if state else None,
            since=now - since if since is not None else None,
            limit=limit + 1,
        )
    if as_json:
        print_json([alert_json(row) for row in rows[:limit]])
        return
    out = console()
    if not rows:
        out.say(_none(filtered=any((rule, state, since is not None))))
        return
    columns = ("Alert", "Rule", "Product", "State", "Since", "Told")
    cells = [_row(row, now) for row in rows[:limit]]
    out.print(table(columns, cells, names=("Product",), texts=("Rule", "Told")))
    if len(rows) > limit:
        out.say(f"The newest {limit:,}; --limit shows more.")


def _none(*, filtered: bool) -> str:
    if filtered:
        return "No alerts match. `watcher alerts` shows them all."
    return "No alerts yet: no rule has fired. `watcher status` shows when lists are read next."


def _row(row: AlertRow, now: int) -> tuple[Cell, ...]:
    alert = row.alert
    return (
        alert.short_id,
        alert.rule,
        (row.name or "(no name)", f"{row.region} {row.product_id}"),
        state_of(alert),
        format_ago(alert.since, now),
        ", ".join(told(row)) or "not told",
    )


def state_of(alert: Alert) -> str:
    """Its state in a word; of one that is over, why it ended."""
    if alert.state is AlertState.INACTIVE:
        return alert.reason or "over"
    return alert.state.value


def told(row: AlertRow) -> list[str]:
    """What became of the last messages about the alert, a text for each target."""
    return [
        f"{each.target or each.channel} {each.state.value if each.state else 'told'}"
        for each in row.deliveries
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
        "why": row.alert.evidence,
        "deliveries": row.deliveries,
    }
