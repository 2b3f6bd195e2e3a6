"""Exports as CSV, as JSON Lines (UTF-8 both) and as Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any, BinaryIO

import msgspec

from watcher.errors import WatcherError
from watcher.export.table import Column, Export, Kind, Part
from watcher.units import format_iso

FORMATS = ("csv", "jsonl", "parquet")
ENDINGS = {**{name: name for name in FORMATS}, "ndjson": "jsonl", "json": "jsonl", "pq": "parquet"}
GROUP = 32_768  # rows of a Parquet row group: what is in memory at once
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


def write_parquet(export: Export, file: BinaryIO) -> None:
    """Typed columns, compressed with Zstandard: times in milliseconds of UTC, counts as int64
    (one with decimals is rounded), amounts and rates as doubles, texts by dictionary.

    Each column says its meaning and its unit. Raises ``WatcherError`` where pyarrow is missing.
    """
    pa, pq = _pyarrow()
    schema = pa.schema([_field(pa, column) for column in export.columns])
    texts = [c.name for c in export.columns if c.kind in (Kind.TEXT, Kind.DIGITS, Kind.JSON)]
    with pq.ParquetWriter(file, schema, compression="zstd", use_dictionary=texts) as writer:
        batches: list[Any] = []
        for part in export.read():
            batches.append(_batch(pa, schema, export.columns, part))
            if sum(batch.num_rows for batch in batches) >= GROUP:
                writer.write_table(pa.Table.from_batches(batches), row_group_size=2 * GROUP)
                batches.clear()
        if batches:
            writer.write_table(pa.Table.from_batches(batches), row_group_size=2 * GROUP)


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow  # noqa: PLC0415 - only where it is asked for
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError as error:
        raise WatcherError(
            "Parquet needs pyarrow, which is not installed: pip install pyarrow beside watcher "
            "(with pipx: pipx inject watcher pyarrow); CSV and JSON Lines need nothing"
        ) from error
    return pyarrow, pyarrow.parquet


def _field(pa: Any, column: Column) -> Any:
    types = {
        Kind.TIME: pa.timestamp("ms", "UTC"),
        Kind.INTEGER: pa.int64(),
        Kind.NUMBER: pa.float64(),
        Kind.BOOLEAN: pa.bool_(),
    }
    notes = {"description": column.meaning, "unit": column.unit}
    known = {name: text for name, text in notes.items() if text}
    return pa.field(column.name, types.get(column.kind, pa.string()), metadata=known)


def _batch(pa: Any, schema: Any, columns: Sequence[Column], part: Part) -> Any:
    arrays = [
        pa.array(_typed(column, values), field.type)
        for column, values, field in zip(columns, part, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _typed(column: Column, values: Sequence[object]) -> Sequence[object]:
    if column.kind is Kind.TIME:
        return [value * 1000 if isinstance(value, int) else None for value in values]
    if column.kind is Kind.INTEGER:
        return [round(value) if isinstance(value, float) else value for value in values]
    return values


WRITERS: Mapping[str, Callable[[Export, BinaryIO], None]] = {
    "csv": write_csv,
    "excel": partial(write_csv, excel=True),
    "jsonl": write_json_lines,
    "parquet": write_parquet,
}
