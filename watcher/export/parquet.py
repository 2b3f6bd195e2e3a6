"""Exports as Parquet, with pyarrow: an extra, for it is larger than all the rest together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

from watcher.errors import WatcherError
from watcher.export.table import Column, Export, Kind, Part

GROUP = 32_768  # rows of a row group: what is in memory at once


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
