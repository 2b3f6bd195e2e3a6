"""A report's rows as CSV for a spreadsheet: numbers as they are, texts that nothing reckons."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TypeAlias

from watcher.fields import PRICE
from watcher.identity import product_page
from watcher.report import ReportContent, ReportedProduct
from watcher.text.sanitize import plain
from watcher.text.spreadsheets import BOM, csv_lines, no_formula
from watcher.units import format_iso

HEAD = (
    "part", "list", "region", "product_id", "name", "seller_id", "metric", "before", "now",
    "change", "change_percent", "currency", "products", "rule", "became", "ended", "link",
)  # fmt: skip

_Cell: TypeAlias = str | float | int | None


def report_csv(report: ReportContent, *, comma: bool = False) -> bytes:
    """A header, then a line for each row of each part; an empty cell is no value. It begins with a
    mark that says it is UTF-8. Of an id of 19 digits a spreadsheet shows the first 15: the link has
    them all. ``comma`` is a decimal one."""
    return BOM + csv_lines(chain([HEAD], map(_cells, _rows(report))), comma=comma)


def _cells(row: dict[str, _Cell]) -> Iterable[object]:
    for name in HEAD:
        value = row.get(name)
        if isinstance(value, str):
            yield no_formula(plain(value))
        else:
            yield "" if value is None else _number(value)


def _number(value: float) -> float | int:
    rounded = round(value, 6)
    return int(rounded) if rounded == int(rounded) else rounded


def _rows(report: ReportContent) -> Iterator[dict[str, _Cell]]:
    parts: dict[str, tuple[tuple[ReportedProduct, ...], str]] = {
        "movers": (report.movers, report.metric),
        "entered": (report.entered, report.metric),
        "left": (report.left, report.metric),
        "prices": (report.prices, PRICE),
    }
    only = report.lists[0].name if len(report.lists) == 1 else ""
    for part in report.parts:
        if part in parts:
            rows, metric = parts[part]
            yield from (_product(part, each, metric, report, only) for each in rows)
        elif part == "sellers":
            for seller in report.sellers:
                change = _change(seller.now, seller.before if seller.both else None)
                yield {
                    "part": part, "list": only, "region": seller.region, "name": seller.name,
                    "seller_id": seller.seller, "metric": report.sum_metric, "now": seller.value,
                    "currency": seller.currency, "products": seller.size, **change,
                }  # fmt: skip
        else:
            for alert in report.alerts:
                yield {
                    "part": part, "region": alert.region, "product_id": alert.product_id,
                    "name": alert.name, "metric": alert.metric, "before": alert.told,
                    "now": alert.now, "rule": alert.rule, "became": alert.fate.value,
                    "ended": format_iso(alert.ended) if alert.ended is not None else None,
                    **_change(alert.now, alert.told),
                }  # fmt: skip


def _product(
    part: str, each: ReportedProduct, metric: str, report: ReportContent, only: str
) -> dict[str, _Cell]:
    amount = metric == PRICE or report.unit == "money"
    currency = each.currency if amount else report.gmv_currency if report.unit == "gmv" else None
    left = part == "left"  # its value is that of then
    now, before = (None, each.value) if left else (each.value, each.before)
    return {
        "part": part, "list": each.list or only, "region": each.region,
        "product_id": each.product_id, "name": each.name, "seller_id": each.seller,
        "metric": metric, "before": before, "now": now, "currency": currency,
        "link": product_page(each.product_id), **_change(now, before),
    }  # fmt: skip


def _change(now: float | None, before: float | None) -> dict[str, _Cell]:
    if now is None or before is None:
        return {}
    percent = (now / before - 1) * 100 if before > 0 else None
    return {"change": now - before, "change_percent": percent}
