"""``watcher check``: every error of the rule files, or what they will read and cost."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from watcher.analysis.forecast import Forecast, forecast
from watcher.cli import options
from watcher.cli.output import console, print_json, table
from watcher.cli.tables import Sheet
from watcher.errors import Problem, RulesError, StoreError
from watcher.importing import without_garbage
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.units import count_of, format_number

if TYPE_CHECKING:
    from watcher.analysis.unmet import Unmet
    from watcher.store.ports import Store
    from watcher.store.sql.ledger import Spent


@click.command()
@options.rules
@options.database
@options.as_json
def command(rules: Path, database: Path, *, as_json: bool) -> None:
    """Check the rule files, and say what they will read and cost."""
    warnings: tuple[Problem, ...] = ()
    try:
        book = options.load_rules(rules)
        warnings = (*book.warnings, *_of_a_lonely_operator(rules, book))
        warnings = (*warnings, *_try_channels(book))
    except RulesError as error:
        if not as_json:
            _warn(warnings)  # a URL that can't be used hides no other doubt
            raise
        print_json({"ok": False, "problems": error.problems, "warnings": warnings})
        sys.exit(1)
    warnings = (*warnings, *_of_the_environment())
    book = replace(book, warnings=warnings)
    now = options.now_of(database)
    known = _known(database, book, now)
    book = replace(book, warnings=(*book.warnings, *known.doubts))
    costs = forecast(book, known.pages, now, known.spent)
    if as_json:
        print_json(
            {
                "ok": True,
                "rules": len(book.rules),
                "forecast": costs,
                "warnings": book.warnings,
                "unmet": known.unmet,
            }
        )
    else:
        _show(rules, book, costs, known)


def _try_channels(book: Rulebook) -> list[Problem]:
    """What to say of the channels' URLs; raises ``RulesError`` with every one that Apprise can't
    use."""
    if not book.channels:
        return []
    with without_garbage():  # Apprise has 186 plugins
        from watcher.daemon.channels import doubts_of, targets_of  # noqa: PLC0415 - 0.15 s

        return doubts_of(book, targets_of(book))


@dataclass(frozen=True, slots=True)
class _History:
    """Of the database, where there is one: the pages of each watch's list, what is spent, the
    rules that nothing met, and what else is doubtful; or the ``trouble`` why it can't tell."""

    pages: Mapping[str, int] = field(default_factory=dict)
    spent: Spent | None = None
    unmet: Sequence[Unmet] = ()
    doubts: Sequence[Problem] = ()
    trouble: str = ""


def _known(path: Path, book: Rulebook, now: Instant) -> _History:
    if not path.exists():
        return _History()
    from watcher.analysis.unmet import unmet  # noqa: PLC0415 - not without a database
    from watcher.store.engine import Engine  # noqa: PLC0415

    try:
        with Engine.open(path, readonly=True) as database:
            return _History(
                {key: database.history.expected_pages(key) for key in _keys(book)},
                database.ledger.spent(now),
                list(unmet(database, book)),
                _idle_silences(database, path, book, now),
            )
    except StoreError as error:
        # The rules are right or wrong whatever the database is.
        return _History(trouble=str(error))


def _idle_silences(database: Store, path: Path, book: Rulebook, now: Instant) -> list[Problem]:
    """A mistyped pattern silences nothing, and nobody notices."""
    names = [rule.name for rule in book.rules]
    return [
        Problem(
            str(path),
            0,
            0,
            f"silence {each.id}",
            f"{each}: matches nothing that there is; `watcher silence end {each.id}` ends it",
        )
        for each in database.silences.matching_nothing(names, now)
    ]


def _of_a_lonely_operator(path: Path, book: Rulebook) -> list[Problem]:
    """A dead target is told by the operator's other targets: where there is one only, by none."""
    targets = {name for channel in book.operator for name in book.channels[channel].targets}
    if len(targets) != 1:
        return []
    text = f"only {targets.pop()} hears of the watcher's troubles: if that is dead, nobody hears"
    return [Problem(str(path), 0, 0, "operator", text)]


def _of_the_environment() -> list[Problem]:
    from watcher import network  # noqa: PLC0415 - after Apprise it costs nothing

    return [Problem("environment", 0, 0, "", text) for text in network.doubts()]


def _keys(book: Rulebook) -> list[str]:
    return [watch.key for watch in book.used_watches]


def _show(path: Path, book: Rulebook, costs: Forecast, known: _History) -> None:
    out = console()
    out.say(f"{path}: {count_of(len(book.rules), 'rule')}, no errors.\n")
    out.print(_costs(costs))
    out.say(
        f"\nTogether {_credits(costs.credits_a_day)} a day, "
        f"{format_number(costs.credits_a_month, 0)} in 30 days (1 credit a request of 10 products)."
    )
    if book.api.key is None:
        out.say(
            "\nNo key yet: set KEYAPI_KEY (or KEYAPI_TOKEN), or api.key in the file, before "
            "`watcher run`."
        )
    _warn(book.warnings)
    trouble = [f"the costs are estimates: {known.trouble}"] if known.trouble else []
    for text in (*costs.warnings, *trouble):
        out.say(f"\nwarning: {text}", "yellow")
    if known.unmet:
        out.say("\nNothing in the stored scans met these rules:")
    for each in known.unmet:
        out.say(f"  {each.file}:{each.line}: {each}")


def _credits(amount: float) -> str:
    said = format_number(amount, 0)
    return f"{said} credit{'' if said == '1' else 's'}"


def _warn(warnings: Sequence[Problem]) -> None:
    for warning in warnings:
        console().say(f"\nwarning: {warning}", "yellow")


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
