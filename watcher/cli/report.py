"""``watcher report``: a report of the rule file as it is now, and when each is told."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import tzinfo

import click

from watcher.analysis.reports.composing import compose
from watcher.analysis.reports.due import ReportStatus, moment_of, statuses
from watcher.cli import options
from watcher.cli.completion import report_names
from watcher.cli.lookup import chosen
from watcher.cli.output import Output, Printed, answer, as_json, console, prints
from watcher.delivery.report_tables import ReportRow, ReportTable, in_words
from watcher.language import Language, spoken
from watcher.model import Instant
from watcher.report import ReportContent
from watcher.text.report_csv import report_csv
from watcher.text.reports import report_title
from watcher.text.sanitize import plain
from watcher.units import format_ago, format_instant, format_since


class PrintedReports(Printed, frozen=True, kw_only=True):
    """All reports of the rules, and when each is told."""

    reports: Sequence[ReportStatus]


class PrintedReport(Printed, frozen=True, kw_only=True):
    """A report as it is now."""

    title: str
    report: ReportContent


@click.command()
@click.argument("name", required=False, shell_complete=report_names)
@click.option("--csv", "as_csv", is_flag=True, help="All rows as CSV, for a spreadsheet.")
@options.decimal
@click.option(
    "--language", type=click.Choice([each.value for each in Language]), default="en",
    help="The report's language.",
)  # fmt: skip
@options.files
@as_json
@prints(PrintedReports, PrintedReport)
def command(
    files: options.Files, name: str | None, decimal: str, language: str, *, as_csv: bool
) -> None:
    """Print the report NAME as it is now; without NAME, when each is told.

    Nothing is sent, and the report is told at its time all the same.

    \b
      watcher report
      watcher report monday
      watcher report monday --csv > monday.csv
    """
    if decimal == "comma" and not as_csv:
        raise click.UsageError("--decimal goes with --csv")
    book, now = files.book, files.now
    if name is None:
        if as_csv:
            raise click.UsageError("--csv needs the name of a report")
        with files.open() as opened:
            found = statuses(opened, book, now)
        answer(PrintedReports(reports=found), lambda: _list(found, now, book.zone))
        return
    asked = chosen("report", name, book.reports)
    with files.open() as opened, opened.snapshot():
        report = compose(opened, book, asked, moment_of(opened, asked, now), whole=as_csv)
    if as_csv:
        sys.stdout.buffer.write(report_csv(report, comma=decimal == "comma"))
        sys.stdout.flush()
        return
    with spoken(Language(language)):
        shown = PrintedReport(title=report_title(report), report=report)
        answer(shown, lambda: _show(report, book.zone))


def _list(found: Sequence[ReportStatus], now: Instant, zone: tzinfo) -> None:
    if not found:
        console().say("There are no reports: write one under reports: in the rule file.")
        return
    rows = [
        (
            each.name, ", ".join(each.watches), each.at, _time(each.next, now, zone),
            format_since(each.told, now) if each.told is not None else "never",
            ", ".join(each.notify) or "nobody",
        )
        for each in found
    ]  # fmt: skip
    columns = ("Report", "Lists", "When", "Next", "Last told", "Tells")
    console().table(columns, rows, names=("Report",), texts=("Lists", "When", "Next", "Tells"))
    for line in skipped_lines(found, zone):
        console().say(f"\n{line}", "yellow")


def skipped_lines(found: Sequence[ReportStatus], zone: tzinfo) -> list[str]:
    """A line for each report that was too late the last time."""
    return [
        f"{each.name}: skipped at {format_instant(each.skipped, zone)}, for nobody could tell it "
        "within 12 h"
        for each in found
        if each.skipped is not None and each.skipped > (each.told or 0)
    ]


def _time(instant: Instant, now: Instant, zone: tzinfo) -> str:
    return f"{format_instant(instant, zone)} ({format_ago(instant, now)})"


def _show(report: ReportContent, zone: tzinfo) -> None:
    out, words = console(), in_words(report, zone)
    out.say(f"{report_title(report)}\n", "bold")
    for line in words.lead:
        out.say(line)
    for table in words.tables:
        _show_table(out, table)


def _show_table(out: Output, table: ReportTable) -> None:
    out.say(f"\n{table.heading}", "bold")
    if not table.rows:
        out.say(table.empty)
        return
    first, *others = table.heads
    numbers = () if table.part == "alerts" else tuple(others)
    texts = tuple(others) if table.part == "alerts" else ()
    rows = [((_name(row), row.note) if row.note else _name(row), *row.cells) for row in table.rows]
    out.table(table.heads, rows, names=(first,), numbers=numbers, texts=texts)
    if table.more:
        out.say(table.more)


def _name(row: ReportRow) -> str:
    return plain(row.name)
