"""A copy from one file to another: what holds for any two places."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest

from tests.store.making import DAY, START, TABLES, scan
from watcher.errors import DatabaseHeld, NotADatabase, StoreError
from watcher.fields import NUMERIC_NAMES
from watcher.store.columns import encode
from watcher.store.copying import canonical
from watcher.store.copying.between import copy_store
from watcher.store.copying.canonical import ObservationRows
from watcher.store.copying.copier import Copier
from watcher.store.sqlite.copy_end import SqliteEnd, cells
from watcher.store.sqlite.database import Database
from watcher.store.sqlite.locking import hold

NOW = START + 400 * DAY


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few rows are many batches."""
    for module in ("watcher.store.copying.canonical", "watcher.store.sqlite.copy_end"):
        monkeypatch.setattr(f"{module}.BATCH_ROWS", 7)


def dump(path: Path) -> list[str]:
    """All that a file has, but for what belongs to it as a file."""
    with closing(sqlite3.connect(path)) as conn:
        lines = sorted(line for line in conn.iterdump() if "_sqlite_migrations" not in line)
    return [line for line in lines if "sqlite_stat" not in line]


def test_all_of_it_is_the_same(tmp_path: Path, source: Path) -> None:
    """Rows, schema, and the ids that are never given again."""
    found = copy_store(source, tmp_path / "copy.db", NOW)
    assert dump(tmp_path / "copy.db") == dump(source)
    counted = {each.table: each.rows for each in found}
    assert counted["products"] == 60
    assert counted["observations"] > 100
    assert not list(tmp_path.glob("*.copying*"))


def test_every_table_is_tried(tmp_path: Path, source: Path) -> None:
    """What is copied has rows in each table; the list by which tests empty a store is whole."""
    found = copy_store(source, tmp_path / "copy.db", NOW)
    assert {each.table for each in found} == set(TABLES)
    # Of a nine days' run without silence, doubt or jump.
    assert {each.table for each in found if not each.rows} <= {"held", "doubts", "jumps"}


@pytest.mark.usefixtures("small_batches")
def test_who_was_killed_goes_on(tmp_path: Path, source: Path) -> None:
    """Ended at each of its batches in turn, and in the end there is what there would have been."""
    target, said = tmp_path / "copy.db", list[str]()
    turns = 0
    for turns in range(1, 1_000):
        limit = 3 if turns % 2 else 11
        calls = iter(range(limit))

        def progress(_done: int, _total: int, calls: Iterator[int] = calls) -> None:
            if next(calls, None) is None:
                raise Killed

        with suppress(Killed):
            copy_store(source, target, NOW, progress, said.append)
        if turns == 3:
            assert not target.stat().st_size  # nobody takes half a copy for a store
        if turns > 60:
            copy_store(source, target, NOW, say=said.append)
            break
    assert dump(target) == dump(source)
    assert said.count(f"{target}: going on with a copy that was cut off.") == turns
    assert not any("begun anew" in each for each in said)


def cut_off(source: Path, target: Path, batches: int) -> None:
    """A copy that was killed after so many batches."""
    calls = iter(range(batches))

    def progress(_done: int, _total: int) -> None:
        if next(calls, None) is None:
            raise Killed

    with pytest.raises(Killed):
        copy_store(source, target, NOW, progress)


@pytest.mark.usefixtures("small_batches")
def test_a_source_that_grew_is_caught_up(tmp_path: Path, source: Path) -> None:
    """Its rows of then are the same: those that came since are copied, too."""
    target, said = tmp_path / "copy.db", list[str]()
    cut_off(source, target, 60)
    with Database.open(source) as database:
        database.health.failing("watch", "zzz", "late", NOW)
    copy_store(source, target, NOW, say=said.append)
    assert dump(target) == dump(source)
    assert said == [f"{target}: going on with a copy that was cut off."]


