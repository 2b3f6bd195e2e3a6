"""The pieces of shared statements that are SQLite's own: lists as parameters, hints, next ids."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

REPLACE = "INSERT OR REPLACE"
# Left alone, the planner takes another index, and reads what is over too.
LIVE = "INDEXED BY alerts_live"
BY_TIME = "INDEXED BY idx_scans_region_at"
LAST_ALERT = "SELECT seq FROM sqlite_sequence WHERE name = 'alerts'"


def listed(values: Iterable[object]) -> str:
    """Values as one parameter, for the three below: no limit of count."""
    return msgspec.json.encode(list(values)).decode()


def among(parameter: str = "?") -> str:
    """The values of a parameter made by ``listed``, to stand after ``IN``."""
    return f"(SELECT value FROM json_each({parameter}))"


def rows_of(parameter: str = "?") -> str:
    """The rows ``w`` (key, value) of a parameter made by ``listed``, or of a mapping's JSON."""
    return f"json_each({parameter}) AS w"


def pairs(parameter: str = "?") -> str:
    """The pairs of a parameter made by ``listed``, to stand after ``IN``."""
    return (
        "(SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]') "
        f"FROM json_each({parameter}))"
    )


def within_pair(column: str) -> str:
    """Whether a column lies from the first to the second of the pair in a row ``w``."""
    return f"{column} BETWEEN json_extract(w.value, '$[0]') AND json_extract(w.value, '$[1]')"


def next_id(table: str) -> str:
    """The id that the next row of a table gets: inside a transaction nobody else writes."""
    return f"SELECT 1 + coalesce(max(id), 0) FROM {table}"
