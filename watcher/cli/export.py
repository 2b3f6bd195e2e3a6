"""``watcher export``: the history for other programs."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, TypedDict, Unpack, cast

import click

from watcher.cli import options
from watcher.cli.completers import metric_names, product_ids, regions, rule_names, watch_names
from watcher.cli.lookup import chosen_metrics, chosen_product, chosen_watch
from watcher.cli.output import console
from watcher.cli.progress import Report, progress
from watcher.cli.streams import stop_unread
from watcher.cli.text import plain_lines
from watcher.errors import RulesError
from watcher.export import history
from watcher.export.files import replaced
from watcher.export.parquet import write_parquet
from watcher.export.table import Table, height
from watcher.export.text import write_csv, write_json_lines
from watcher.rules.metrics import RANK, Catalogue, Metric
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.sql.extracts import Choice
from watcher.units import count_of, parse_moment

_FORMATS = ("csv", "jsonl", "parquet")
_BY_ENDING = {
    **{name: name for name in _FORMATS},
    "ndjson": "jsonl",
    "json": "jsonl",
    "pq": "parquet",
}
_WHAT = ("observations", "alerts", "transitions", "scans")
# Which of the options that choose belong to which table.
_ONLY = {
    "products": ("observations", "alerts", "transitions"),
    "watch": ("observations", "scans"),
    "rule": ("alerts", "transitions"),
    "metrics": ("observations",),
    "every_scan": ("observations",),
}


class _Wanted(TypedDict):
    """The options as they were given."""

    format: str | None
    what: str
    output: Path | None
    products: tuple[str, ...]
    region: str | None
    watch: str | None
    rule: str | None
    since: str | None
    until: str | None
    metrics: tuple[str, ...]
    every_scan: bool
    excel: bool
    quiet: bool
    rules: Path
    database: Path


@click.command()
@click.option("--format", type=click.Choice(_FORMATS), help="By default as --output ends, or csv.")
@click.option("--what", type=click.Choice(_WHAT), default=_WHAT[0], help="The table.")
@click.option("--output", "-o", type=click.Path(path_type=Path), help="A file instead of stdout.")
@click.option(
    "--product",
    "products",
    multiple=True,
    shell_complete=product_ids,
    help="Only this one: id or name; repeatable.",
)
@click.option("--region", shell_complete=regions, help="Only of this market.")
@click.option(
    "--watch",
    shell_complete=watch_names,
    help="Only products that this watch ever listed, or its scans.",
)
@click.option("--rule", shell_complete=rule_names, help="Only alerts of this rule.")
@click.option("--since", type=options.MOMENT, help="From then on: 30d ago is 30d, or 2026-11-01.")
@click.option("--until", type=options.MOMENT, help="Before then.")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    shell_complete=metric_names,
    help="Instead of the API's 88 numbers; repeatable.",
)
@click.option("--every-scan", is_flag=True, help="A row for each scan, changed or not.")
@click.option("--excel", is_flag=True, help="CSV that Excel reads as UTF-8, with ids as texts.")
@options.quiet
@options.rules
@options.database
def command(**wanted: Unpack[_Wanted]) -> None:
    """Write the history for other programs, beside a running daemon.

    An observation is stored when some number of a product changed: a row holds until the
    product's next one. With --every-scan each scan gives a row for each product that it listed.
    Prices are in units of the currency, GMV in the API's own (it does not say which), times in
    UTC. In CSV a text that a spreadsheet would
    take for a formula has an apostrophe before it.

    The rule file is read for the names of watches and for metrics of your own.

    \b
      watcher export --since 30d > history.csv
      watcher export --watch beauty --every-scan -o beauty.parquet
      watcher export --product 1729384756 --metric sales_growth --format jsonl
      watcher export --what alerts --rule beauty-rising
    """
    style = _format(wanted)
    _refuse(wanted, style)
    book = _rulebook(wanted)
    with options.open_to_read(wanted["database"]) as database:
        table = _table(database, wanted, book)
        with _destination(wanted) as file, _progress(wanted) as report:
            counted = _Counted(table, report)
            _writer(style, excel=wanted["excel"])(counted.table, file)
    if not counted.rows and not wanted["quiet"]:
        console(stderr=True).say("No rows match; `watcher db stats` says what is stored.")


class _Counted:
    """A table that counts its rows as they are read."""

    def __init__(self, table: Table, report: Report) -> None:
        self.rows = 0
        self.table = replace(table, parts=self._parts(table, report))

    def _parts(self, table: Table, report: Report) -> Iterator[Sequence[Sequence[object]]]:
        for part in table.parts:
            yield part
            self.rows += height(part)
            report(self.rows, table.total)


def _format(wanted: _Wanted) -> str:
    output = wanted["output"]
    ending = output.suffix.lstrip(".").lower() if output is not None else ""
    if wanted["format"] or not ending:
        return wanted["format"] or _FORMATS[0]
    if ending not in _BY_ENDING:
        known = ", ".join(f".{name}" for name in _FORMATS)
        raise click.UsageError(f"no format ends in .{ending}: use {known}, or say it by --format")
    return _BY_ENDING[ending]


def _refuse(wanted: _Wanted, style: str) -> None:
    given: Mapping[str, object] = dict(wanted)
    for name, tables in _ONLY.items():
        if given[name] and wanted["what"] not in tables:
            option = name.removesuffix("s").replace("_", "-")
            raise click.UsageError(f"--{option} goes with --what {' or '.join(tables)}")
    if wanted["excel"] and style != "csv":
        raise click.UsageError(f"--excel goes with CSV, not with {style}")
    if style == "parquet" and _to_terminal(wanted):
        raise click.UsageError("Parquet is no text: give --output FILE, or send it to a program")


def _rulebook(wanted: _Wanted) -> Rulebook | None:
    """The rules, where there are any. Broken ones only cost the names, if nothing else is asked."""
    path = wanted["rules"]
    catalogue = Catalogue()
    needed = wanted["watch"] is not None or any(
        catalogue.get(name) is None for name in wanted["metrics"]
    )
    if not needed and (not path.exists() or wanted["what"] in ("alerts", "transitions")):
        return None
    try:
        return options.load_rules(path)
    except RulesError as error:
        if needed:
            raise
        console(stderr=True).say(
            f"{path}: {count_of(len(error.problems), 'problem')} (`watcher check` shows them); "
            "watches are named by their keys."
        )
        return None


def _table(database: Store, wanted: _Wanted, book: Rulebook | None) -> Table:
    choice = _choice(database, wanted, book)
    # The first of those that share their scans gives them its name, unless another is asked for.
    names = {watch.key: watch.name for watch in reversed(book.watches)} if book else {}
    if choice.watch is not None and wanted["watch"] is not None:
        names[choice.watch] = wanted["watch"]
    match wanted["what"]:
        case "alerts":
            return history.alerts(database, choice)
        case "transitions":
            return history.transitions(database, choice)
        case "scans":
            return history.scans(database, choice, names)
    return history.observations(
        database,
        choice,
        _metrics(wanted, book),
        names,
        every_scan=wanted["every_scan"],
        gmv_currency=book.metrics.gmv_currency if book else None,
    )


def _choice(database: Store, wanted: _Wanted, book: Rulebook | None) -> Choice:
    now = options.now_of(wanted["database"])
    zone = book.zone if book else options.shown_zone(wanted["rules"])
    since, until = (
        parse_moment(text, now, zone) if text is not None else None
        for text in (wanted["since"], wanted["until"])
    )
    if since is not None and until is not None and since >= until:
        raise click.UsageError("--since must be before --until")
    region = wanted["region"].upper() if wanted["region"] else None
    products = [chosen_product(database, name, region).product for name in wanted["products"]]
    watch = chosen_watch(book, wanted["watch"]).key if book and wanted["watch"] else None
    return Choice(products or None, watch, region, wanted["rule"], since, until)


def _metrics(wanted: _Wanted, book: Rulebook | None) -> list[Metric]:
    """The rank has its column in any case."""
    if not wanted["metrics"]:
        return history.fields()
    names = [name for name in dict.fromkeys(wanted["metrics"]) if name != RANK]
    return chosen_metrics(book.metrics if book else Catalogue(), names)


def _writer(style: str, *, excel: bool) -> Callable[[Table, BinaryIO], None]:
    if style == "csv":
        return partial(write_csv, excel=excel)
    return write_json_lines if style == "jsonl" else write_parquet


def _to_stdout(wanted: _Wanted) -> bool:
    return wanted["output"] is None or str(wanted["output"]) == "-"


def _to_terminal(wanted: _Wanted) -> bool:
    return _to_stdout(wanted) and sys.stdout.isatty()


def _progress(wanted: _Wanted) -> AbstractContextManager[Report]:
    """None where the rows themselves are seen."""
    if _to_terminal(wanted):
        return nullcontext(lambda _done, _total: None)
    return progress("Exporting", "rows", quiet=wanted["quiet"])


@contextmanager
def _destination(wanted: _Wanted) -> Iterator[BinaryIO]:
    output = wanted["output"]
    if output is not None and not _to_stdout(wanted):
        with replaced(output, wanted["database"]) as file:
            yield file
    elif _to_terminal(wanted):
        yield cast("BinaryIO", _Terminal())
    else:
        yield cast("BinaryIO", _Program())


class _Program(io.RawIOBase):
    """Another program, or a file of the shell's; it may leave before all is read."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        written = sys.stdout.buffer.write(data)
        stop_unread()
        return written


class _Terminal:
    """Texts for people's eyes: nothing in them moves the cursor."""

    def write(self, data: bytes) -> int:
        sys.stdout.write(plain_lines(data.decode()))
        return len(data)
