"""``watcher export``: the history for other programs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

import click

from watcher.cli import options
from watcher.cli.completion import metric_names, product_ids, regions, rule_names, watch_names
from watcher.cli.lookup import chosen, chosen_metrics, chosen_product, is_group
from watcher.cli.output import console
from watcher.cli.progress import Report, progress
from watcher.cli.streams import ToProgram, ToTerminal
from watcher.errors import RulesError
from watcher.export import history
from watcher.export.formats import ENDINGS, FORMATS, WRITERS, replaced, write_csv
from watcher.export.table import Export, Part
from watcher.rules.metrics import RANK, Catalogue, Metric
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.sql.extracts import Choice
from watcher.units import count_of

_Wanted = Mapping[str, Any]  # the options as they were given
_WHAT = ("observations", "alerts", "transitions", "scans", "groups")
# Which of the options that choose belong to which table.
_ONLY = {
    "products": ("observations", "alerts", "transitions", "groups"),
    "watch": ("observations", "scans", "groups"),
    "rule": ("alerts", "transitions"),
    "metrics": ("observations",),
    "every_scan": ("observations",),
}


@click.command()
@click.option("--format", type=click.Choice(FORMATS), help="By default as --output ends, or csv.")
@click.option("--what", type=click.Choice(_WHAT), default=_WHAT[0], help="The table.")
@click.option("--output", "-o", type=options.PATH, help="A file instead of stdout.")
@options.several("--product", "products", product_ids, "Only this one: id or name; repeatable.")
@click.option("--region", shell_complete=regions, help="Only of this market.")
@click.option(
    "--watch", shell_complete=watch_names, help="Only what this watch listed, or its scans."
)
@click.option("--rule", shell_complete=rule_names, help="Only alerts of this rule.")
@click.option("--since", type=options.MOMENT, help="From then on: 30d ago is 30d, or 2026-11-01.")
@click.option("--until", type=options.MOMENT, help="Before then.")
@options.several("--metric", "metrics", metric_names, "Instead of all 88 numbers; repeatable.")
@click.option("--every-scan", is_flag=True, help="A row for each scan, changed or not.")
@click.option("--excel", is_flag=True, help="CSV that Excel reads as UTF-8, with ids as texts.")
@options.decimal
@options.quiet
@options.files
def command(**wanted: Any) -> None:
    """Write the history for other programs, beside a running daemon.

    A row of a product holds until its next one; with --every-scan each scan has its rows. Prices
    are in units of the currency, GMV in the API's own (it does not say which), times in UTC. In CSV
    a text that a spreadsheet would take for a formula has an apostrophe before it. The rule file
    has the names of watches and metrics of your own.

    \b
      watcher export --since 30d > history.csv
      watcher export --watch beauty --every-scan -o beauty.parquet
      watcher export --product 1729384756 --metric sales_growth --format jsonl
      watcher export --what alerts --rule beauty-rising
      watcher export --what groups --product seller_id=7495981769829615944
    """
    style = _format(wanted)
    _refuse(wanted, style)
    book = _rulebook(wanted)
    rows = 0

    def counted(export: Export, report: Report) -> Iterator[Part]:
        nonlocal rows
        for part in export.parts:
            yield part
            rows += len(part[0])
            report(rows, export.total)

    with wanted["files"].open() as database:
        export = _export(database, wanted, book)
        with _destination(wanted) as (file, report):
            export = replace(export, parts=counted(export, report))
            _writer(wanted, style)(export, file)
    if not rows and not wanted["quiet"]:
        groups = [each for each in wanted["products"] if is_group(each)]
        hint = "`watcher db stats` says what is stored."
        if groups and wanted["what"] == "observations":
            hint = f"{groups[0]} is a group: its figures come with --what groups."
        console(stderr=True).say(f"No rows match; {hint}")


def _format(wanted: _Wanted) -> str:
    """Named, or by the end of the file's name."""
    if wanted["format"]:
        return str(wanted["format"])
    ending = Path(wanted["output"] or "").suffix.lstrip(".").lower() or "csv"
    if ending not in ENDINGS:
        known = f".{', .'.join(FORMATS)}"
        raise click.UsageError(f"no format ends in .{ending}: use {known}, or say it by --format")
    return ENDINGS[ending]


