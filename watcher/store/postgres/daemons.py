"""The daemons that work on a server's books."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg.rows import dict_row

from watcher.store.control import LATELY, DaemonState
from watcher.store.postgres.leases import Reach

_BEAT = """
INSERT INTO watcher.daemons (id, host, pid, version, page, started, wanted, refused)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET host = excluded.host, pid = excluded.pid,
    version = excluded.version, page = excluded.page, started = excluded.started,
    wanted = excluded.wanted, refused = excluded.refused, seen = clock_timestamp()
"""
_FORGET = "DELETE FROM watcher.daemons WHERE seen < clock_timestamp() - interval '1 day'"
_ALL = """
SELECT * FROM (
    SELECT id, host, pid, version, page, started, wanted, refused,
        extract(epoch FROM clock_timestamp() - seen)::float8 AS seen
    FROM watcher.daemons
) AS daemons WHERE seen <= %s ORDER BY started, id COLLATE "C"
"""


class PostgresDaemons:
    """The daemons by id."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    def beat(self, daemon: DaemonState) -> None:
        wanted = None if daemon.wanted is None else list(daemon.wanted)
        values = (daemon.id, daemon.host, daemon.pid, daemon.version, daemon.page, daemon.started)
        with self._reach() as session:
            session.execute(_BEAT, (*values, wanted, list(daemon.refused)))
            session.execute(_FORGET)

    def leave(self, daemon: str) -> None:
        with self._reach() as session:
            session.execute("DELETE FROM watcher.daemons WHERE id = %s", (daemon,))

    def all(self) -> Sequence[DaemonState]:
        with self._reach() as session, session.cursor(row_factory=dict_row) as cursor:
            return [_daemon(row) for row in cursor.execute(_ALL, (LATELY,))]


def _daemon(row: dict[str, Any]) -> DaemonState:
    wanted, refused = row.pop("wanted"), tuple(row.pop("refused"))
    return DaemonState(**row, wanted=None if wanted is None else tuple(wanted), refused=refused)
