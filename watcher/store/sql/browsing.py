"""Lists that the page leafs through: ids of alerts and notifications, a page at a time. Each
statement is bounded by an index and a limit, however much is stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import islice

import numpy as np

from watcher.alert import AlertState
from watcher.message import NotificationState
from watcher.model import Instant, Ints
from watcher.store.packing import positions
from watcher.store.records import Row
from watcher.store.sql.connection import Face
from watcher.store.sql.dialect import TEXT
from watcher.store.sql.history import History

PRODUCTS = 50  # or groups, that a search finds at most


class Browsing(Face):
    """Ids for the page, one leaf at a time: ``before`` is the last id of the leaf before."""

    def live_alerts(
        self, state: AlertState, rule: str | None = None, before: int | None = None, limit: int = 50
    ) -> list[int]:
        """Ids of alerts that are in this state now (pending or firing), the newest in it first."""
        later = "(since, id) < (SELECT since, id FROM alerts WHERE id = ?)"
        live = "state <> 'inactive' AND state = ?"  # as the index says it
        given = {live: state.value, "rule = ?": rule, later: before}
        return self._ids(f"alerts {self._sql.live}", given, limit, "since DESC, id")

    def past_alerts(
        self, rule: str | None = None, before: int | None = None, limit: int = 50
    ) -> list[int]:
        """Ids of alerts that are over, the newest first."""
        given = {"state = ?": AlertState.INACTIVE.value, "rule = ?": rule, "id < ?": before}
        return self._ids("alerts", given, limit)

    def fired_alerts(self, rules: Collection[str] | None, limit: int = 50) -> list[int]:
        """Ids of alerts that ever fired, of these rules or of all; what fired last comes first."""
        values = () if rules is None else (self._sql.listed(sorted(rules)),)
        own = "" if rules is None else f" AND a.rule IN {self._sql.among('?1', sort=TEXT)}"
        fires = self._db.rows(
            f"SELECT a.fired_at, a.id FROM alerts AS a {self._sql.live} "
            f"WHERE a.state <> 'inactive' AND a.state = 'firing'{own}",
            values,
        )
        # Each once: one may have ended since.
        found = {*fires, *self._past(rules, limit)}
        return [row[1] for row in sorted(found, reverse=True)[:limit]]

    def _past(self, rules: Collection[str] | None, limit: int) -> list[Row]:
        """Find those that fired last and are over: when they did, and their ids."""
        over = "a.state = 'inactive' AND a.fired_at IS NOT NULL"
        last = f"{over} ORDER BY a.fired_at DESC, a.id DESC LIMIT"
        if rules is None:
            sql = f"SELECT a.fired_at, a.id FROM alerts AS a {self._sql.past} WHERE {last} ?"
            return self._db.rows(sql, (limit,))
        # The newest of each rule by its index: to go through all alerts would take as long as there
        # are many, of rules that fire seldom.
        return self._db.rows(
            f"SELECT f.fired_at, f.id FROM {self._sql.rows_of('?1', sort=TEXT)} {self._sql.join} "
            "alerts AS f ON f.id IN (SELECT a.id FROM alerts AS a "
            f"{self._sql.past_of_rule} WHERE a.rule = w.value AND {last} ?2)",
            (self._sql.listed(sorted(rules)), limit),
        )

    def live_counts(self, rule: str) -> dict[str, int]:
        """Return how many alerts of a rule are pending and firing."""
        return dict(
            self._db.rows(
                f"SELECT state, count(*) FROM alerts {self._sql.live} "
                "WHERE rule = ? AND state <> 'inactive' GROUP BY state",
                (rule,),
            )
        )

    def firing_on(self, products: Ints) -> Ints:
        """(n,) the number of alerts that fire on each product, of whatever watch."""
        counts = np.array(
            self._db.rows(
                f"SELECT product, count(*) FROM alerts {self._sql.live} "
                "WHERE state <> 'inactive' AND state = 'firing' GROUP BY product"
            ),
            np.int64,
        ).reshape(-1, 2)
        return np.append(counts[:, 1], 0)[positions(counts[:, 0], products)]  # -1 finds the 0

    def rules_firing_on(self, products: Sequence[int]) -> dict[int, tuple[str, ...]]:
        """The rules that fire on each product that has some."""
        found: dict[int, tuple[str, ...]] = {}
        for product, rule in self._db.rows(
            f"SELECT product, rule FROM alerts {self._sql.live} WHERE state <> 'inactive' "
            f"AND state = 'firing' AND product IN {self._sql.among()} ORDER BY rule",
            (self._sql.listed(products),),
        ):
            found[product] = (*found.get(product, ()), rule)
        return found

    def firing_by_watch(self) -> dict[str, int]:
        """The number of alerts that fire, by the key of the watch that they are of."""
        return dict(
            self._db.rows(
                f"SELECT watch, count(*) FROM alerts {self._sql.live} WHERE state <> 'inactive' "
                "AND state = 'firing' AND watch <> '' GROUP BY watch"
            )
        )

    def alerts_of_product(self, product: int, limit: int = 50) -> list[int]:
        """Ids of a product's alerts of any state, the newest first."""
        return self._ids("alerts", {"product = ?": product}, limit)

    def fired_on(self, product: int, begin: Instant, end: Instant, limit: int) -> list[int]:
        """Ids of a product's alerts that fired at some time between two; what began last comes
        first."""
        return self._db.all(
            int,
            "SELECT id FROM alerts WHERE product = ?1 AND fired_at <= ?3 "
            "AND coalesce(resolved_at, ?3) >= ?2 ORDER BY fired_at DESC, id DESC LIMIT ?4",
            (product, begin, end, limit),
        )

    def notifications(
        self, state: NotificationState | None = None, before: int | None = None, limit: int = 50
    ) -> list[int]:
        """Ids of notifications, of one state or of all, the newest first."""
        state_now = None if state is None else state.value
        return self._ids("notifications", {"state = ?": state_now, "id < ?": before}, limit)

    def notifications_of_rule(self, rule: str, limit: int = 30) -> list[int]:
        """Ids of the notifications of a rule's own messages, the newest message first."""
        return self._db.all(
            int,
            "SELECT n.id FROM (SELECT id, about FROM messages WHERE rule = ?1 "
            "ORDER BY about DESC, id DESC LIMIT ?2) AS m "
            f"{self._sql.join} notifications AS n ON n.message = m.id "
            "ORDER BY m.about DESC, m.id DESC, n.id LIMIT ?2",
            (rule, limit),
        )

    def products(self, text: str) -> list[tuple[str, str, str]]:
        """Region, id and name of products by their id, or else by a part of their name."""
        by_id = self._db.rows(
            "SELECT region, product_id, coalesce(product_name, product_id) FROM products "
            "WHERE region IN (SELECT DISTINCT region FROM products) AND product_id = ? "
            "AND grouped_by IS NULL ORDER BY region",
            (text,),
        )
        return by_id or History(self._db).named(text, None, PRODUCTS)

    def groups(self, text: str, values: Sequence[str]) -> list[tuple[str, str]]:
        """Region and id of groups of products that have ``text`` in their id, or are those of one
        of the ``values``."""
        rows = self._db.stream(
            "SELECT region, product_id FROM products WHERE grouped_by IS NOT NULL ORDER BY id"
        )
        wanted, known = text.casefold(), {*values}
        found = (
            row for row in rows if wanted in row[1].casefold() or row[1].partition("=")[2] in known
        )
        return [*islice(found, PRODUCTS)]

    def _ids(
        self, table: str, given: Mapping[str, object], limit: int, order: str = "id"
    ) -> list[int]:
        """Only conditions that have a value are said, or no index would be used."""
        asked = {text: value for text, value in given.items() if value is not None}
        where = " AND ".join(asked) or "TRUE"
        sql = f"SELECT id FROM {table} WHERE {where} ORDER BY {order} DESC LIMIT ?"
        return self._db.all(int, sql, [*asked.values(), limit])
