"""Books: each a schema and a role of its own, and the rule files that were pushed for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, LiteralString

from psycopg import errors
from psycopg.rows import class_row

from watcher.errors import StoreError
from watcher.store.control import Raced, Revision, described, digest_of, refuse_files, refuse_name
from watcher.store.nul import NUL
from watcher.store.places import Server
from watcher.store.postgres.control_schema import lacking
from watcher.store.postgres.leases import Begin, Tell, end
from watcher.store.postgres.roles import is_sound, make, mend, names_for, unmake
from watcher.store.postgres.sessions import Session, names_of, no_book, row_of

_REVISION = "SELECT book, number, digest, pushed, by, comment FROM watcher.revisions"
_NEWEST = f"{_REVISION} WHERE book = %s ORDER BY number DESC LIMIT 1"
_HISTORY = f"{_REVISION} WHERE book = %s ORDER BY number DESC"
_ONE = f"{_REVISION} WHERE book = %s AND number = %s"
_FILES = """
SELECT files.name, contents.content
FROM watcher.files JOIN watcher.contents USING (book, hash)
WHERE book = %s AND number = %s ORDER BY files.name COLLATE "C"
"""
_HELD = """
SELECT holder FROM watcher.leases
WHERE book = %s AND holder IS NOT NULL AND until > clock_timestamp()
"""
_RUN_OUT = "UPDATE watcher.leases SET until = clock_timestamp() WHERE book = %s"


class PostgresBooks:
    """Books by name."""

    def __init__(self, begin: Begin, tell: Tell, place: Server) -> None:
        self._begin = begin
        self._tell = tell
        self._place = place

    def names(self) -> Sequence[str]:
        with self._begin() as session:
            rows = session.execute('SELECT name FROM watcher.books ORDER BY name COLLATE "C"')
            return [str(name) for (name,) in rows]

    def create(self, book: str) -> None:
        refuse_name(book)
        with self._begin() as session:
            if _exists(session, book) and is_sound(session, names_for(session, book)):
                return
        # Two who make it at once: the second waits for the first one's row, and finds it there.
        with self._begin() as session:
            try:
                _make(session, book)
            except errors.InsufficientPrivilege as error:
                raise lacking(session, self._place, error) from error
            self._tell(session, "lease", book)

    def drop(self, book: str, *, held: bool = False) -> None:
        with self._begin() as session:
            self._known(session, book)
            if held and (holder := session.execute(_HELD, (book,)).fetchone()):
                # Lest one that stands still inside a transaction keeps us waiting.
                session.execute(_RUN_OUT, (book,))
                end(session, book, holder[0], whole=True)
            # The lease can't be taken, nor anything be written under it, until all is gone.
            session.execute("SELECT FROM watcher.leases WHERE book = %s FOR UPDATE", (book,))
            if not held and (holder := session.execute(_HELD, (book,)).fetchone()):
                raise self._failure(
                    f"the daemon {holder[0]} holds the book {book} and works on it; to drop it all "
                    f"the same: `watcher books drop {book} --force`"
                )
            unmake(session, names_of(session, book, self._place))
            session.execute("DELETE FROM watcher.files WHERE book = %s", (book,))
            session.execute("DELETE FROM watcher.books WHERE name = %s", (book,))
            self._tell(session, "lease", book)

    def push(
        self,
        book: str,
        files: Mapping[str, bytes],
        *,
        expected: str | None,
        by: str,
        comment: str = "",
    ) -> Revision:
        refuse_files(files)
        digest = digest_of(files)
        with self._begin() as session:
            self._known(session, book)
            # One push a book at a time: the next one sees this one's revision.
            session.execute("SELECT FROM watcher.books WHERE name = %s FOR NO KEY UPDATE", (book,))
            newest = _newest(session, book)
            if newest is not None and newest.digest == digest:
                return newest
            if (None if newest is None else newest.digest) != expected:
                raise self._raced(book, newest)
            number = 1 if newest is None else newest.number + 1
            _insert(session, Revision(book, number, digest, 0, _plain(by), _plain(comment)), files)
            self._tell(session, "rules", book)
            return Revision(*row_of(session, _NEWEST, book))

    def current(self, book: str) -> Revision | None:
        with self._begin() as session:
            self._known(session, book)
            return _newest(session, book)

    def history(self, book: str) -> Sequence[Revision]:
        with self._begin() as session, session.cursor(row_factory=class_row(Revision)) as cursor:
            self._known(session, book)
            return cursor.execute(_HISTORY, (book,)).fetchall()

    def files(self, book: str, number: int) -> dict[str, bytes]:
        with self._begin() as session:
            self._known(session, book)
            if session.execute(_ONE, (book, number)).fetchone() is None:
                raise self._failure(
                    f"the book {book} has no revision {number}; "
                    f"`watcher rules history --book {book}` shows those that it has"
                )
            return {
                name: bytes(content) for name, content in session.execute(_FILES, (book, number))
            }

    def keep_clock(self, book: str, clock: bytes | None) -> None:
        with self._begin() as session:
            session.execute("UPDATE watcher.books SET clock = %s WHERE name = %s", (clock, book))

    def clock(self, book: str) -> bytes | None:
        found = dict(self._column("clock")).get(book)
        return None if found is None else bytes(found)

    def set_token(self, book: str, digest: str | None) -> None:
        with self._begin() as session:
            self._known(session, book)
            session.execute("UPDATE watcher.books SET token = %s WHERE name = %s", (digest, book))

    def tokens(self) -> dict[str, str]:
        return {book: str(token) for book, token in self._column("token")}

    def _column(self, name: LiteralString) -> list[tuple[str, Any]]:
        """A column of the books that have something in it; nothing where an older watcher made the
        table, and nobody has added it yet."""
        asked = f"SELECT name, {name} FROM watcher.books WHERE {name} IS NOT NULL"
        try:
            with self._begin() as session:
                return session.execute(asked).fetchall()
        except errors.UndefinedColumn:
            return []

    def _known(self, session: Session, book: str) -> None:
        refuse_name(book)
        if not _exists(session, book):
            raise self._failure(no_book(book))

    def _raced(self, book: str, newest: Revision | None) -> StoreError:
        if newest is None:
            words = f"the book {book} has no rules yet, and others were expected"
        else:
            words = f"the book {book} has other rules by now: {described(newest)}"
        return Raced(
            f"{self._place}: {words}; nothing was pushed. Look at them by "
            "`watcher rules diff`, then push again",
            self._place,
        )

    def _failure(self, words: str) -> StoreError:
        return StoreError(f"{self._place}: {words}", self._place)


def _exists(session: Session, book: str) -> bool:
    asked = "SELECT FROM watcher.books WHERE name = %s"
    return session.execute(asked, (book,)).fetchone() is not None


def _newest(session: Session, book: str) -> Revision | None:
    with session.cursor(row_factory=class_row(Revision)) as cursor:
        return cursor.execute(_NEWEST, (book,)).fetchone()


def _insert(session: Session, made: Revision, files: Mapping[str, bytes]) -> None:
    session.execute(
        "INSERT INTO watcher.revisions (book, number, digest, by, comment)"
        " VALUES (%s, %s, %s, %s, %s)",
        (made.book, made.number, made.digest, made.by, made.comment),
    )
    hashes = {name: sha256(content).digest() for name, content in files.items()}
    with session.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO watcher.contents VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [(made.book, hashes[name], content) for name, content in files.items()],
        )
        cursor.executemany(
            "INSERT INTO watcher.files VALUES (%s, %s, %s, %s)",
            [(made.book, made.number, name, hashed) for name, hashed in hashes.items()],
        )


def _make(session: Session, book: str) -> None:
    """A book's rows, role and schema; of one that is there the schema is given to its role again,
    where it has come into another database or server than the role."""
    names = names_for(session, book)
    made = session.execute(
        "INSERT INTO watcher.books (name, schema, role) VALUES (%s, %s, %s)"
        " ON CONFLICT (name) DO NOTHING RETURNING name",
        (book, names.schema, names.role),
    ).fetchone()
    if made is not None:
        session.execute("INSERT INTO watcher.leases (book) VALUES (%s)", (book,))
        make(session, names)
    elif not is_sound(session, names):
        mend(session, names)
        asked = "UPDATE watcher.books SET role = %s WHERE name = %s"
        session.execute(asked, (names.role, book))


def _plain(text: str) -> str:
    """A text that PostgreSQL takes, on one line."""
    return " ".join(text.replace(NUL, " ").split())[:500]
