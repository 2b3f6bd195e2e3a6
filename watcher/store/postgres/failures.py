"""PostgreSQL's errors in words: what failed where, and what to do. A password never shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from watcher.errors import StoreAway, StoreError
from watcher.store.control import LeaseLost
from watcher.store.places import Server, hide_password

LEASE_LOST = "WL001"  # what watcher.fenced() raises
# The server is there, and this can't be done on it; all else passes by itself, or is a bug.
_ADVICE: tuple[tuple[type[psycopg.Error], str], ...] = (
    (
        errors.ReadOnlySqlTransaction,
        "is read-only, a replica perhaps: what writes needs the URL of the primary server",
    ),
    (errors.LockNotAvailable, "is in use by another session that did not end in time; try again"),
    (errors.QueryCanceled, "did not answer in time; try again"),
    (errors.DiskFull, "can't grow, its disk is full; free some space there"),
    (errors.TooManyConnections, "takes no more connections; raise max_connections there"),
)
_REFUSALS = (
    ("password", "; look at the URL, PGPASSWORD and ~/.pgpass"),
    ("does not exist", "; make it there: createdb or createuser NAME"),
    ("too many", "; end other programs, or raise max_connections there"),
)
# Classes of what passes by itself: a connection, a lock, a server that shuts down or starts up.
_PASSING = {"08", "25", "40", "53", "55", "57"}
_OUTER = errors.InsufficientPrivilege, errors.InvalidCatalogName
_OWN = errors.IntegrityError, errors.ProgrammingError, errors.DataError


def explain(error: psycopg.Error, place: Server) -> StoreError:
    """The server's error as one that says what is wrong with which store, and what to do."""
    if error.sqlstate == LEASE_LOST:
        return LeaseLost(f"{place}: another daemon has the book by now; nothing was written", place)
    if error.sqlstate is None and isinstance(error, psycopg.OperationalError):
        return StoreAway(f"{place}: {_unconnected(said(error, place))}", place)
    kind = StoreAway if (error.sqlstate or "")[:2] in _PASSING else StoreError
    for known, advice in _ADVICE:
        if isinstance(error, known):
            return kind(f"{place}: the database {advice}", place)
    if isinstance(error, errors.InsufficientPrivilege):
        return kind(f"{place}: the user of the URL may not do this: {said(error, place)}", place)
    return kind(f"{place}: the database failed: {said(error, place)}", place)


def _unconnected(words: str) -> str:
    """Why there is no connection; an error at its begin has no code."""
    _, fatal, why = words.rpartition("FATAL: ")
    if not fatal:
        return f"the server can't be reached, or hung up: {words}"
    advice = next((advice for hint, advice in _REFUSALS if hint in why), "")
    return f"the server refuses: {why.strip()}{advice}"


def said(error: psycopg.Error, place: Server) -> str:
    """The server's own words on one line."""
    primary = error.diag.message_primary or str(error)
    return hide_password(" ".join(primary.split()), place.url)


@contextmanager
def explained(place: Server) -> Iterator[None]:
    """Turns the server's errors of the outer world (not those of wrong SQL) into ``StoreError``."""
    try:
        yield
    except psycopg.Error as error:
        if isinstance(error, _OWN) and not isinstance(error, _OUTER) and error.sqlstate:
            raise
        raise explain(error, place) from error
