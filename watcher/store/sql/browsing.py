"""What the page leafs through: ids of alerts and notifications, a page at a time.

Each statement is bounded by an index and a limit, however much is stored. ``before`` is the last
id of the page before.
"""

# ruff: noqa: S608 - statements are put together from our own words only, never from values

from __future__ import annotations

from watcher.model import AlertState, NotificationState
from watcher.store.sql.history import History
from watcher.store.sqlite.connection import Connection, Face
from watcher.store.sqlite.dialect import LIVE

PRODUCTS = 50  # that a search finds at most


class Browsing(Face):
    """Ids for the page, one leaf at a time: ``before`` is the last id of the leaf before."""

    def live_alerts(
        self,
        state: AlertState,
        rule: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[int]:
        """Ids of alerts that are in this state now (pending or firing), the newest in it first."""
        where, values = ["state = ?", "state <> 'inactive'"], [state.value, *_given(rule)]
        if rule is not None:
            where.append("rule = ?")
        if before is not None:
            where.append("(since, id) < (SELECT since, id FROM alerts WHERE id = ?)")
            values.append(before)
        return _ids(
            self._db,
            f"SELECT id FROM alerts {LIVE} WHERE {' AND '.join(where)} "
            "ORDER BY since DESC, id DESC LIMIT ?",
            [*values, limit],
        )

    def past_alerts(
        self, rule: str | None = None, before: int | None = None, limit: int = 50
    ) -> list[int]:
        """Ids of alerts that are over, the newest first."""
        where, values = ["state = 'inactive'"], _given(rule)
        if rule is not None:
            where.append("rule = ?")
        return _leaf(self._db, "alerts", where, values, before, limit)

    def live_counts(self, rule: str) -> dict[str, int]:
        """Return how many alerts of a rule are pending and firing."""
        return dict(
            self._db.rows(
                f"SELECT state, count(*) FROM alerts {LIVE} "
                "WHERE rule = ? AND state <> 'inactive' GROUP BY state",
                (rule,),
            )
        )

    def alerts_of_product(self, product: int, limit: int = 50) -> list[int]:
        """Ids of a product's alerts of any state, the newest first."""
        return _leaf(self._db, "alerts", ["product = ?"], [product], None, limit)

    def notifications(
        self,
        state: NotificationState | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[int]:
        """Ids of notifications, of one state or of all, the newest first."""
        where = [] if state is None else ["state = ?"]
        return _leaf(self._db, "notifications", where, _given(state), before, limit)

    def notifications_of_rule(self, rule: str, limit: int = 30) -> list[int]:
        """Ids of the notifications of a rule's own messages, the newest message first."""
        return _ids(
            self._db,
            "SELECT n.id FROM (SELECT id, about FROM messages WHERE rule = ?1 "
            "ORDER BY about DESC, id DESC LIMIT ?2) AS m "
            "CROSS JOIN notifications AS n ON n.message = m.id "
            "ORDER BY m.about DESC, m.id DESC, n.id LIMIT ?2",
            [rule, limit],
        )

    def products(self, text: str) -> list[tuple[str, str, str]]:
        """Region, id and name of products by their id, or else by a part of their name."""
        by_id = self._db.rows(
            "SELECT region, product_id, coalesce(product_name, product_id) FROM products "
            "WHERE region IN (SELECT DISTINCT region FROM products) AND product_id = ? "
            "ORDER BY region",
            (text,),
        )
        return by_id or History(self._db).named(text, None, PRODUCTS)


def _given(value: str | None) -> list[object]:
    return [] if value is None else [str(value)]


def _leaf(
    db: Connection,
    table: str,
    where: list[str],
    values: list[object],
    before: int | None,
    limit: int,
) -> list[int]:
    if before is not None:
        where, values = [*where, "id < ?"], [*values, before]
    condition = f"WHERE {' AND '.join(where)} " if where else ""
    return _ids(db, f"SELECT id FROM {table} {condition}ORDER BY id DESC LIMIT ?", [*values, limit])


def _ids(db: Connection, sql: str, values: list[object]) -> list[int]:
    return [int(row[0]) for row in db.execute(sql, values)]
