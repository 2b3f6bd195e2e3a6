"""The pieces of shared statements that each engine says in its own way: lists as parameters, hints
for the planner, next ids."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

import msgspec


class Sort(StrEnum):
    """The sort of the values in a list."""

    WHOLE = "whole"
    TEXT = "text"


WHOLE, TEXT = Sort.WHOLE, Sort.TEXT


class Dialect(ABC):
    """The pieces as one engine says them. Pairs and mappings are JSON everywhere."""

    join: str  # that goes through the left side first, where the planner can be told so
    live: str  # hints, to stand after a table's name
    by_time: str
    past: str  # of alerts that are over
    past_of_rule: str
    newest: str  # joins ``o``, the newest observation of the product ``p``, where there is one

    @abstractmethod
    def in_force(self, product: str, mark: str) -> str:
        """Joins ``o``, a product's newest observation up to a mark, where there is one; it is the
        last of a statement."""

    @abstractmethod
    def listed(self, values: Iterable[object]) -> object:
        """Whole numbers or texts as one parameter, for ``among`` and ``rows_of``: no limit of
        count."""

    @staticmethod
    def paired(values: Iterable[tuple[object, object]]) -> str:
        """Pairs as one parameter, for ``pairs`` and ``rows_of_pairs``."""
        return msgspec.json.encode([*values]).decode()

    @staticmethod
    def mapped(values: Mapping[str, int]) -> str:
        """A mapping as one parameter, for ``rows_of_mapped``."""
        return msgspec.json.encode(values).decode()

    @abstractmethod
    def among(self, parameter: str = "?", sort: Sort = WHOLE) -> str:
        """The values of a parameter made by ``listed``, to stand after ``IN``."""

    @abstractmethod
    def rows_of(self, parameter: str = "?", sort: Sort = WHOLE) -> str:
        """The rows ``w`` of a parameter made by ``listed``: ``key``, the place from 0 on, and
        ``value``."""

    @abstractmethod
    def rows_of_mapped(self, parameter: str = "?") -> str:
        """The rows ``w`` of a parameter made by ``mapped``: ``key`` and ``value``."""

    @abstractmethod
    def pairs(self, parameter: str = "?") -> str:
        """The pairs of texts of a parameter made by ``paired``, to stand after ``IN``."""

    @abstractmethod
    def rows_of_pairs(self, parameter: str = "?") -> str:
        """The rows ``w`` of a parameter made by ``paired`` of whole numbers: ``key``, and what
        ``within_pair`` reads."""

    @abstractmethod
    def within_pair(self, column: str) -> str:
        """Whether a column lies from the first to the second of the pair in a row ``w``."""

    @abstractmethod
    def least(self, *values: str) -> str:
        """The least of these, of which none is NULL."""

    @abstractmethod
    def greatest(self, *values: str) -> str:
        """The greatest of these, of which none is NULL."""

    @abstractmethod
    def unindexed(self, column: str) -> str:
        """A column by which no row is to be looked up."""

    @abstractmethod
    def field(self, name: str) -> str:
        """An observation's field (of ``o``) in the API's units."""

    @abstractmethod
    def first_free(self, table: str) -> str:
        """Asks for the first id after all that rows of the table ever had."""

    @abstractmethod
    def finds_table(self, table: str) -> str:
        """Asks for a row where the store has a table: that of an older version may not."""

    def next_id(self, table: str) -> str:
        """The id that the next row of a table gets: inside a transaction nobody else writes."""
        return f"SELECT 1 + coalesce(max(id), 0) FROM {table}"

    @staticmethod
    def upsert(table: str, columns: Sequence[str], key: Sequence[str]) -> str:
        """Insert a row, in place of the one that has its key."""
        changed = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key)
        return (
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) "
            f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changed}"
        )
