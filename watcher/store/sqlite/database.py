"""The store's file: opened, refused or migrated, with a face for each purpose."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Self

from watcher.errors import NewerDatabase, NotADatabase, NotReady, StoreError
from watcher.store import engine_faces, ports
from watcher.store.faces import Faces
from watcher.store.memory.past_scans import Extent, PastScans
from watcher.store.sql.times import StoredTimes
from watcher.store.sqlite import migrations, rights
from watcher.store.sqlite.connection import (
    LOCKED_SECONDS,
    MEMORY,
    SqliteConnection,
    connect,
    explained,
)
from watcher.store.sqlite.early_migrations import APPLICATION_ID
from watcher.store.sqlite.locking import hold, refuse_other_name
from watcher.store.sqlite.pruning import SqlitePruner
from watcher.store.sqlite.swapping import beside, refuse_unfinished
from watcher.store.sqlite.upkeep import SqliteUpkeep

__all__ = ["Database", "hold"]

# A small file is looked through before it is used; a large one would delay the start too much.
_CHECKED_BYTES = 32 * 1024 * 1024
_LOG_BYTES = 64 * 1024 * 1024


@cache
def _new() -> bytes:
    """The pages of an empty database: all migrations take longer than most replays do."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as conn:
        with (database := Database(conn, MEMORY)).atomic():
            migrations.prepare(database.db)
        return conn.serialize()


