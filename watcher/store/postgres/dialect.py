"""The pieces of shared statements that are PostgreSQL's own."""

from __future__ import annotations

from collections.abc import Iterable

from watcher.fields import RATING
from watcher.store.postgres.arrays import array_of
from watcher.store.sql.dialect import WHOLE, Dialect, Sort

_ARRAYS = {Sort.WHOLE: "bigint[]", Sort.TEXT: "text[]"}


class PostgresDialect(Dialect):
    """Lists are arrays."""

    join = "JOIN"  # the planner knows the sizes, also of an array
    live = by_time = past = past_of_rule = ""
    newest = (
        "LEFT JOIN LATERAL (SELECT * FROM observations AS i WHERE i.product = p.id "
        "ORDER BY i.at DESC LIMIT 1) AS o ON TRUE"
    )

    def in_force(self, product: str, mark: str) -> str:
        return (
            f"CROSS JOIN LATERAL (SELECT * FROM observations AS i WHERE i.product = {product} "
            f"AND i.at <= {mark} ORDER BY i.at DESC LIMIT 1) AS o"
        )

    def listed(self, values: Iterable[object]) -> object:
        return array_of([*values])

    def among(self, parameter: str = "?", sort: Sort = WHOLE) -> str:
        return f"(SELECT unnest({parameter}::{_ARRAYS[sort]}))"

    def rows_of(self, parameter: str = "?", sort: Sort = WHOLE) -> str:
        array = f"{parameter}::{_ARRAYS[sort]}"
        return (
            f"(SELECT place - 1 AS key, value FROM unnest({array}) "
            "WITH ORDINALITY AS u(value, place)) AS w"
        )

    def rows_of_mapped(self, parameter: str = "?") -> str:
        return f"(SELECT key, value::bigint AS value FROM json_each_text({parameter}::json)) AS w"

    def pairs(self, parameter: str = "?") -> str:
        return f"(SELECT value->>0, value->>1 FROM json_array_elements({parameter}::json))"

    def rows_of_pairs(self, parameter: str = "?") -> str:
        return (
            "(SELECT place - 1 AS key, (value->>0)::bigint AS first, (value->>1)::bigint AS last "
            f"FROM json_array_elements({parameter}::json) WITH ORDINALITY AS u(value, place)) AS w"
        )

    def within_pair(self, column: str) -> str:
        return f"{column} BETWEEN w.first AND w.last"

    def least(self, *values: str) -> str:
        return f"least({', '.join(values)})"

    def greatest(self, *values: str) -> str:
        return f"greatest({', '.join(values)})"

    def unindexed(self, column: str) -> str:
        return column

    def field(self, name: str) -> str:
        return f'nullif(o."{name}", 0)' if name == RATING else f'o."{name}"'

    def finds_table(self, table: str) -> str:
        return f"SELECT 1 WHERE to_regclass('{table}') IS NOT NULL"

    def first_free(self, table: str) -> str:
        return f"SELECT 1 + last FROM last_ids WHERE name = '{table}'"


POSTGRES = PostgresDialect()
