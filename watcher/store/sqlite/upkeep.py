"""Keeping the file safe: backup, figures, a check."""

from __future__ import annotations

import os
import tempfile
from contextlib import closing
from pathlib import Path

from msgspec.structs import asdict

from watcher.errors import StoreError
from watcher.store.records import Progress, Sizes, Stats
from watcher.store.sql.connection import Face
from watcher.store.sqlite.connection import SqliteConnection, connect, explained
from watcher.store.sqlite.migrations import APPLICATION_ID
from watcher.store.sqlite.rights import OWNER_ONLY
from watcher.store.sqlite.swapping import beside, flush

_APPLICATION = slice(68, 72)  # where a database file's header has its application's mark
_INSTRUCTIONS = 100_000  # of SQLite's machine between two reports of a copy: some milliseconds


class SqliteUpkeep(Face):
    """``ports.Upkeep`` in SQLite."""

    _db: SqliteConnection

    def backup(self, target: Path, progress: Progress = lambda _done, _total: None) -> int:
        self._refuse_to_replace(target)
        part: Path | None = None
        try:
            handle, name = tempfile.mkstemp(".part", f".{target.name}.", target.parent)
            os.close(handle)
            part = Path(name)
            # By another connection: this one may be in a transaction.
            with explained(target), closing(connect(self._db.path, readonly=True)) as conn:
                total = _size(self._db.path)
                conn.set_progress_handler(lambda: progress(_size(part), total), _INSTRUCTIONS)
                conn.execute("VACUUM INTO ?", (str(part),))
                progress(total, total)
            _refuse_damaged(part, target)
            part.chmod(OWNER_ONLY)  # mkstemp's, but for an odd umask
            flush(part)
            part.replace(target)
            flush(target.parent)
            return target.stat().st_size
        except OSError as error:
            raise StoreError(f"{target}: can't be written: {error.strerror}", target) from error
        finally:
            if part is not None:
                part.unlink(missing_ok=True)

    def _refuse_to_replace(self, target: Path) -> None:
        """Anything that is no older backup."""
        if not target.exists():
            if not target.parent.is_dir():
                raise StoreError(f"{target}: the folder {target.parent} does not exist", target)
            return
        if target.samefile(self._db.path):
            raise StoreError(f"{target}: is the database itself; name another file", target)
        if not is_ours(target):
            raise StoreError(
                f"{target}: exists and is no database of watcher; not replaced", target
            )
        if _size(beside(target, "-wal")):
            raise StoreError(f"{target}: is a database in use, no backup; not replaced", target)

    def sizes(self) -> Sizes:
        page = self._db.number("PRAGMA page_size")
        return Sizes(
            self._db.number("PRAGMA page_count") * page,
            _size(beside(self._db.path, "-wal")),
            self._db.number("PRAGMA freelist_count") * page,
        )

    def ever(self) -> dict[str, int]:
        kept = "SELECT seq FROM sqlite_sequence WHERE name = '{}'"
        counted = dict.fromkeys(("scans", "observations"), "SELECT max(id) FROM {}")
        counted |= dict.fromkeys(("alerts", "notifications"), kept)
        return {table: self._db.number(sql.format(table)) for table, sql in counted.items()}

    def engine(self) -> str:
        return str(self._db.value("SELECT sqlite_version()"))

    def stats(self) -> Stats:
        oldest, newest = self._db.one("SELECT min(at), max(at) FROM scans") or (None, None)
        tables = ("products", "observations", "scans", "alerts", "notifications")
        counts = {table: self._db.number(f"SELECT count(*) FROM {table}") for table in tables}
        return Stats(**asdict(self.sizes()), **counts, oldest=oldest, newest=newest)

    def check(self) -> tuple[str, ...]:
        try:
            rows = self._db.rows("PRAGMA integrity_check")
        except StoreError as error:
            return (str(error),)
        return tuple(row[0] for row in rows if row[0] != "ok")


def is_ours(path: Path) -> bool:
    """Whether the file is a database that watcher made; by its header, so as to touch nothing."""
    try:
        with path.open("rb") as file:
            header = file.read(_APPLICATION.stop)
    except OSError:
        return False
    mark = int.from_bytes(header[_APPLICATION], "big")
    return header.startswith(b"SQLite format 3\x00") and mark == APPLICATION_ID


def _refuse_damaged(copy: Path, target: Path) -> None:
    """A copy that can't be read back is none: so says SQLite's own check of all of it."""
    with explained(target), closing(connect(copy, readonly=True)) as conn:
        found = conn.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise StoreError(
            f"{target}: not written: the database is damaged ({' '.join(str(found).split())})",
            target,
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
