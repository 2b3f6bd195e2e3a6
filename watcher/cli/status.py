"""``watcher status``: watches, rules, credits and the queue, read beside a running daemon."""

from __future__ import annotations

import time
from pathlib import Path

import click

from watcher.alerting.overview import Overview, RuleStatus, WatchStatus, overview
from watcher.cli.options import (
    database_option,
    json_option,
    load_rules,
    open_to_read,
    rules_option,
)
from watcher.cli.output import console, print_json, table
from watcher.model import Health
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
    columns: tuple[str, ...] = (
        "Watch", "Last scan", "Next", "Products", "Credits today", "State",
    )  # fmt: skip
    watches = [_watch(watch, state.now) for watch in state.watches]
    out.print(table(columns, watches, ("Products", "Credits today")))
    rules = [_rule(rule, state.now) for rule in state.rules]
    columns = ("Rule", "Watch", "Severity", "Firing", "Pending", "State")
    out.print()
    out.print(table(columns, rules, ("Firing", "Pending")))
    queue = ", ".join(f"{count} {name}" for name, count in state.queue.items() if count)
    out.print(f"\nCredits: {_credits(state)}. Messages: {queue or 'none yet'}.")


def _watch(watch: WatchStatus, now: int) -> tuple[str, ...]:
    last = watch.last
    how = _failing(watch.health, now) or (last.state.value if last is not None else "waiting")
    return (
        watch.name,
        format_ago(last.at, now) if last is not None else "never",
        format_ago(watch.due, now),
        format_number(last.products) if last is not None else "",
        format_number(watch.credits_today),
        how,
    )


def _rule(rule: RuleStatus, now: int) -> tuple[str, ...]:
    return (
        rule.name,
        rule.watch,
        rule.severity,
        str(rule.firing),
        str(rule.pending),
        _failing(rule.health, now) or "ok",
    )


def _failing(health: Health, now: int) -> str:
    if health.failing_since is None:
        return ""
    return f"failing since {format_ago(health.failing_since, now)}: {health.last_error}"


def _credits(state: Overview) -> str:
    spent = state.credits
    day = f"{spent.day:,} today" + (f" of {spent.day_cap:,}" if spent.day_cap else "")
    month = f"{spent.month:,} this month" + (f" of {spent.month_cap:,}" if spent.month_cap else "")
    return f"{day}, {month}"
