"""PostgreSQL's errors in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from watcher.errors import StoreError

_SERVER = "look at the server, its address and the network"
_LOGIN = "look at user and password (in the URL, PGPASSWORD or ~/.pgpass) and at pg_hba.conf"
# By the code of the error, or by its class (the first two letters).
_ADVICE = {
    "25006": "is a read-only replica; name the server that takes writes (--db)",
    "25P03": "ended a transaction that stood still; it is tried again",
    "28": f"refuses the login; {_LOGIN}",
    "3D": "does not exist on that server; make it: createdb NAME",
    "40": "had another writer in the way; it is tried again",
    "42501": "does not allow this; the user must own the database's schemas",
    "53100": "can't grow, the server's disk is full; free some space",
    "53300": "has no connection left; end other programs, or raise max_connections",
    "53": "has no memory or disk left; look at the server",
    "55P03": "is locked by another program; end that program or wait for it",
    "57014": "took too long to answer; look at what else the server does",
    "57": f"is shut down, or starts up, or ended this session; {_SERVER}",
    "58": "reports an error of its disk; look at the server's log",
    "XX": "reports damage or a fault of its own; look at the server's log",
    "08": f"can't be reached; {_SERVER}",
}  # fmt: skip
_OURS = (psycopg.IntegrityError, psycopg.ProgrammingError, psycopg.DataError)


def explain(error: psycopg.Error, place: object) -> StoreError:
    """The error as one that says what is wrong with which server, and what to do."""
    code = error.sqlstate
    if code is None:
        text = " ".join(str(error).split())
        return StoreError(f"{place}: the database can't be reached ({text}); {_SERVER}", place)
    advice = _ADVICE.get(code) or _ADVICE.get(code[:2])
    what = error.diag.message_primary or str(error)
    return StoreError(f"{place}: the database {advice or f'failed: {what}'}", place)


def is_of_outer_world(error: psycopg.Error) -> bool:
    """Whether it is none of wrong SQL, or of values that no table takes."""
    code = error.sqlstate or ""
    return not isinstance(error, _OURS) or code in _ADVICE or code[:2] in {"3D", "28"}


@contextmanager
def explained(place: object) -> Iterator[None]:
    """Turns PostgreSQL's errors of the outer world (not those of wrong SQL) into ``StoreError``."""
    try:
        yield
    except psycopg.Error as error:
        if not is_of_outer_world(error):
            raise
        raise explain(error, place) from error