class Database(SqliteConnection, Faces):
    """One connection with its faces; belongs to the thread that opened it."""

    def __init__(self, conn: sqlite3.Connection, path: Path) -> None:
        SqliteConnection.__init__(self, conn, path)
        self._files: list[tuple[int, int]] = []
        self._log = beside(path.resolve(), "-wal")
        Faces.__init__(self, self)
        self.times: engine_faces.Times = StoredTimes(self)
        self.pruner: engine_faces.Pruner = SqlitePruner(self)
        self.upkeep: engine_faces.Upkeep = SqliteUpkeep(self)
        self._lender: ports.Store | None = None
        self._damage: NotADatabase | None = None

    @classmethod
    def open(
        cls,
        path: Path | str,
        *,
        readonly: bool = False,
        create: bool = True,
        timeout: float = LOCKED_SECONDS,
        older: bool = False,
    ) -> Self:
        """The database at ``path``, made or migrated where that is due (not if ``readonly``: then
        it may be an ``older`` version's, if that is said).
        ``timeout`` is how many seconds a statement waits for another program's lock. Raises
        ``NotADatabase``, ``NewerDatabase``, ``DatabaseHeld`` where a daemon has it by another name
        (a hard link), or ``StoreError`` for what else keeps it shut."""
        path = Path(path)
        refuse_unfinished(path)
        refuse_other_name(path)
        _refuse_what_is_no_database(path, create=create and not readonly)
        # SQLite gives ``-wal`` and ``-shm`` the rights and the owner that the database has.
        with suppress(OSError):  # SQLite will say it in its own words
            rights.make(path.resolve())
        rights.narrow(path)
        with explained(path):
            database = cls(_connect(path, timeout, readonly=readonly), path)
            try:
                database._make_ready(readonly=readonly, older=older)
            except BaseException:
                database.close()
                raise
        return database

    @classmethod
    def in_memory(cls, *, foreign: bool = False) -> Self:
        """A new database that lives as long as the object; for tests and replays. ``foreign``:
        its alerts are of products that another one has."""
        conn = sqlite3.connect(":memory:", isolation_level=None)
        with closing(sqlite3.connect(":memory:")) as made:
            made.deserialize(_new())
            made.backup(conn)
        conn.execute(f"PRAGMA foreign_keys = {'OFF' if foreign else 'ON'}")
        return cls(conn, MEMORY)

    @classmethod
    def copy_of(cls, path: Path) -> Self:
        """The database at ``path`` as it is now, in memory; a new one where there is none."""
        if not path.exists():
            return cls.in_memory()
        with cls.open(path, readonly=True) as source:
            conn = sqlite3.connect(":memory:", isolation_level=None)
            source.conn.backup(conn)
        conn.execute("PRAGMA foreign_keys = ON")
        return cls(conn, MEMORY)

    @classmethod
    def scratch_of(cls, path: Path) -> Self:
        """See ``copy_of``, but credits are paid from the ledger of the database at ``path``, where
        there is one: they are really spent, and the caps hold for all together."""
        scratch = cls.copy_of(path)
        try:
            if path.exists():
                scratch.borrow(cls.open(path, create=False))
        except BaseException:
            scratch.close()
            raise
        return scratch

    def borrow(self, lender: ports.Store) -> None:
        """Pay credits from another store's ledger; that one is closed with this."""
        self._lender, self.ledger = lender, lender.ledger

    def past_scans(self, extent: Extent) -> PastScans:
        return PastScans(self, extent)

    def close(self) -> None:
        self.conn.close()
        if self._lender is not None:
            self._lender.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _make_ready(self, *, readonly: bool, older: bool = False) -> None:
        self._refuse_foreign()
        if readonly:
            if not older and migrations.pending(self.db):
                raise NotReady(
                    f"{self.path}: empty, or written by an older version; `watcher run` prepares "
                    "it",
                    self.path,
                )
            self.execute("PRAGMA query_only = ON")
            return
        # Before the first table, or it has no effect.
        self.execute("PRAGMA auto_vacuum = INCREMENTAL")
        self.execute("PRAGMA journal_mode = WAL")
        # After a power cut the last commits may be missing, never half there: a message may
        # repeat, a credit may not be counted. A crash of the process alone loses nothing.
        self.execute("PRAGMA synchronous = NORMAL")
        self.execute("PRAGMA foreign_keys = ON")
        # A large scan's log is cut back after it, not kept for ever.
        self.execute(f"PRAGMA journal_size_limit = {_LOG_BYTES}")
        self._refuse_damaged()
        self._migrate()
        self._files = self._identities()

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Nothing more is written once the file was found damaged, or while it is not there."""
        if self._damage is not None:
            raise NotADatabase(str(self._damage), self._damage.place)
        self.refuse_moved()
        try:
            with self.explained():
                yield
        except NotADatabase as damage:
            if damage.place == self.path:  # not a copy's
                self._damage = damage
                self.mark_damaged()
            raise

    def refuse_moved(self) -> None:
        """Raise ``StoreError`` where the file that is open is no longer the one at the path. SQLite
        would go on and write into a file that nobody can find."""
        if self._files and self._identities() != self._files:
            raise StoreError(
                f"{self.path}: the database was deleted, moved or replaced while in use; put it "
                "back as it was, or start watcher anew",
                self.path,
            )

    def let_go(self) -> None:
        self.execute("PRAGMA shrink_memory")

    def mark_damaged(self) -> None:
        """Have the next one who opens it look through all of it first."""
        with suppress(OSError):
            rights.make(_damage_mark(self.path))

    def _identities(self) -> list[tuple[int, int]]:
        """The files at the paths of the database and of the log beside it, as far as they can be
        looked at: whatever a network's disk says of one, it is not there."""
        found: list[tuple[int, int]] = []
        for path in (self.path, self._log):
            with suppress(OSError):
                found.append(((status := path.stat()).st_dev, status.st_ino))
        return found

    def _refuse_foreign(self) -> None:
        """A database of something else, or of a newer watcher."""
        application = self.number("PRAGMA application_id")
        tables = self.number("SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")
        if application != APPLICATION_ID and (application or tables):
            raise NotADatabase(
                f"{self.path}: a SQLite database, but not one of watcher; give another file (--db)",
                self.path,
            )
        newer = migrations.unknown(self.db)
        if newer:
            raise NewerDatabase(
                f"{self.path}: written by a newer version of watcher (it has {newer[-1]}); "
                "install that version, or give another file (--db)",
                self.path,
            )

    def _refuse_damaged(self) -> None:
        pages, size = self.number("PRAGMA page_count"), self.number("PRAGMA page_size")
        mark = _damage_mark(self.path)
        marked = mark.exists()
        if not marked and pages * size > _CHECKED_BYTES:
            return
        check = "PRAGMA integrity_check(1)" if marked else "PRAGMA quick_check(1)"
        result = str(self.value(check) or "ok")
        if result != "ok":
            error = sqlite3.DatabaseError(result.replace("\n", " "))
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error
        mark.unlink(missing_ok=True)

    def _migrate(self) -> None:
        if not migrations.pending(self.db):
            return
        with self.atomic():
            # Asked again: another process may have migrated while this one waited.
            due = migrations.pending(self.db)
            if due and migrations.applied(self.db):
                self._keep_copy(due[0])
            migrations.prepare(self.db)

    def _keep_copy(self, first: str) -> None:
        """The database as it was; by a second connection, for this one is in a transaction."""
        copy = self.path.with_name(f"{self.path.name}.before-{first.replace(' ', '-')}")
        part = beside(copy, ".part")
        try:
            part.unlink(missing_ok=True)
            rights.make(part, kin=self.path)
            with (
                closing(connect(self.path, readonly=True)) as source,
                closing(sqlite3.connect(part)) as target,
            ):
                source.backup(target)
            part.replace(copy)
        except OSError as error:
            raise StoreError(f"{copy}: can't be written: {error.strerror}", copy) from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)


def _damage_mark(path: Path) -> Path:
    return beside(path.resolve(), ".damaged")


def _connect(path: Path, timeout: float, *, readonly: bool) -> sqlite3.Connection:
    """A connection to what is a database at all."""
    try:
        return connect(path, timeout, readonly=readonly)
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_NOTADB:
            raise
        raise NotADatabase(
            f"{path}: no database; give another file (--db), or put a backup in its place by "
            "`watcher db restore FILE`",
            path,
        ) from error


def _refuse_what_is_no_database(path: Path, *, create: bool) -> None:
    """Say in words what SQLite would only call "unable to open"."""
    if path.is_dir():
        raise StoreError(f"{path}: a folder; name a file in it", path)
    if not path.exists():
        if not create:
            raise StoreError(f"{path}: no such database; `watcher run` makes it", path)
        if not path.parent.is_dir():
            raise StoreError(f"{path}: the folder {path.parent} does not exist; make it", path)
        return
    if not path.is_file():
        raise NotADatabase(f"{path}: no file; give another one (--db)", path)
    # Not by opening it: to close a file drops every lock that this process has on it, those of
    # SQLite's other connections included, and the next program to leave would delete their log.
    if not os.access(path, os.R_OK):
        raise StoreError(f"{path}: can't be read: {os.strerror(errno.EACCES)}", path)
