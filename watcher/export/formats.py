"""Exports as CSV, JSON Lines (UTF-8 both) and Parquet, and the file that they are written to."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from watcher.errors import WatcherError
from watcher.export.table import Column, Convert, Export, Kind, Part, converted
from watcher.store.engine import OWNER_ONLY, is_ours
from watcher.store.places import Place, Server
from watcher.text.spreadsheets import BOM, csv_lines, no_formula
from watcher.units import format_iso

FORMATS = ("csv", "jsonl", "parquet")
ENDINGS = {**{name: name for name in FORMATS}, "ndjson": "jsonl", "json": "jsonl", "pq": "parquet"}
GROUP = 32_768  # rows of a Parquet row group: what is in memory at once
_BESIDE = ("-wal", "-shm", "-journal", ".lock", ".restoring")  # of a database

iso = lru_cache(maxsize=1024)(format_iso)  # a scan's rows all have its time


def write_csv(export: Export, file: BinaryIO, *, excel: bool = False, comma: bool = False) -> None:
    """A header, then a line for each row; no value is an empty cell. A text that a spreadsheet
    would take for a formula has an apostrophe before it. For ``excel``, or with a decimal
    ``comma``, a mark says that it is UTF-8; for ``excel`` ids are texts, for it would round them.
    """
    file.write(BOM if excel or comma else b"")
    file.write(csv_lines([[column.name for column in export.columns]], comma=comma))
    for part in export.read():
        shown = converted(part, export.columns, _EXCEL if excel else _CSV)
        file.write(csv_lines(zip(*shown, strict=True), comma=comma))


def write_json_lines(export: Export, file: BinaryIO) -> None:
    """An object for each row; no value is null."""
    names = [column.name for column in export.columns]
    encoder = msgspec.json.Encoder()
    for part in export.read():
        rows = zip(*converted(part, export.columns, _JSON), strict=True)
        file.write(encoder.encode_lines([dict(zip(names, row, strict=True)) for row in rows]))


def _quoted(text: str) -> str:
    """An id that stays as it is where a number of 19 digits would lose its last ones."""
    return f'="{text}"' if text.isascii() and text.isdecimal() else no_formula(text)


_CSV: dict[Kind, Convert] = {
    Kind.TIME: iso,
    Kind.BOOLEAN: int,
    Kind.TEXT: no_formula,
    Kind.DIGITS: no_formula,
}
_EXCEL = {**_CSV, Kind.DIGITS: _quoted}
_JSON: dict[Kind, Convert] = {Kind.TIME: iso, Kind.JSON: lambda text: msgspec.Raw(text.encode())}
_PARQUET: dict[Kind, Convert] = {Kind.TIME: lambda at: at * 1000, Kind.INTEGER: round}


def write_parquet(export: Export, file: BinaryIO) -> None:
    """Typed columns, compressed with Zstandard: times in milliseconds of UTC, counts as int64 (one
    with decimals is rounded), amounts and rates as doubles, texts by dictionary. Each column says
    its meaning and its unit. Raises ``WatcherError`` where pyarrow is missing."""
    pa, parquet = _pyarrow()
    schema = pa.schema([_field(pa, column) for column in export.columns])
    texts = [c.name for c in export.columns if c.kind in (Kind.TEXT, Kind.DIGITS, Kind.JSON)]
    with parquet.ParquetWriter(file, schema, compression="zstd", use_dictionary=texts) as writer:
        for group in _groups(_batch(pa, part, export.columns, schema) for part in export.read()):
            writer.write_table(pa.Table.from_batches(group), row_group_size=2 * GROUP)


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # noqa: PLC0415 - only where it is asked for
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError as error:
        raise WatcherError(
            "Parquet needs pyarrow: pip install pyarrow beside watcher (with pipx: pipx inject "
            "watcher pyarrow); CSV and JSON Lines need nothing"
        ) from error
    return pa, pq


def _batch(pa: Any, part: Part, columns: Sequence[Column], schema: Any) -> Any:
    typed = converted(part, columns, _PARQUET)
    arrays = [pa.array(each, field.type) for each, field in zip(typed, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _groups(batches: Iterable[Any]) -> Iterator[list[Any]]:
    """Batches together, as many as a row group is to have."""
    group: list[Any] = []
    for batch in batches:
        group.append(batch)
        if sum(each.num_rows for each in group) >= GROUP:
            yield group
            group = []
    if group:
        yield group


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


WRITERS: Mapping[str, Callable[[Export, BinaryIO], None]] = {
    "csv": write_csv,
    "jsonl": write_json_lines,
    "parquet": write_parquet,
}


@contextmanager
def replaced(target: Path, database: Place) -> Iterator[BinaryIO]:
    """A file to write to, which only at the end of the block takes the place of what was there.
    Only its owner may read it. What is no ordinary file (a pipe, a device) is written to directly.
    Raises ``WatcherError`` where that can't be; a database of watcher is not replaced."""
    try:
        # By the name that was given: what /dev/stdout leads to, a pipe, has no other.
        if target.exists() and not target.is_file() and not target.is_dir():
            with target.open("wb") as file:
                yield file
            return
        target = target.resolve()
        _refuse_to_replace(target, database)
        handle, name = tempfile.mkstemp(".part", f".{target.name}.", target.parent)
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.chmod(OWNER_ONLY)  # mkstemp's, but for an odd umask
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise WatcherError(f"{target}: can't be written: {error.strerror or error}") from error


def _refuse_to_replace(target: Path, database: Place) -> None:
    if target.is_dir():
        raise WatcherError(f"{target}: is a folder; name a file in it")
    if not target.parent.is_dir():
        raise WatcherError(f"{target}: the folder {target.parent} does not exist")
    if target.exists() and _is_database(target, database):
        raise WatcherError(f"{target}: is a database of watcher; name another file")


def _is_database(target: Path, database: Place) -> bool:
    if isinstance(database, Server):
        return is_ours(target)
    # This one first, by its name: to open and close it would drop this process's locks on it.
    beside = {f"{database.resolve()}{ending}" for ending in _BESIDE}
    return str(target) in beside or target.samefile(database) or is_ours(target)
