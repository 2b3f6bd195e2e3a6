"""The rows of a list as CSV for a spreadsheet, and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from watcher.analysis.views.columns import ListColumn
from watcher.analysis.views.listing import ListRow, ShownList
from watcher.attributes import shown
from watcher.identity import product_page
from watcher.text.sanitize import plain
from watcher.text.spreadsheets import BOM, csv_lines, no_formula

_HEAD = ("region", "product_id", "name", "seller_id", "currency")
_END = ("rules", "link")


def list_csv(found: ShownList, columns: Sequence[ListColumn], *, comma: bool = False) -> bytes:
    """A header with the columns' names, then a line for each row; an empty cell is no value, and a
    fraction is one: 0.1 of 10%. ``comma`` is a decimal one. It begins with a mark that says it is
    UTF-8."""
    head = (*_HEAD, *(column.name for column in columns), *_END)
    lines = (_line(row, columns) for row in found.rows)
    return BOM + csv_lines(chain([head], lines), comma=comma)


def _line(row: ListRow, columns: Sequence[ListColumn]) -> list[object]:
    texts = (row.region, row.product_id, row.name, row.seller_id, row.currency or "")
    values = zip(columns, row.cells, strict=True)
    return [
        *(no_formula(plain(text)) for text in texts),
        *["" if cell.value is None else _value(column, cell.value) for column, cell in values],
        no_formula(plain(" ".join(row.rules))),
        product_page(row.product_id),
    ]


def _value(column: ListColumn, value: float | str) -> object:
    if isinstance(value, str):
        return no_formula(plain(shown(column.name, value)))
    return int(value) if value.is_integer() else round(value, 9)


def rows_json(found: ShownList, columns: Sequence[ListColumn]) -> list[dict[str, object]]:
    """The rows for programs: ``values`` by column, null is no value."""
    names = [column.name for column in columns]
    return [
        {
            "region": row.region,
            "product_id": row.product_id,
            "name": row.name,
            "seller_id": row.seller_id or None,
            "currency": row.currency,
            "values": dict(zip(names, (cell.value for cell in row.cells), strict=True)),
            "rules": row.rules,
            "first_listed": row.fresh,
            "listed_again": row.back,
        }
        for row in found.rows
    ]
