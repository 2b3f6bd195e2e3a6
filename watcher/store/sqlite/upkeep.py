"""Keeping the file safe: backup, figures, a check."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from watcher.errors import StoreError
from watcher.store.records import Progress, Sizes
from watcher.store.sql.upkeep import StoreUpkeep
from watcher.store.sqlite.backups import size_of, written
from watcher.store.sqlite.connection import SqliteConnection, connect, explained
from watcher.store.sqlite.swapping import beside

_INSTRUCTIONS = 100_000  # of SQLite's machine between two reports of a copy: some milliseconds


class SqliteUpkeep(StoreUpkeep):
    """``ports.Upkeep`` in SQLite."""

    _db: SqliteConnection

    def backup(self, target: Path, progress: Progress = lambda _done, _total: None) -> int:
        with (
            written(target, self._db.path) as part,
            explained(target),
            # Another connection: the store's own may be in a transaction.
            closing(connect(self._db.path, readonly=True)) as conn,
        ):
            total = size_of(self._db.path)
            conn.set_progress_handler(lambda: progress(size_of(part), total), _INSTRUCTIONS)
            conn.execute("VACUUM INTO ?", (str(part),))
            progress(total, total)
        return target.stat().st_size

    def sizes(self) -> Sizes:
        page = self._db.number("PRAGMA page_size")
        return Sizes(
            self._db.number("PRAGMA page_count") * page,
            size_of(beside(self._db.path, "-wal")),
            self._db.number("PRAGMA freelist_count") * page,
        )

    def ever(self) -> dict[str, int]:
        kept = "SELECT seq FROM sqlite_sequence WHERE name = '{}'"
        counted = dict.fromkeys(("scans", "observations"), "SELECT max(id) FROM {}")
        counted |= dict.fromkeys(("alerts", "notifications"), kept)
        return {table: self._db.number(sql.format(table)) for table, sql in counted.items()}

    def engine(self) -> str:
        return str(self._db.value("SELECT sqlite_version()"))

    def check(self) -> tuple[str, ...]:
        try:
            rows = self._db.rows("PRAGMA integrity_check")
        except StoreError as error:
            return (str(error),)
        return tuple(row[0] for row in rows if row[0] != "ok")
