"""Exports as CSV and as JSON Lines, in UTF-8."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from typing import BinaryIO

import msgspec

from watcher.export.table import Column, Export, Kind
from watcher.units import format_iso

# A spreadsheet would reckon what begins so, or run it; the apostrophe tells it not to.
_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
_BOM = b"\xef\xbb\xbf"

iso = lru_cache(maxsize=1024)(format_iso)  # a scan's rows all have its time


def write_csv(export: Export, file: BinaryIO, *, excel: bool = False) -> None:
    """A header, then a line for each row; no value is an empty cell.

    A text that a spreadsheet would take for a formula has an apostrophe before it: names come
    from outside. With ``excel``, a mark by which Excel sees that it is UTF-8, and ids as texts,
    for it would round them.
    """
    file.write((_BOM if excel else b"") + csv_lines([[column.name for column in export.columns]]))
    for part in export.read():
        shown = map(partial(_shown, excel=excel), export.columns, part)
        file.write(csv_lines(zip(*shown, strict=True)))


def csv_lines(rows: Iterable[Iterable[object]]) -> bytes:
    """Rows as lines; what needs quotes has them."""
    page = io.StringIO(newline="")
    csv.writer(page, lineterminator="\n").writerows(rows)
    return page.getvalue().encode()


def write_json_lines(export: Export, file: BinaryIO) -> None:
    """An object for each row; no value is null."""
    names = [column.name for column in export.columns]
    encoder = msgspec.json.Encoder()
    for part in export.read():
        rows = zip(*map(_value, export.columns, part), strict=True)
        file.write(encoder.encode_lines([dict(zip(names, row, strict=True)) for row in rows]))


def _shown(column: Column, values: Sequence[object], *, excel: bool) -> Sequence[object]:
    match column.kind:
        case Kind.TIME:
            return _times(values)
        case Kind.BOOLEAN:
            return [None if value is None else int(bool(value)) for value in values]
        case Kind.DIGITS if excel:
            return [_quoted(value) for value in values]
        case Kind.TEXT | Kind.DIGITS:
            return [_harmless(value) for value in values]
        case _:
            return values


def _value(column: Column, values: Sequence[object]) -> Sequence[object]:
    if column.kind is Kind.TIME:
        return _times(values)
    if column.kind is Kind.JSON:
        return [None if value is None else msgspec.Raw(str(value).encode()) for value in values]
    return values


def _times(values: Sequence[object]) -> list[str | None]:
    return [iso(value) if isinstance(value, int) else None for value in values]


def _harmless(value: object) -> object:
    if isinstance(value, str) and value.lstrip().startswith(_FORMULA):
        return f"'{value}"
    return value


def _quoted(value: object) -> object:
    """An id that stays as it is where a number of 19 digits would lose its last ones."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return f'="{value}"'
    return _harmless(value)
