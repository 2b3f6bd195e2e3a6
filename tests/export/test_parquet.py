"""Parquet files, read back by the library that reads most of them."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.store.making import DAY, GMV, SALES, START, memory, scan
from watcher.export import formats, history
from watcher.export.formats import write_parquet
from watcher.export.table import Column, Export, Kind, Part
from watcher.store.sql.extracts import Choice
from watcher.store.sqlite.database import Database

pq: Any = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed: make .venv/.dev")


def written(table: Export) -> Any:
    """The table as it is read back."""
    file = io.BytesIO()
    write_parquet(table, file)
    return pq.ParquetFile(io.BytesIO(file.getvalue()))


def test_columns_have_types_and_say_what_they_are() -> None:
    """Times of UTC, counts as whole numbers, amounts as doubles, null for absent."""
    with memory() as database:
        database.history.record(scan(START, {"7": {SALES: 3, GMV: 12.99}}, names={"7": "=Täa"}))
        table = history.observations(database, Choice(), history.fields(), {"w": "best"})
        read = written(table).read()
    types = {field.name: str(field.type) for field in read.schema}
    assert types["at"] == "timestamp[ms, tz=UTC]"
    assert (types[SALES], types[GMV], types["product_id"]) == ("int64", "double", "string")
    (row,) = read.to_pylist()
    assert int(row["at"].timestamp()) == START
    assert (row[SALES], row[GMV], row["watch"], row["rank"]) == (3, 12.99, "best", 1)
    assert (row["product_name"], row["total_views_7d_cnt"]) == ("=Täa", None)
    about = read.schema.field(GMV).metadata
    assert about == {b"unit": b"gmv", b"description": b"value of the units sold, last 7 days"}


def test_rows_come_in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that neither the writer nor a reader needs room for all; texts by dictionary."""
    monkeypatch.setattr(formats, "GROUP", 100)

    def parts() -> Iterator[Part]:
        for start in range(0, 250, 50):
            yield [list(range(start, start + 50)), ["same"] * 50, [True] * 50, [2.5] * 50]

    columns = (
        Column("number", Kind.INTEGER), Column("text", Kind.TEXT), Column("flag", Kind.BOOLEAN),
        Column("count", Kind.INTEGER),
    )  # fmt: skip
    file = written(Export(columns, 250, parts()))
    assert [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)] == [
        100, 100, 50,
    ]  # fmt: skip
    assert "RLE_DICTIONARY" in file.metadata.row_group(0).column(1).encodings
    assert file.read().column("number").to_pylist() == list(range(250))
    assert file.read().column("count").to_pylist()[0] == 2  # half to even


@pytest.mark.parametrize("what", ["alerts", "transitions", "scans"])
def test_an_empty_table_has_its_columns(what: str) -> None:
    """And no row."""
    with memory() as database:
        tables = {
            "alerts": history.alerts(database, Choice(), {}),
            "transitions": history.transitions(database, Choice()),
            "scans": history.scans(database, Choice(), {}),
        }
        read = written(tables[what]).read()
    assert read.num_rows == 0
    assert len(read.schema) == len(tables[what].columns)


def test_through_a_pipe(tmp_path: Path) -> None:
    """Which can't seek, and which a reader may leave: no traceback then."""
    with Database.open(tmp_path / "watcher.db") as database:
        for day in range(3):
            database.history.record(scan(START + day * DAY, {"7": day}))
    command = [sys.executable, "-m", "watcher", "export", "--format", "parquet"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    assert pq.read_table(io.BytesIO(done.stdout)).num_rows == 3
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.wait(60) == 0
        assert process.stderr.read() == b""
