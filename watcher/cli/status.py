"""``watcher status``: watches, rules, credits and the queue, read beside a running daemon."""

from __future__ import annotations

import time
from pathlib import Path

import click

from watcher.alerting.overview import Overview, WatchStatus, overview
from watcher.cli.options import (
    database_option,
    json_option,
    load_rules,
    open_to_read,
    rules_option,
)
from watcher.cli.output import console, print_json, table
from watcher.units import format_ago, format_number


@click.command()
@rules_option
@database_option
@json_option
def command(rules: Path, database: Path, *, as_json: bool) -> None:
    """Show watches (last scan, next, health), rules, credits and the queue."""
    book = load_rules(rules)
    with open_to_read(database) as opened:
        state = overview(opened, book, int(time.time()))
    if as_json:
        print_json(state)
    else:
        show(state)


def show(state: Overview) -> None:
    """Print the overview in tables."""
    out = console()
    for trouble in state.troubles:
        out.print(f"trouble since {format_ago(trouble.since, state.now)}: {trouble.text}\n")
    columns = ("Watch", "Last scan", "Next", "Products", "State")
    out.print(table(columns, [_watch(each, state.now) for each in state.watches], ("Products",)))
    rules = [
        (rule.name, rule.watch, rule.severity, str(rule.firing), str(rule.pending))
        for rule in state.rules
    ]
    out.print()
    out.print(
        table(("Rule", "Watch", "Severity", "Firing", "Pending"), rules, ("Firing", "Pending"))
    )
    queue = ", ".join(f"{count} {name}" for name, count in state.queue.items() if count)
    out.print(f"\nCredits: {_credits(state)}. Messages: {queue or 'none yet'}.")


def _watch(watch: WatchStatus, now: int) -> tuple[str, ...]:
    last = watch.last
    if watch.health is not None and watch.health.failing_since is not None:
        since = format_ago(watch.health.failing_since, now)
        how = f"failing since {since}: {watch.health.last_error}"
    else:
        how = last.state.value if last is not None else "waiting"
    return (
        watch.name,
        format_ago(last.at, now) if last is not None else "never",
        format_ago(watch.due, now),
        format_number(last.products) if last is not None else "",
        how,
    )


def _credits(state: Overview) -> str:
    spent = state.credits
    day = f"{spent.day:,} today" + (f" of {spent.day_cap:,}" if spent.day_cap else "")
    month = f"{spent.month:,} this month" + (f" of {spent.month_cap:,}" if spent.month_cap else "")
    return f"{day}, {month}"