def _writer(wanted: _Wanted, style: str) -> Callable[[Export, BinaryIO], None]:
    if style != "csv":
        return WRITERS[style]
    return partial(write_csv, excel=wanted["excel"], comma=wanted["decimal"] == "comma")


def _refuse(wanted: _Wanted, style: str) -> None:
    for name, tables in _ONLY.items():
        if wanted[name] and wanted["what"] not in tables:
            option = name.removesuffix("s").replace("_", "-")
            raise click.UsageError(f"--{option} goes with --what {' or '.join(tables)}")
    if wanted["excel"] and style != "csv":
        raise click.UsageError(f"--excel goes with CSV, not with {style}")
    if wanted["decimal"] == "comma" and style != "csv":
        raise click.UsageError(f"--decimal goes with CSV, not with {style}")
    if style == "parquet" and _to_terminal(wanted):
        raise click.UsageError("Parquet is no text: give --output FILE, or send it to a program")


def _rulebook(wanted: _Wanted) -> Rulebook | None:
    """The rules, where there are any. Broken ones only cost the names, if nothing else is asked."""
    files: options.Files = wanted["files"]
    known = Catalogue()
    needed = wanted["watch"] is not None or not all(map(known.get, wanted["metrics"]))
    if not needed and (not files.has_rules or wanted["what"] == "transitions"):
        return None
    try:
        return files.book
    except RulesError as error:
        if needed:
            raise
        problems = f"{count_of(len(error.problems), 'problem')} (see `watcher check`)"
        console(stderr=True).say(f"{files.named}: {problems}; watches are named by their keys.")
        return None


def _export(database: Store, wanted: _Wanted, book: Rulebook | None) -> Export:
    choice = _choice(database, wanted, book)
    match wanted["what"]:
        case "alerts":
            return history.alerts(database, choice, _names(wanted, book, choice))
        case "transitions":
            return history.transitions(database, choice)
        case "scans":
            return history.scans(database, choice, _names(wanted, book, choice))
        case "groups":
            return history.groups(database, choice, _names(wanted, book, choice), book)
    catalogue = book.metrics if book else Catalogue()
    metrics, names = _metrics(wanted, catalogue), _names(wanted, book, choice)
    observed = partial(history.observations, every_scan=wanted["every_scan"])
    return observed(
        database, choice, metrics, names,
        gmv_currency=catalogue.gmv_currency, sellers=catalogue.sellers,
    )  # fmt: skip


def _names(wanted: _Wanted, book: Rulebook | None, choice: Choice) -> dict[str, str]:
    """The watches' names by key: that of the first that shares its scans, or the one asked for."""
    names = {watch.key: watch.name for watch in reversed(book.watches)} if book else {}
    if choice.watch is not None:
        names[choice.watch] = wanted["watch"]
    return names


def _metrics(wanted: _Wanted, catalogue: Catalogue) -> list[Metric]:
    if not wanted["metrics"]:
        return history.fields()
    # The rank has its column in any case.
    return chosen_metrics(catalogue, [n for n in dict.fromkeys(wanted["metrics"]) if n != RANK])


def _choice(database: Store, wanted: _Wanted, book: Rulebook | None) -> Choice:
    region = wanted["region"].upper() if wanted["region"] else None
    since, until = (wanted["files"].moment(wanted[end]) for end in ("since", "until"))
    if None not in (since, until) and since >= until:
        raise click.UsageError("--since must be before --until")
    products = [chosen_product(database, name, region).product for name in wanted["products"]]
    watch = chosen("watch", wanted["watch"], book.watches).key if book and wanted["watch"] else None
    return Choice(products or None, watch, region, wanted["rule"], since, until)


def _to_terminal(wanted: _Wanted) -> bool:
    return str(wanted["output"] or "-") == "-" and sys.stdout.isatty()


@contextmanager
def _destination(wanted: _Wanted) -> Iterator[tuple[BinaryIO, Report]]:
    """The file to write to, and what hears of progress: nothing where the rows are seen."""
    output = wanted["output"]
    if _to_terminal(wanted):
        yield cast("BinaryIO", ToTerminal()), lambda _done, _total: None
        return
    with progress("Exporting", "rows", quiet=wanted["quiet"]) as report:
        if output is None or str(output) == "-":
            yield cast("BinaryIO", ToProgram()), report
        else:
            with replaced(output, wanted["files"].database) as file:
                yield file, report
