"""The pieces of shared statements that are SQLite's own."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from watcher.store.columns import expression
from watcher.store.sql.dialect import WHOLE, Dialect, Sort


class SqliteDialect(Dialect):
    """Lists are JSON."""

    join = "CROSS JOIN"
    # Left alone, the planner takes another index, and reads what is over too.
    live = "INDEXED BY alerts_live"
    by_time = "INDEXED BY idx_scans_region_at"
    # Left alone, it may sort all that ever fired.
    past = "INDEXED BY alerts_past"
    past_of_rule = "INDEXED BY alerts_past_of_rule"
    newest = "LEFT JOIN observations AS o ON o.id = p.newest"

    def in_force(self, product: str, mark: str) -> str:
        # The planner, left alone, may scan the table: CROSS JOIN and the subquery fix its order.
        return (
            "CROSS JOIN observations AS o WHERE o.id = (SELECT id FROM observations "
            f"WHERE product = {product} AND at <= {mark} ORDER BY at DESC LIMIT 1)"
        )

    def listed(self, values: Iterable[object]) -> str:
        return msgspec.json.encode(list(values)).decode()

    def among(self, parameter: str = "?", sort: Sort = WHOLE) -> str:
        return f"(SELECT value FROM json_each({parameter}))"

    def rows_of(self, parameter: str = "?", sort: Sort = WHOLE) -> str:
        return f"json_each({parameter}) AS w"

    def rows_of_mapped(self, parameter: str = "?") -> str:
        return f"json_each({parameter}) AS w"

    def pairs(self, parameter: str = "?") -> str:
        return (
            "(SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') "
            f"FROM json_each({parameter}))"
        )

    def rows_of_pairs(self, parameter: str = "?") -> str:
        return f"json_each({parameter}) AS w"

    def within_pair(self, column: str) -> str:
        first, last = (f"json_extract(w.value, '$[{place}]')" for place in (0, 1))
        return f"{column} BETWEEN {first} AND {last}"

    def least(self, *values: str) -> str:
        return f"min({', '.join(values)})"

    def greatest(self, *values: str) -> str:
        return f"max({', '.join(values)})"

    def unindexed(self, column: str) -> str:
        return f"+{column}"

    def field(self, name: str) -> str:
        return expression(name)

    def finds_table(self, table: str) -> str:
        return f"SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '{table}'"

    def first_free(self, table: str) -> str:
        return f"SELECT 1 + coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = '{table}'"


SQLITE = SqliteDialect()
