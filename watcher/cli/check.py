"""``watcher check``: every error of the rule files, or what they will read and cost."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watcher.alerting.forecast import Forecast, forecast
from watcher.cli.options import database_option, json_option, load_rules, now_of, rules_option
from watcher.cli.output import console, print_json, table
from watcher.cli.sheet import Sheet
from watcher.errors import Problem, RulesError, StoreError
from watcher.importing import without_garbage
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.units import format_number

if TYPE_CHECKING:
    from watcher.store.ledger import Spent


@click.command()
@rules_option
@database_option
@json_option
def command(rules: Path, database: Path, *, as_json: bool) -> None:
    """Check the rule files, and say what they will read and cost."""
    try:
        book = load_rules(rules)
        _try_channels(book)
    except RulesError as error:
        if not as_json:
            raise
        print_json({"ok": False, "problems": error.problems})
        sys.exit(1)
    book = replace(book, warnings=(*book.warnings, *_of_a_lonely_operator(rules, book)))
    now = now_of(database)
    pages, spent, trouble = _known(database, book, now)
    costs = forecast(book, pages, now, spent)
    if as_json:
        print_json(
            {"ok": True, "rules": len(book.rules), "forecast": costs, "warnings": book.warnings}
        )
    else:
        _show(rules, book, costs, trouble)


def _try_channels(book: Rulebook) -> None:
    """Raises ``RulesError`` with every URL that Apprise can't use."""
    if book.channels:
        with without_garbage():  # Apprise has 186 plugins
            from watcher.daemon.channels import targets_of  # noqa: PLC0415 - 0.15 s

            targets_of(book)


def _known(path: Path, book: Rulebook, now: Instant) -> tuple[dict[str, int], Spent | None, str]:
    """How long the lists really are and what is spent, where there is a history to tell; or why
    it can't."""
    if not path.exists():
        return {}, None, ""
    from watcher.store.database import Database  # noqa: PLC0415 - not without a database

    try:
        with Database.open(path, readonly=True) as database:
            found = {key: database.history.last_complete(key) for key in _keys(book)}
            spent = database.ledger.spent(now)
    except StoreError as error:
        # The rules are right or wrong whatever the database is.
        return {}, None, str(error)
    return {key: scan.pages for key, scan in found.items() if scan is not None}, spent, ""


def _of_a_lonely_operator(path: Path, book: Rulebook) -> list[Problem]:
    """A dead target is told by the operator's other targets: where there is one only, by none."""
    targets = {name for channel in book.operator for name in book.channels[channel].targets}
    if len(targets) != 1:
        return []
    text = f"only {targets.pop()} hears of the watcher's troubles: if that is dead, nobody hears"
    return [Problem(str(path), 0, 0, "operator", text)]


def _keys(book: Rulebook) -> list[str]:
    return [watch.key for watch in book.used_watches]


def _show(path: Path, book: Rulebook, costs: Forecast, trouble: str) -> None:
    out = console()
    count = len(book.rules)
    out.say(f"{path}: {count} rule{'' if count == 1 else 's'}, no errors.\n")
    out.print(_costs(costs))
    out.say(
        f"\nTogether {format_number(costs.credits_a_day, 0)} credits a day, "
        f"{format_number(costs.credits_a_month, 0)} in 30 days (1 credit a request of 10 products)."
    )
    if book.api.key is None:
        out.say("\nNo key yet: set KEYAPI_KEY, or api.key in the file, before `watcher run`.")
    for warning in book.warnings:
        out.say(f"\nwarning: {warning}", "yellow")
    for text in (*costs.warnings, *([f"the costs are estimates: {trouble}"] if trouble else [])):
        out.say(f"\nwarning: {text}", "yellow")


def _costs(costs: Forecast) -> Sheet:
    columns = ("Watch", "When", "Requests a scan", "Scans a day", "Credits a day", "30 days")
    rows = [
        (
            cost.watch,
            cost.schedule,
            format_number(cost.requests),
            format_number(cost.scans_a_day, 1),
            format_number(cost.credits_a_day, 1),
            format_number(cost.credits_a_month, 0),
        )
        for cost in costs.watches
    ]
    return table(columns, rows, numbers=columns[2:], texts=columns[:2])
