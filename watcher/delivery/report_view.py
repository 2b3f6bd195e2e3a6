"""A report as a message of rows, so that it is laid out and cut as every other one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import tzinfo

from watcher.delivery.report_tables import ReportTable, in_words
from watcher.delivery.view import Heading, Product, View
from watcher.language import gettext as _
from watcher.language import language
from watcher.report import ReportContent
from watcher.text.sanitize import TEXT_LENGTH, neutralise_lines
from watcher.text.titles import ROWS
from watcher.units import format_instant


def view_of_report(report: ReportContent, title: str, zone: tzinfo) -> View:
    """The report in words; a row of a part stands for a product."""
    words = in_words(report, zone)
    at = report.data_at
    empty = (table.none for table in words.tables if not table.rows)
    return View(
        title=title,
        text=neutralise_lines("\n".join((*words.lead, *empty)), TEXT_LENGTH),
        products=tuple(_rows(words.tables)),
        rest=sum(table.all - len(table.rows) for table in words.tables if table.rows),
        names=(),
        data=_("Data of {time}").format(time=format_instant(at, zone)) if at is not None else "",
        kind=ROWS,
        language=language(),
        parted=True,
    )


def tables_of(report: ReportContent, zone: tzinfo, shown: View) -> list[ReportTable]:
    """The tables with the rows that a view shows: each of its products is one."""
    left = deque(shown.products)
    found = list[ReportTable]()
    for table in in_words(report, zone).tables:
        count = 0
        while left and count < len(table.rows) and left[0].number == count + 1:
            left.popleft()
            count += 1
        found.append(table.first(count))
    return found


def _rows(tables: Sequence[ReportTable]) -> Iterator[Product]:
    for table in tables:
        for number, row in enumerate(table.rows, start=1):
            heading = Heading(table.heading, table.heading, "", "") if number == 1 else None
            yield Product(
                number=number,
                alert="",
                name=row.name,
                link=row.link,
                notes=(),
                why=(row.line,),
                facts=(row.note,) if row.note else (),
                heading=heading,
                key=row.key,
            )