@pytest.mark.usefixtures("small_batches")
def test_a_source_that_changed_is_begun_anew(tmp_path: Path, source: Path) -> None:
    """And that is said."""
    target, said = tmp_path / "copy.db", list[str]()
    cut_off(source, target, 60)
    with Database.open(source) as database:
        database.execute("UPDATE alerts SET last_met = last_met + 1 WHERE id = 1")
    copy_store(source, target, NOW, say=said.append)
    assert dump(target) == dump(source)
    assert said[1:] == [f"{source}: its alerts changed since the copy began; begun anew."]


def test_a_store_with_something_in_it_is_left_alone(tmp_path: Path, source: Path) -> None:
    """Whatever it is."""
    other = tmp_path / "other.db"
    with Database.open(other) as database:
        database.ledger.charge("w", 1, NOW)
    before = other.read_bytes()
    with pytest.raises(StoreError, match=r"other\.db: has credits already; copy to a new file"):
        copy_store(source, other, NOW)
    assert other.read_bytes() == before
    (tmp_path / "letter.txt").write_text("Dear Ann,")
    with pytest.raises(NotADatabase):
        copy_store(source, tmp_path / "letter.txt", NOW)
    assert (tmp_path / "letter.txt").read_text() == "Dear Ann,"
    with pytest.raises(StoreError, match="is what is to be copied"):
        copy_store(source, source, NOW)
    with pytest.raises(StoreError, match="no such database"):
        copy_store(tmp_path / "none.db", tmp_path / "new.db", NOW)
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("to_the_source", [True, False])
@pytest.mark.parametrize(
    ("change", "what"),
    [("ALTER TABLE alerts ADD COLUMN more TEXT", "alerts.more"),
     ("CREATE TABLE more (id INTEGER PRIMARY KEY)", "more.id")],
)  # fmt: skip
def test_stores_of_two_versions(source: Path, change: str, what: str, to_the_source: bool) -> None:
    """Whichever has more: nothing is copied, or something would be left behind."""
    with Database.open(source) as old, Database.in_memory() as new:
        (old if to_the_source else new).execute(change)
        with pytest.raises(StoreError, match=rf"differ in {what}: .*nothing was copied"):
            Copier(SqliteEnd(old), SqliteEnd(new)).run()
        assert not new.has("SELECT 1 FROM products")


def test_a_store_that_was_filled_minds_its_keys(source: Path) -> None:
    """As any other: a scratch is worked on after its copy."""
    with Database.open(source) as old, Database.in_memory() as new:
        Copier(SqliteEnd(old), SqliteEnd(new)).run()
        for each in (old, new):
            assert each.number("PRAGMA foreign_keys") == 1


def test_an_unused_store_is_filled(tmp_path: Path, source: Path) -> None:
    """A daemon may have made it, and told nothing."""
    Database.open(tmp_path / "unused.db").close()
    copy_store(source, tmp_path / "unused.db", NOW)
    assert dump(tmp_path / "unused.db") == dump(source)


def test_neither_may_have_a_daemon(tmp_path: Path, source: Path) -> None:
    """What it tells after the copy would be told twice."""
    target = tmp_path / "copy.db"
    for held in (source, target):
        with hold(held), pytest.raises(DatabaseHeld):
            copy_store(source, target, NOW)
    assert not target.stat().st_size


