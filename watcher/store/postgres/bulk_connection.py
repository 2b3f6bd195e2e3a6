"""Many rows at once: copied in, and out as arrays."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from watcher.model import Floats
from watcher.store.postgres.connection import PostgresConnection
from watcher.store.postgres.numbers import column
from watcher.store.postgres.translating import parameters
from watcher.store.sql.connection import Values

_PLAIN_INSERT = re.compile(r"INSERT INTO (\w+ \([\w, ]+\)) VALUES \(\?(?:, \?)*\)")
_FEW = 5  # rows that are as well sent one by one


class BulkConnection(PostgresConnection):
    """A session that has a way of its own for many rows."""

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """New rows of which nothing is asked are copied in, all at once; not in a pipeline, where
        that can't be."""
        plain = _PLAIN_INSERT.fullmatch(sql)
        given = [parameters((), row) for row in rows] if plain else []
        if plain is None or len(given) < _FEW or self.is_pipelined:
            super().many(sql, given if plain else rows)
            return
        with self.atomic(), self.conn.cursor().copy(f"COPY {plain[1]} FROM STDIN") as copy:
            for row in given:
                copy.write_row(row)

    def table(self, sql: str, values: Values, width: int) -> Floats:
        """The rows come as arrays in binary, one a column: no value is a Python object."""
        return np.column_stack([*self._arrays(sql, values, width), np.zeros((0, 0))][:width])

    def _arrays(self, sql: str, values: Values, width: int) -> Sequence[Floats]:
        names = [f"c{place}" for place in range(width)]
        arrays = ", ".join(f"array_agg(coalesce({name}::float8, 'NaN'))" for name in names)
        cursor = self.execute(f"SELECT {arrays} FROM ({sql}) AS t ({', '.join(names)})", values)
        found = cursor.pgresult
        return [column(found.get_value(0, place) if found else None) for place in range(width)]
