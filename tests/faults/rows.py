"""A book's tables on a server, read beside the daemons."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import psycopg


@dataclass
class ServerRows:
    """Rows of one book; while the server is away those that it gave last."""

    url: str
    book: str
    _conn: psycopg.Connection | None = None
    _known: dict[tuple[object, ...], list[tuple[Any, ...]]] = field(default_factory=dict)

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """None before there are tables."""
        asked = (sql, *values)
        try:
            if self._conn is None or self._conn.closed:
                path = f"-csearch_path=book_{self.book}"
                self._conn = psycopg.connect(self.url, autocommit=True, options=path)
            self._known[asked] = self._conn.execute(sql.replace("?", "%s"), values).fetchall()
        except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
            return []
        except psycopg.OperationalError:
            self.close()
        return self._known.get(asked, [])

    def close(self) -> None:
        if self._conn is not None:
            self._conn.close()