def test_a_copy_that_differs_is_removed(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said in what, and nothing is left that a daemon would go on with."""

    def wrong(batch: ObservationRows) -> list[list[object]]:
        rows = cells(batch)
        rows[-1][5] = 1e9
        return rows

    monkeypatch.setattr("watcher.store.sqlite.copy_end.cells", wrong)
    target = tmp_path / "copy.db"
    with pytest.raises(StoreError, match=r"is not what .* is: observations \(\d+ rows, checksum"):
        copy_store(source, target, NOW)
    assert not target.stat().st_size


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("how", ["no database", "damaged"])
def test_what_a_power_cut_left_is_not_gone_on_with(tmp_path: Path, source: Path, how: str) -> None:
    """A part whose pages never came to the disk, or only some of them."""
    target, part = tmp_path / "copy.db", tmp_path / "copy.db.copying"
    cut_off(source, target, 60)
    data = bytearray(part.read_bytes())
    data[: 4096 if how == "no database" else 0] = bytes(4096 if how == "no database" else 0)
    for page in range(10, len(data) // 4096, 2):
        data[page * 4096 : page * 4096 + 4096] = bytes(4096)
    part.write_bytes(data)
    with suppress(StoreError):
        copy_store(source, target, NOW)
    if not target.stat().st_size:
        copy_store(source, target, NOW)
    assert dump(target) == dump(source)


def test_an_older_source_is_migrated(tmp_path: Path) -> None:
    """And kept as it was."""
    from watcher.store.sqlite import migrations

    old = tmp_path / "old.db"
    with Database(sqlite3.connect(old, isolation_level=None), old) as database, database.atomic():
        migrations.migrations.apply(database.db, stop_before="m009_former_texts")
    copy_store(old, tmp_path / "new.db", NOW)
    assert (tmp_path / "old.db.before-m009_former_texts").exists()
    with Database.open(tmp_path / "new.db", readonly=True) as copy:
        assert not migrations.pending(copy.db)


def test_checksums_know_no_order_but_columns() -> None:
    """Rows may come in any order; a value in another column, or none for 0, is another row."""
    numbers = np.full((3, len(NUMERIC_NAMES)), np.nan)
    numbers[:, 4] = [1, 2, 3]
    heads = np.array([[1, 1, START], [2, 2, START], [3, 1, START + 1]])
    one = ObservationRows(heads, numbers).total
    assert ObservationRows(heads[::-1], numbers[::-1]).total == one
    assert (
        ObservationRows(heads[:1], numbers[:1]).total
        + ObservationRows(heads[1:], numbers[1:]).total
        == one
    )
    moved = numbers[:, [*range(3), 4, 3, *range(5, numbers.shape[1])]]
    zeros = np.nan_to_num(numbers)
    for other in (moved, zeros, numbers[[1, 0, 2]], -numbers):
        assert ObservationRows(heads, other).total != one
    assert ObservationRows(heads, np.where(np.isnan(numbers), -np.nan, numbers)).total == one
    assert (
        ObservationRows(heads, zeros).total
        == ObservationRows(heads, np.where(zeros, zeros, -0.0)).total
    )


def test_amounts_come_back_as_they_were() -> None:
    """Whole hundredths to units and back, for any amount there is."""
    random = np.random.default_rng(1)
    money = [place for place, name in enumerate(NUMERIC_NAMES) if name.endswith("_amt")]
    stored = random.integers(0, 10 ** random.integers(1, 15, (500, len(money))))
    numbers = np.full((500, len(NUMERIC_NAMES)), np.nan)
    numbers[:, money] = stored / 100
    heads = np.ones((500, 3), np.int64)
    for made in (encode(numbers), [row[3:] for row in cells(ObservationRows(heads, numbers))]):
        assert [[row[place] for place in money] for row in made] == stored.tolist()


def test_a_large_row_is_a_batch_of_its_own() -> None:
    """Of lists of a million products only some are in memory."""
    rows = [("a", b"x" * 3_000_000)] * 5
    assert [len(batch.values) for batch in canonical.batched(rows)] == [2, 2, 1]


def test_files_stay_as_they_are_for_a_reader(source: Path) -> None:
    """Whoever reads the end's tables sees those of the book, each with its key."""
    with Database.open(source, readonly=True) as database:
        tables = SqliteEnd(database).tables()
    assert "_sqlite_migrations" not in tables
    assert tables["told"].key == ("rule", "product", "channel")
    assert all(each.key for each in tables.values())
    assert scan(START, {"1": 1.0}).at == START
