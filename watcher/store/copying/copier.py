"""One store's rows into another, empty one: in batches, each with a mark of how far it is, so that
who was ended at any time goes on where it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from msgspec import Struct

from watcher.errors import StoreError
from watcher.store.copying.canonical import Batch, Key, Table, Total
from watcher.store.records import Progress


class CopyMark(Struct, frozen=True):
    """The point up to which a table was copied: a key, and what that came to at its source."""

    key: Key
    total: Total


class CopySource(Protocol):
    """A store that is read. Tables are those with rows of the book, by name."""

    name: str

    def snapshot(self) -> AbstractContextManager[None]:
        """Reads that see one state."""

    def tables(self) -> Mapping[str, Table]: ...

    def count(self, table: Table) -> int: ...

    def read(
        self, table: Table, after: Key | None = None, until: Key | None = None
    ) -> Iterator[Batch]:
        """The rows after a key, up to one and with it, in the keys' order."""

    def last_ids(self) -> Mapping[str, int]:
        """The last id that was ever given, by table, of those whose ids are never given again."""


class CopyTarget(CopySource, Protocol):
    """A store that is written."""

    def begin(self) -> Mapping[str, CopyMark]:
        """Begin, or go on: the marks of the tables that a copy is in. ``StoreError`` where there is
        anything that no copy put there."""

    def begin_anew(self) -> None:
        """Remove what was copied."""

    def write(self, table: Table, batch: Batch, mark: CopyMark) -> None:
        """Rows and mark, both or none."""

    def finish(self, last_ids: Mapping[str, int]) -> None:
        """Ids go on after those; the marks go: from now on it is a store like any other."""


class Counted(Struct, frozen=True):
    """A table that is the same in both stores."""

    table: str
    rows: int
    checksum: str


class _Changed(Exception):
    """The source has something else now than what was copied."""

    def __init__(self, table: str) -> None:
        super().__init__(table)
        self.table = table


@dataclass(slots=True)
class Copier:
    """One copy. ``progress`` hears rows done and of how many, each of which is copied and then
    compared; ``say`` hears in words what is out of the ordinary."""

    source: CopySource
    target: CopyTarget
    progress: Progress = lambda _done, _total: None
    say: Callable[[str], None] = lambda _text: None
    compares: bool = True  # at the end; what is only tried on is not worth as much again
    _totals: dict[str, Total] = field(default_factory=dict)

    def run(self) -> Sequence[Counted]:
        """Copy, compare, finish. Raises ``StoreError``, also where the two differ at the end."""
        with self.source.snapshot():
            tables = self._tables()
            marks = self.target.begin()
            if marks:
                self.say(f"{self.target.name}: going on with a copy that was cut off.")
            try:
                self._copy(tables, marks)
            except _Changed as changed:
                self.say(
                    f"{self.source.name}: its {changed.table} changed since the copy began; begun "
                    "anew."
                )
                self.target.begin_anew()
                self._copy(tables, {})
            last_ids = self.source.last_ids()
        if self.compares:
            self._compare(tables)
        self.target.finish(last_ids)
        return [Counted(name, each.rows, each.hex) for name, each in self._totals.items()]

    def _tables(self) -> Sequence[Table]:
        """The source's tables, which the target has, too."""
        ours, theirs = self.source.tables(), self.target.tables()
        for name in sorted(ours.keys() | theirs.keys()):
            mine = set(ours[name].columns) if name in ours else set()
            other = set(theirs[name].columns) if name in theirs else set()
            if mine != other:
                what = ", ".join(f"{name}.{column}" for column in sorted(mine ^ other))
                raise StoreError(
                    f"{self.source.name} and {self.target.name} differ in {what}: one of them was "
                    "made by another version of watcher; nothing was copied",
                    None,
                )
        return [ours[name] for name in sorted(ours)]

    def _copy(self, tables: Sequence[Table], marks: Mapping[str, CopyMark]) -> None:
        self._totals.clear()
        total = 2 * sum(self.source.count(table) for table in tables)
        done = 0
        for table in tables:
            mark = marks.get(table.name)
            sofar = Total() if mark is None else self._checked(table, mark)
            for batch in self.source.read(table, mark.key if mark else None):
                sofar += batch.total
                self.target.write(table, batch, CopyMark(batch.last(table), sofar))
                self.progress(done + sofar.rows, total)
            done += sofar.rows
            self._totals[table.name] = sofar
            self.progress(done, total)

    def _checked(self, table: Table, mark: CopyMark) -> Total:
        """The source's rows up to the mark, which are those that were copied then."""
        found = Total()
        for batch in self.source.read(table, until=mark.key):
            found += batch.total
        if found != mark.total:
            raise _Changed(table.name)
        return found

    def _compare(self, tables: Sequence[Table]) -> None:
        done, differ = sum(each.rows for each in self._totals.values()), []
        total = 2 * done
        for table in tables:
            found = Total()
            for batch in self.target.read(table):
                found += batch.total
                self.progress(done + found.rows, total)
            done += found.rows
            wanted = self._totals[table.name]
            if found != wanted:
                differ.append(
                    f"{table.name} ({wanted.rows:,} rows, checksum {wanted.hex}, became "
                    f"{found.rows:,}, {found.hex})"
                )
        if differ:
            self.target.begin_anew()
            raise StoreError(
                f"{self.target.name} is not what {self.source.name} is: {', '.join(differ)}; what "
                "was copied was removed again",
                None,
            )
