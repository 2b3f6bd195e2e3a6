"""Statements as PostgreSQL's protocol takes them: parameters as ``$1``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from watcher.store.nul import without_nul
from watcher.store.sql.connection import Values

# Texts, names in quotes and casts are passed over.
_TOKEN = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|::|\?(?P<number>\d*)|:(?P<name>[a-z_]+)""")
_WRITES = re.compile(r"\s*(WITH \w+ AS \()?(INSERT|UPDATE|DELETE)\b", re.IGNORECASE)


@lru_cache(4_096)
def translated(sql: str) -> tuple[str, tuple[str, ...]]:
    """The statement with ``$1``, and the names of its parameters where they have any."""
    names: list[str] = []
    largest = 0

    def numbered(found: re.Match[str]) -> str:
        nonlocal largest
        if (name := found["name"]) is not None:
            if name not in names:
                names.append(name)
            return f"${names.index(name) + 1}"
        if (number := found["number"]) is None:
            return found[0]
        place = int(number) if number else largest + 1
        largest = max(largest, place)
        return f"${place}"

    return _TOKEN.sub(numbered, sql), tuple(names)


@lru_cache(4_096)
def writes(sql: str) -> bool:
    """Whether the statement changes rows, by its verb."""
    return _WRITES.match(sql) is not None


def parameters(names: Sequence[str], values: Values) -> list[object]:
    """The values in the statement's order, as PostgreSQL can hold them."""
    given = [values[name] for name in names] if isinstance(values, Mapping) else values
    return [without_nul(each) for each in given]
