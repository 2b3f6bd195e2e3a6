"""One connection to a book on a server: transactions that one writer has at a time, a COMMIT whose
outcome is asked for where it was not heard, and a connection that is made anew when it broke."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import count
from typing import NamedTuple
from uuid import UUID, uuid4

import psycopg
from psycopg import RawCursor, RawServerCursor
from psycopg.pq import PipelineStatus, TransactionStatus

from watcher.errors import StoreAway, StoreError
from watcher.store.control import Lease
from watcher.store.places import Place, Server
from watcher.store.postgres import book_session
from watcher.store.postgres.arrays import TextArray, WholeArray
from watcher.store.postgres.dialect import POSTGRES
from watcher.store.postgres.failures import explained
from watcher.store.postgres.sessions import Session, application_name
from watcher.store.postgres.translating import parameters, translated, writes
from watcher.store.records import Row
from watcher.store.sql.connection import Connection, Values

_OUTCOME_SECONDS = 60.0  # for which the outcome of a COMMIT is asked for
_POLL_SECONDS = 0.1
_AT_ONCE = 32  # rows of a stream that are read at once: lists of scans may be large
_NOBODY = "-"  # the holder of a connection without a lease


class _Transaction(NamedTuple):
    """The number of a transaction and the mark in it, for when the answer to COMMIT is lost."""

    id: str
    mark: UUID


class _Cursor(RawCursor[Row]):
    """Knows how many rows were changed, also where the answer has not been read yet."""

    @property
    def rowcount(self) -> int:
        self._fetch_pipeline()
        return super().rowcount


class PostgresConnection(Connection):
    """One session of a book's role, bound to the thread that opened it."""

    dialect = POSTGRES

    def __init__(
        self, server: Server, *, lease: Lease | None = None, readonly: bool = False
    ) -> None:
        self.server = server
        self.place: Place = server
        self._lease = lease
        self._readonly = readonly
        self._name = application_name(lease.holder if lease else _NOBODY, server.book)
        self._depth = 0  # of transactions: BEGIN, and savepoints inside
        self._streams = count(1)
        with self.explained():
            self.conn = self._connect()

    def _connect(self) -> Session:
        return book_session.connect(self.server, self._name, readonly=self._readonly)

    def explained(self) -> AbstractContextManager[None]:
        return explained(self.server)

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """One writer a book at a time, and none whose lease is lost (``LeaseLost``). A connection
        that dies during COMMIT is asked for the outcome: the caller hears of it only where nothing
        was kept (``StoreError``)."""
        with self.explained():
            if self._depth:
                with self._savepoint():
                    yield
                return
            transaction = self._begin()
            try:
                with self._inside():
                    yield
            except BaseException:
                self._roll_back()
                raise
            self._commit(transaction)

    @contextmanager
    def pipelined(self) -> Iterator[None]:
        with self.explained(), self.conn.pipeline():
            yield

    @contextmanager
    def _savepoint(self) -> Iterator[None]:
        name = f"s{self._depth}"
        self._command(f"SAVEPOINT {name}")
        try:
            with self._inside():
                yield
        except BaseException:
            with suppress(psycopg.Error):  # the first error is the one to hear of
                self._command(f"ROLLBACK TO {name}; RELEASE {name}")
            raise
        self._command(f"RELEASE {name}")

    @contextmanager
    def _inside(self) -> Iterator[None]:
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        with self.explained():
            self._fresh("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            try:
                with self._inside():
                    yield
            finally:
                self._roll_back()

    def _begin(self) -> _Transaction | None:
        """The transaction that begins, None where nothing can be written. Who waits for the lock
        sees what was written before it."""
        if self._readonly:
            self._fresh("BEGIN")
            return None
        fence = self._lease.fence if self._lease else None
        held = "TRUE" if fence is None else f"watcher.fenced({int(fence)})"
        mark = uuid4()
        found = self._fresh(
            f"BEGIN; SELECT pg_advisory_xact_lock({book_session.lock_of(self.server)}); "
            f"SELECT {held}, pg_current_xact_id()::text, watcher.mark('{mark}')"
        )
        return _Transaction(str(found[1]), mark) if found else None

    def _commit(self, transaction: _Transaction | None) -> None:
        try:
            cursor = self.conn.execute("COMMIT", prepare=False)
        except psycopg.OperationalError:
            if not self.conn.broken:  # the server itself said no
                self._roll_back()
                raise
            if transaction is None:  # nothing was written
                raise
            self._settle(transaction)
            return
        if cursor.statusmessage != "COMMIT":
            raise StoreError(
                f"{self.server}: a statement of the transaction had failed; nothing was kept",
                self.server,
            )

    def _settle(self, transaction: _Transaction) -> None:
        """Ask for the outcome of a COMMIT that was not heard. ``StoreError`` where nothing was
        kept, or nobody could say."""
        until = time.monotonic() + _OUTCOME_SECONDS
        while True:
            kept = self._is_kept(transaction)
            if kept:
                return
            if kept is False or time.monotonic() > until:
                outcome = "whether it was kept is not known" if kept is None else "nothing was kept"
                raise StoreAway(
                    f"{self.server}: the connection was lost during a commit; {outcome}",
                    self.server,
                )
            time.sleep(_POLL_SECONDS)

    def _is_kept(self, transaction: _Transaction) -> bool | None:
        """None while it is not decided, or the server can't be asked."""
        try:
            self._reconnect()
            if self._is_in_progress(transaction.id):
                return None
            sql = "SELECT watcher.marked(%s)"  # in a snapshot of its own, once that is decided
            row = self.conn.execute(sql, (transaction.mark,)).fetchone()
        except (psycopg.OperationalError, StoreError):
            return None
        return row is not None and bool(row[0])

    def _is_in_progress(self, transaction: str) -> bool:
        sql = "SELECT pg_xact_status(%s::text::xid8)"
        try:
            row = self.conn.execute(sql, (transaction,)).fetchone()
        except psycopg.errors.InvalidParameterValue:  # a server that never heard of it
            return False
        return row is not None and row[0] == "in progress"

    def _roll_back(self) -> None:
        with suppress(psycopg.Error):
            if not self.conn.closed:
                self.conn.execute("ROLLBACK", prepare=False)

    def _reconnect(self) -> None:
        if self.conn.closed:
            self.conn = self._connect()

    def _fresh(self, sql: str) -> Row | None:
        """The last row of the first commands of a transaction. Those are sent once more where the
        connection broke while nobody used it."""
        for is_last in (self.conn.closed, True):
            self._reconnect()
            try:
                return self._command(sql)
            except BaseException as error:
                self._roll_back()
                if is_last or not (isinstance(error, psycopg.Error) and self.conn.closed):
                    raise
        return None

    def _command(self, sql: str) -> Row | None:
        """Several statements without parameters in one round trip; the last one's row."""
        cursor = self.conn.execute(sql.encode(), prepare=False)
        while cursor.nextset():
            pass
        return cursor.fetchone() if cursor.description else None

    def execute(self, sql: str, values: Values = ()) -> RawCursor[Row]:
        with self.explained():
            if self._depth:
                return self._ask(sql, values)
            if writes(sql):
                with self.atomic():
                    return self._ask(sql, values)
            was_closed = self.conn.closed
            self._reconnect()
            try:
                return self._ask(sql, values)
            except psycopg.OperationalError:
                if was_closed or not self.conn.closed:
                    raise
                self._reconnect()  # it broke while nobody used it
                return self._ask(sql, values)

    def _ask(self, sql: str, values: Values) -> RawCursor[Row]:
        text, names = translated(sql)
        cursor = _Cursor(self.conn)
        given = parameters(names, values)
        # How a list is best gone through follows from how long it is.
        lists = any(isinstance(each, (TextArray, WholeArray)) for each in given)
        cursor.execute(text.encode(), given, binary=True, prepare=False if lists else None)
        return cursor

    def many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        text, names = translated(sql)
        given = [parameters(names, row) for row in rows]
        if not given:
            return
        with self.atomic():
            RawCursor(self.conn).executemany(text.encode(), given)

    def stream(self, sql: str, values: Values = ()) -> Iterator[Row]:
        text, names = translated(sql)
        with self.explained():
            if not self._depth:
                self._reconnect()
            cursor = RawServerCursor(
                self.conn, f"stream{next(self._streams)}", withhold=not self._depth
            )
            cursor.itersize = _AT_ONCE
            try:
                cursor.execute(text.encode(), parameters(names, values), binary=True)
                # Not "yield from", which would close it without regard to a dead connection.
                for row in cursor:  # noqa: UP028
                    yield row
            finally:
                _let_go(cursor)

    @property
    def is_pipelined(self) -> bool:
        return self.conn.pgconn.pipeline_status != PipelineStatus.OFF

    @property
    def in_transaction(self) -> bool:
        return self.conn.info.transaction_status != TransactionStatus.IDLE

    def close(self) -> None:
        """End the session."""
        self.conn.close()


def _let_go(cursor: RawServerCursor[Row]) -> None:
    """Close it: once more where that shows that its connection is dead, for then it is simple."""
    for _ in range(2):
        with suppress(psycopg.Error):
            cursor.close()
            return
