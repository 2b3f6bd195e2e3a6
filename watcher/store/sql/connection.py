"""One connection to a store, whatever its engine: transactions, statements, and a face's base."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np

from watcher.model import Floats
from watcher.store.places import Place
from watcher.store.records import Row
from watcher.store.sql.dialect import Dialect

T = TypeVar("T")
_FETCHED = 5_000
Values: TypeAlias = Sequence[object] | Mapping[str, object]


class Cursor(Protocol):
    """Rows that a statement gave, and how many it changed."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchmany(self, size: int, /) -> list[Any]: ...

    def fetchall(self) -> list[Any]: ...

    def __iter__(self) -> Iterator[Any]: ...


class Connection(ABC):
    """The base of the faces: one connection, bound to the thread that opened it. Parameters are
    written ``?``, ``?1`` or ``:name``. Errors of the outer world (not those of wrong SQL) are
    raised as ``StoreError``."""

    place: Place
    dialect: Dialect

    @abstractmethod
    def atomic(self) -> AbstractContextManager[None]:
        """All or nothing: a transaction in which nobody else writes; a savepoint where one is open
        already."""

    @abstractmethod
    def snapshot(self) -> AbstractContextManager[None]:
        """Several reads that see one state of the store."""

    def pipelined(self) -> AbstractContextManager[None]:
        """Inside a transaction: what is written need not be answered before what follows is sent.
        What failed may be heard later, at the end of it at the latest."""
        return nullcontext()

    @abstractmethod
    def explained(self) -> AbstractContextManager[None]:
        """Turns the engine's errors of the outer world into ``StoreError``."""

    def guarded(self) -> AbstractContextManager[None]:
        """Around what a writer does: nothing is done where that would be lost."""
        return self.explained()

    @abstractmethod
    def execute(self, sql: str, values: Values = ()) -> Cursor: ...

    @abstractmethod
    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """The statement once with each of these."""

    @abstractmethod
    def stream(self, sql: str, values: Values = ()) -> Iterator[Row]:
        """The statement's rows, read as they are asked for: there may be many, and large."""

    def table(self, sql: str, values: Values, width: int) -> Floats:
        """(n, width) the rows of a statement that gives numbers only; NULL is NaN."""
        cursor, parts = self.execute(sql, values), [np.zeros((0, width))]
        # In parts: rows as Python objects take many times what they do as an array.
        while part := cursor.fetchmany(_FETCHED):
            parts.append(np.array(part, np.float64))
        return np.concatenate(parts)

    def rows(self, sql: str, values: Values = ()) -> list[Row]:
        return self.execute(sql, values).fetchall()

    def one(self, sql: str, values: Values = ()) -> Row | None:
        row: Row | None = self.execute(sql, values).fetchone()
        return row

    def all(self, make: Callable[..., T], sql: str, values: Values = ()) -> list[T]:
        """Return what ``make`` makes of each row's columns."""
        return [make(*row) for row in self.rows(sql, values)]

    def value(self, sql: str, values: Values = ()) -> Any:
        """The first column of the first row; None where there is no row."""
        row = self.one(sql, values)
        return row[0] if row is not None else None

    def number(self, sql: str, values: Values = ()) -> int:
        """The one whole number that the statement gives; 0 where that is nothing or NULL."""
        return int(self.value(sql, values) or 0)

    def has(self, sql: str, values: Values = ()) -> bool:
        """Whether there is such a row."""
        return self.one(sql, values) is not None


class Face:
    """A part of the store, asked over a connection; ``_sql`` is how its engine says it."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._sql = db.dialect


def chunks(size: int, step: int = 50_000) -> Iterator[slice]:
    """Slices over ``size`` rows, so that a statement's parameter stays small."""
    return (slice(start, min(start + step, size)) for start in range(0, size, step))
