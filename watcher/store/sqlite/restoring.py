"""A backup back in the place of the database; what was there is kept."""

from __future__ import annotations

import glob
import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from msgspec import Struct
from sqlite_utils import Database as Tables

from watcher.errors import NewerDatabase, NotADatabase, StoreError
from watcher.model import Instant
from watcher.store.sqlite import migrations, rights
from watcher.store.sqlite.connection import connect, explained
from watcher.store.sqlite.early_migrations import APPLICATION_ID
from watcher.store.sqlite.locking import hold, nobody_else, refuse_used
from watcher.store.sqlite.swapping import beside, flush, place

# Together they are what SQLite would read; -shm it makes anew.
_READ = ("-wal", "-journal")


class Restored(Struct, frozen=True):
    """The size of what is in place now, and where the old files are."""

    bytes: int
    kept: tuple[Path, ...]


def restore(source: Path, database: Path, now: Instant) -> Restored:
    """Put a copy of ``source``, looked through from end to end, in the place of ``database``. A
    kept database comes with its ``-wal``. Raises ``StoreError``, with nothing changed, where it is
    no whole database of a known version, or one of the two is in use."""
    _refuse_what_is_no_source(source, database)
    with hold(database), nobody_else(database):
        real = database.resolve()
        try:
            # What restores that were killed left; the owner of the database makes no other.
            for made in real.parent.glob(f".{glob.escape(real.name)}.*.part"):
                if made.is_dir() and not made.is_symlink():
                    shutil.rmtree(made)
            with tempfile.TemporaryDirectory(".part", f".{real.name}.", real.parent) as folder:
                copy = Path(folder) / "copy.db"
                _copy(source, copy, database)
                _refuse_unfit(copy, source)
                flush(copy)
                size = copy.stat().st_size
                kept = place(database, copy, now)
        except OSError as error:
            raise StoreError(
                f"{database}: not restored from {source}: {error.strerror or error}", database
            ) from error
    return Restored(size, kept)


def _refuse_what_is_no_source(source: Path, database: Path) -> None:
    if not source.exists():
        raise StoreError(f"{source}: no such file", source)
    if not source.is_file():
        raise StoreError(f"{source}: no file, so no backup", source)
    if database.is_dir():
        raise StoreError(f"{database}: a folder; name a file in it", database)
    if database.exists() and source.samefile(database):
        raise StoreError(f"{source}: is the database itself; name a backup of it", source)
    if not os.access(source, os.R_OK):
        raise StoreError(f"{source}: can't be read: Permission denied", source)
    refuse_used(source)


def _copy(source: Path, copy: Path, database: Path) -> None:
    """The file, and what belongs to it, for the owner of the database alone."""
    kin = database if database.exists() else database.resolve().parent
    for ending in ("", *_READ):
        written = beside(source.resolve(), ending)
        if not ending or (written.exists() and written.stat().st_size):
            rights.make(beside(copy, ending), kin=kin)
            shutil.copyfile(written, beside(copy, ending))


def _refuse_unfit(copy: Path, source: Path) -> None:
    """Refuse what is not whole, not ours or too new; the copy is one file afterwards."""
    beside_it = [str(beside(source, ending)) for ending in _READ if beside(copy, ending).exists()]
    perhaps = (
        f"; it was read with {' and '.join(beside_it)}: if that is another database's, move it "
        "away and try again"
    )
    hint = perhaps if beside_it else ""
    try:
        with closing(connect(copy)) as conn:
            _refuse_foreign(conn, source)
            found = str(conn.execute("PRAGMA integrity_check(1)").fetchone()[0])
            if found != "ok":
                raise NotADatabase(
                    f"{source}: not restored: damaged ({' '.join(found.split())}){hint}", source
                )
            conn.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            with explained(source):
                raise
        what = "no database" if error.sqlite_errorcode == sqlite3.SQLITE_NOTADB else "damaged"
        raise NotADatabase(f"{source}: not restored: {what} ({error}){hint}", source) from error


def _refuse_foreign(conn: sqlite3.Connection, source: Path) -> None:
    tables = Tables(conn, execute_plugins=False)
    application = conn.execute("PRAGMA application_id").fetchone()[0]
    if application != APPLICATION_ID or not migrations.applied(tables):
        raise NotADatabase(f"{source}: not restored: no database of watcher", source)
    newer = migrations.unknown(tables)
    if newer:
        raise NewerDatabase(
            f"{source}: not restored: written by a newer version of watcher (it has "
            f"{newer[-1]}); install that version first",
            source,
        )
