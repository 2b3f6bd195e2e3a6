"""Rows of a list as CSV, opened again, and for programs."""

from __future__ import annotations

import csv
import io

from tests.analysis.views.drawing import shelf_of, shown
from tests.fakes.listed import Shelf
from watcher.analysis.views.columns import ListColumns
from watcher.analysis.views.sheets import list_csv, rows_json
from watcher.store.ports import Store

NAMES = ("rank", "spu_avg_price", "total_sale_7d_cnt.change", "commission", "discount",
         "alerts.firing")  # fmt: skip


def test_csv_opened_again(store: Store) -> None:
    """Each value is there as it is shown, whatever is in a name, with either comma."""
    shelf, oracle = shelf_of(store, 8, 70)
    known = ListColumns(shelf.book.metrics, shelf.list)
    columns = [known[name] for name in NAMES]
    found = shown(shelf, f"cols={','.join(NAMES)}&sort=-spu_avg_price", every=True)
    assert len(found.rows) > 50
    for comma in (False, True):
        text = list_csv(found, columns, comma=comma).decode("utf-8-sig")
        lines = [*csv.DictReader(io.StringIO(text), delimiter=";" if comma else ",")]
        assert [line["product_id"] for line in lines] == [row.product_id for row in found.rows]
        for line in lines:
            key = line["product_id"]
            name = shelf.days[-1][key]["product_name"]
            if isinstance(name, str) and name[0] in "=@":
                assert line["name"] == f"'{name}"
            elif isinstance(name, str) and name.isprintable():
                assert line["name"] == name
            for column in NAMES:
                value = oracle.value(key, column)
                if isinstance(value, float):
                    read = float(line[column].replace(",", ".") if comma else line[column])
                    assert abs(read - value) < 1e-8, column
                else:
                    assert line[column] in {value or "", f"'{value}"}, column
            assert key in line["link"]


def test_nothing_in_a_sheet_is_reckoned(store: Store) -> None:
    """Of texts that others wrote, in whatever column."""
    shelf = Shelf(store)
    evil = ("=1+1", "+1", "-1", "@x", "\t=1", "\uff1d1", "  =1")
    shelf.scan(
        {
            str(number): {"product_name": text, "discount": text, "seller_id": text}
            for number, text in enumerate(evil)
        }
    )
    known = ListColumns(shelf.book.metrics, shelf.list)
    found = shown(shelf, "cols=discount", every=True)
    text = list_csv(found, [known["discount"]]).decode("utf-8-sig")
    lines = [*csv.reader(io.StringIO(text))][1:]
    assert len(lines) == len(evil)
    for line in lines:
        for cell in (line[2], line[3], line[5]):
            assert cell.startswith("'"), line


def test_for_programs(store: Store) -> None:
    """Values by column; null is no value."""
    shelf = Shelf(store)
    shelf.scan({"1": {"spu_avg_price": 2.5, "seller_id": "7"}, "2": {}})
    known = ListColumns(shelf.book.metrics, shelf.list)
    found = shown(shelf, "cols=spu_avg_price", every=True)
    first, second = rows_json(found, [known["spu_avg_price"]])
    assert first["values"] == {"spu_avg_price": 2.5}
    assert second["values"] == {"spu_avg_price": None}
    assert (first["seller_id"], second["seller_id"]) == ("7", None)
