"""PostgreSQL's errors in words: what failed where, and what to do. A password never shows."""

from __future__ import annotations

import re
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
# Of a connection that was refused only the words are known: in English here, as most servers speak.
_FULL = (
    ("too many connections for role",
     "gives this user no more connections; raise its limit there: ALTER ROLE ... CONNECTION LIMIT"),
    ("too many connections for database",
     "gives this database no more connections; raise the limit there: ALTER DATABASE ..."),
    ("too many c", "takes no more connections; raise max_connections there"),
    ("connection slots", "takes no more connections; raise max_connections there"),
)  # fmt: skip
# ... and these do not pass by themselves.
_REFUSED = (
    ("no password supplied", "asks for a password: give one by PGPASSWORD, ~/.pgpass or the URL"),
    ("password authentication", "refuses the password; see the URL, PGPASSWORD, ~/.pgpass"),
    ("no pg_hba.conf entry", "lets this user not in from here; see pg_hba.conf there"),
    ("is not permitted to log in", "lets this user not log in; there: ALTER ROLE ... LOGIN"),
    ("is not currently accepting connections", "has closed this database; see who did, and why"),
    ("database \"", "has no such database; make it there: createdb NAME"),
    ("role \"", "has no such user; make it there: createuser NAME"),
)  # fmt: skip
# What libpq adds around why it has no connection; the advice says it.
_AROUND = re.compile(
    r"^connection failed: (?:connection to )?|\s*Is the server running [^?]*\?"
    r"|\s*This probably means the server terminated abnormally[^.]*\."
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
        return _unreached(said(error, place), place)
    kind = StoreAway if (error.sqlstate or "")[:2] in _PASSING else StoreError
    for known, advice in _ADVICE:
        if isinstance(error, known):
            return kind(f"{place}: the database {advice}", place)
    if isinstance(error, errors.InsufficientPrivilege):
        return kind(f"{place}: the user of the URL may not do this: {said(error, place)}", place)
    return kind(f"{place}: the database failed: {said(error, place)}", place)


def _unreached(words: str, place: Server) -> StoreError:
    """The error of no connection; what the server said stands at the end."""
    for kind, known in ((StoreAway, _FULL), (StoreError, _REFUSED)):
        for part, advice in known:
            if part in words and ("FATAL" in words or "supplied" in words):
                why = words.rpartition("FATAL:")[2].strip()
                return kind(f"{place}: the server {advice} ({why})", place)
    why = _AROUND.sub("", words).rstrip(".")
    return StoreAway(
        f"{place}: the server can't be reached, or hung up ({why}); see whether it runs and the "
        "URL is right",
        place,
    )


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
