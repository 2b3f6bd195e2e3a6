"""One connection to the database file: transactions, and SQLite's errors in words."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import sqlite_utils

from watcher.errors import NotADatabase, StoreError
from watcher.store.records import Row
from watcher.store.sql.connection import Connection, Values
from watcher.store.sqlite.dialect import SQLITE

MEMORY = Path(":memory:")
LOCKED_SECONDS = 30.0
_CACHE_KIB = 8_000  # a daemon has two connections; scans are no quicker with more
_LEAST_FREE = 128 * 1024  # bytes of a disk that still takes SQLite's smallest files
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_ADVICE = {
    sqlite3.SQLITE_BUSY: "is locked by another program; end that program or wait for it",
    sqlite3.SQLITE_LOCKED: "is locked by another program; end that program or wait for it",
    sqlite3.SQLITE_FULL: "can't grow, the disk is full; free some space",
    sqlite3.SQLITE_READONLY: "can't be written; look at the rights on it and on its folder",
    sqlite3.SQLITE_CANTOPEN: "can't be opened; look at the rights on it and on its folder",
    sqlite3.SQLITE_IOERR: "can't be read or written, the disk reports an error (see dmesg)",
}


def explain(error: sqlite3.Error, path: Path) -> StoreError:
    """SQLite's error as one that says what is wrong with which file, and what to do."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _DAMAGED:
        return NotADatabase(
            f"{path}: damaged ({error}); stop watcher and put a copy made by `watcher db backup` "
            f"in its place by `watcher db restore FILE`, or save what can be read: sqlite3 "
            f'"{path}" .recover. What damages a file that was put there by hand: the {path}-wal '
            f"and {path}-shm that an earlier one left; `watcher db restore` moves them away",
            path,
        )
    advice = _ADVICE.get(code, f"failed: {error}")
    if code == sqlite3.SQLITE_IOERR and _is_full(path):  # as where shared memory finds no room
        advice = _ADVICE[sqlite3.SQLITE_FULL]
    elif code == sqlite3.SQLITE_CANTOPEN and _has_no_handle_left():
        advice = "can't be opened, this process has too many open files; allow it more (ulimit -n)"
    return StoreError(f"{path}: the database {advice}", path)


def _has_no_handle_left() -> bool:
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno in (errno.EMFILE, errno.ENFILE)
    return False


def _is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.resolve().parent).free < _LEAST_FREE
    except OSError:
        return False


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turns SQLite's errors of the outer world (not those of wrong SQL) into ``StoreError``."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise
    except sqlite3.DatabaseError as error:
        raise explain(error, path) from error


def connect(
    path: Path, timeout: float = LOCKED_SECONDS, *, readonly: bool = False
) -> sqlite3.Connection:
    """A bare connection in which only BEGIN begins a transaction. One that reads is opened for
    writing where it may: as the last one that leaves, SQLite takes the log's files away."""
    tidy = os.access(path, os.W_OK) and os.access(path.absolute().parent, os.W_OK)
    mode = ("rw" if tidy else "ro") if readonly else "rwc"
    conn = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=timeout, isolation_level=None
    )
    try:
        conn.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")  # the first to read the file
    except BaseException:
        conn.close()
        raise
    return conn


class SqliteConnection(Connection):
    """One SQLite connection, bound to the thread that opened it."""

    dialect = SQLITE

    def __init__(self, conn: sqlite3.Connection, path: Path) -> None:
        self.conn = conn
        self.path = self.place = path
        self.db = sqlite_utils.Database(conn, execute_plugins=False)

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """An IMMEDIATE transaction."""
        with explained(self.path):
            if self.conn.in_transaction:
                with self.db.atomic():
                    yield
                return
            self.conn.execute("BEGIN IMMEDIATE")
            try:
                yield
                self.conn.execute("COMMIT")
            except BaseException:
                # SQLite may have rolled back already; the first error is the one to hear of.
                with suppress(sqlite3.Error):
                    self.conn.rollback()
                raise

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with explained(self.path):
            self.conn.execute("BEGIN")
            try:
                yield
            finally:
                self.conn.rollback()

    def explained(self) -> AbstractContextManager[None]:
        return explained(self.path)

    def execute(self, sql: str, values: Values = ()) -> sqlite3.Cursor:
        with explained(self.path):
            return self.conn.execute(sql, values)

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        with explained(self.path):
            self.conn.executemany(sql, rows)

    def stream(self, sql: str, values: Values = ()) -> Iterator[Row]:
        return self.execute(sql, values)

    def rows(self, sql: str, values: Values = ()) -> list[Row]:
        with explained(self.path):
            return self.conn.execute(sql, values).fetchall()

    def one(self, sql: str, values: Values = ()) -> Row | None:
        with explained(self.path):
            row: Row | None = self.conn.execute(sql, values).fetchone()
        return row
