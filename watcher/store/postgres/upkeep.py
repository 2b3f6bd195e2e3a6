"""Keeping a book safe: backup, figures, a check. A backup is a SQLite file, which any place can be
restored from; whole servers are backed up by their own programs."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from watcher.errors import StoreError
from watcher.store.copying.copier import Copier
from watcher.store.packing import unpack
from watcher.store.postgres.copy_end import PostgresEnd
from watcher.store.records import Progress, Sizes
from watcher.store.sql.upkeep import StoreUpkeep
from watcher.store.sqlite.backups import written
from watcher.store.sqlite.copy_end import SqliteEnd
from watcher.store.sqlite.database import Database

if TYPE_CHECKING:
    from watcher.store.postgres.connection import PostgresConnection

_OF_BOOK = "relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
_TABLES = f"SELECT relname FROM pg_class WHERE relkind = 'r' AND {_OF_BOOK} ORDER BY relname"
_AMCHECK = (
    "SELECT n.nspname FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace "
    "WHERE e.extname = 'amcheck'"
)
_INDEXES = (
    "SELECT c.relname FROM pg_class AS c JOIN pg_am AS a ON a.oid = c.relam AND a.amname = 'btree' "
    f"WHERE c.relkind = 'i' AND c.{_OF_BOOK} ORDER BY c.relname"
)
# What must give no row, and what is wrong where it does.
_BROKEN = {
    "product {}: its newest observation is not there": "SELECT p.id FROM products AS p "
    "WHERE p.grouped_by IS NULL AND NOT "
    "EXISTS (SELECT 1 FROM observations AS o WHERE o.product = p.id AND o.id = p.newest)",
    "observation {}: is there more than once": "SELECT id FROM observations GROUP BY id "
    "HAVING count(*) > 1",
    "observation {}: its product is not there": "SELECT o.id FROM observations AS o "
    "LEFT JOIN products AS p ON p.id = o.product WHERE p.id IS NULL",
    "scan {}: its mark is not above that of the scan before it": "SELECT id FROM (SELECT id, mark, "
    "lag(mark) OVER (ORDER BY id) AS earlier FROM scans) AS s WHERE mark <= earlier",
}
_NAMED = 3  # of the rows that have the same thing wrong


class PostgresUpkeep(StoreUpkeep):
    """``ports.Upkeep`` in PostgreSQL."""

    _db: PostgresConnection

    def backup(self, target: Path, progress: Progress = lambda _done, _total: None) -> int:
        total = self.sizes().bytes
        with written(target) as part:
            with Database.open(part) as copy:
                Copier(
                    PostgresEnd(self._db),
                    SqliteEnd(copy, str(target)),
                    lambda done, rows: progress(total * done // max(rows, 1), total),
                ).run()
                copy.execute("PRAGMA journal_mode = DELETE")
            progress(total, total)
        return target.stat().st_size

    def sizes(self) -> Sizes:
        size = self._db.number(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class "
            f"WHERE relkind IN ('r', 'm') AND {_OF_BOOK}"
        )
        return Sizes(size, 0, 0)

    def ever(self) -> dict[str, int]:
        sequence = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM notifications_id_seq"
        asked = {table: f"SELECT max(id) FROM {table}" for table in ("scans", "observations")}
        asked["alerts"] = "SELECT last FROM last_ids WHERE name = 'alerts'"
        asked["notifications"] = sequence
        return {table: self._db.number(sql) for table, sql in asked.items()}

    def engine(self) -> str:
        """PostgreSQL's version."""
        return str(self._db.value("SHOW server_version")).partition(" ")[0]

    def check(self) -> tuple[str, ...]:
        """Return what is wrong with the book; nothing is good. Reads all of it, so that the server
        sees pages that it can't read; indexes are looked through where amcheck is installed."""
        try:
            return (*self._indexes(), *self._rows(), *self._lists())
        except StoreError as error:
            return (str(error),)

    def _indexes(self) -> Iterator[str]:
        schema = self._db.value(_AMCHECK)
        if schema is None:
            return
        call = f'SELECT "{schema}".bt_index_check(to_regclass(quote_ident(?)))'
        allowed = (
            f"SELECT has_function_privilege('\"{schema}\".bt_index_check(regclass)', 'EXECUTE')"
        )
        if not self._db.value(allowed):
            return
        for (index,) in self._db.rows(_INDEXES):
            try:
                self._db.execute(call, (index,))
            except StoreError as error:
                yield f"index {index}: {error}"

    def _rows(self) -> Iterator[str]:
        for (table,) in self._db.rows(_TABLES):
            self._db.execute(f'SELECT count(t::text) FROM "{table}" AS t')
        for words, sql in _BROKEN.items():
            for (row,) in self._db.rows(f"{sql} ORDER BY 1 LIMIT {_NAMED}"):
                yield words.format(row)

    def _lists(self) -> Iterator[str]:
        """Packed lists have a checksum of their own."""
        for kind, sql, columns in (
            ("scan", "SELECT id, products, size FROM scans WHERE size > 0 ORDER BY id", 3),
            ("watch", "SELECT watch, seen, size FROM watches WHERE size > 0 ORDER BY watch", 2),
        ):
            for key, blob, size in self._db.stream(sql):
                try:
                    unpack(blob, columns, size)
                except (zlib.error, ValueError) as error:
                    yield f"{kind} {key}: its list can't be read: {error}"
