"""The schema ``watcher`` of a server's database: what all books share. It belongs to the user of
the URL. Migrations only add, for daemons of two versions may work side by side."""

from __future__ import annotations

from psycopg import errors, sql

from watcher.errors import StoreError
from watcher.store.places import Server, shown
from watcher.store.postgres.failures import LEASE_LOST, said
from watcher.store.postgres.sessions import Session, has_control

# A book's own transactions hold its lease's row FOR KEY SHARE: a renewal, which changes none of
# the columns of a unique index, goes on beside them; a takeover changes the fence, and waits.
_BOOKS = """
CREATE TABLE watcher.books (
    name text PRIMARY KEY,
    schema name NOT NULL UNIQUE,
    role name NOT NULL UNIQUE,
    created bigint NOT NULL DEFAULT extract(epoch FROM clock_timestamp())::bigint
);
CREATE TABLE watcher.contents (
    book text NOT NULL REFERENCES watcher.books ON DELETE CASCADE,
    hash bytea NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (book, hash)
);
CREATE TABLE watcher.revisions (
    book text NOT NULL REFERENCES watcher.books ON DELETE CASCADE,
    number integer NOT NULL CHECK (number > 0),
    digest text NOT NULL,
    pushed bigint NOT NULL DEFAULT extract(epoch FROM clock_timestamp())::bigint,
    by text NOT NULL,
    comment text NOT NULL DEFAULT '',
    PRIMARY KEY (book, number)
);
CREATE TABLE watcher.files (
    book text NOT NULL,
    number integer NOT NULL,
    name text NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (book, number, name),
    FOREIGN KEY (book, number) REFERENCES watcher.revisions ON DELETE CASCADE,
    FOREIGN KEY (book, hash) REFERENCES watcher.contents
);
CREATE TABLE watcher.leases (
    book text PRIMARY KEY REFERENCES watcher.books ON DELETE CASCADE,
    holder text,
    former text,
    fence bigint NOT NULL DEFAULT 0,
    until timestamptz NOT NULL DEFAULT to_timestamp(0),
    since bigint NOT NULL DEFAULT 0,
    ill text
) WITH (fillfactor = 50);
CREATE UNIQUE INDEX leases_fence ON watcher.leases (book, fence);
CREATE TABLE watcher.daemons (
    id text PRIMARY KEY,
    host text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,
    page text,
    started bigint NOT NULL,
    seen timestamptz NOT NULL DEFAULT clock_timestamp(),
    wanted text[],
    refused text[] NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);
"""

# Anybody may send to a channel whose name is known: this one is known to the user of the URL only.
_CHANNEL = """
CREATE TABLE watcher.settings (name text PRIMARY KEY, value text NOT NULL);
INSERT INTO watcher.settings
    VALUES ('channel', 'watcher_' || replace(gen_random_uuid()::text, '-', ''));
"""

# Of the role that asks, whoever logged in: `role` is what the session has become. It is the only
# thing here that a book's role may use.
_FENCED = f"""
CREATE FUNCTION watcher.fenced(wanted bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
    asking name := coalesce(nullif(current_setting('role'), 'none'), session_user);
BEGIN
    PERFORM FROM watcher.leases
        WHERE book = (SELECT books.name FROM watcher.books WHERE role = asking)
        AND fence = wanted AND holder IS NOT NULL
        FOR KEY SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the lease of this book is lost' USING ERRCODE = '{LEASE_LOST}';
    END IF;
    RETURN true;
END
$body$;
REVOKE ALL ON FUNCTION watcher.fenced(bigint) FROM PUBLIC;
"""

# The SHA-256 of the token of a book's page, and how a simulated clock goes that it lives by.
_PAGE = "ALTER TABLE watcher.books ADD COLUMN token text, ADD COLUMN clock bytea"

# A writer whose COMMIT was not answered finds by its mark, which is of the transaction itself,
# whether it was kept. The transaction's number alone can't say: after a crash, or on a replica that
# was promoted and had never heard of it, it is another one's. Several marks are kept, for others
# may write before it can ask.
_MARKS = """
CREATE TABLE watcher.marks (
    book text PRIMARY KEY REFERENCES watcher.books ON DELETE CASCADE,
    marks uuid[] NOT NULL
) WITH (fillfactor = 50);
CREATE FUNCTION watcher.mark(given uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    INSERT INTO watcher.marks AS kept (book, marks)
        SELECT name, ARRAY[given] FROM watcher.books
        WHERE role = coalesce(nullif(current_setting('role'), 'none'), session_user)
        ON CONFLICT (book) DO UPDATE SET marks = (excluded.marks || kept.marks)[1:8];
END
$body$;
CREATE FUNCTION watcher.marked(given uuid) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
    RETURN EXISTS (
        SELECT FROM watcher.marks JOIN watcher.books ON name = book
        WHERE role = coalesce(nullif(current_setting('role'), 'none'), session_user)
        AND given = ANY (marks)
    );
END
$body$;
REVOKE ALL ON FUNCTION watcher.mark(uuid), watcher.marked(uuid) FROM PUBLIC;
"""

MIGRATIONS = (
    ("m001_books", _BOOKS),
    ("m002_channel", _CHANNEL),
    ("m003_fenced", _FENCED),
    ("m004_page", _PAGE),
    ("m005_marks", _MARKS),
)

_LOCK = 0x7761746368657200  # "watcher": of who migrates


def migrate(session: Session, place: Server) -> None:
    """Make what is missing; what a newer watcher added stays and is not minded."""
    if not (set(dict(MIGRATIONS)) - _applied(session)):
        return
    try:
        with session.transaction():
            session.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            session.execute("CREATE SCHEMA IF NOT EXISTS watcher")
            session.execute(
                "CREATE TABLE IF NOT EXISTS watcher.migrations (name text PRIMARY KEY,"
                " applied timestamptz NOT NULL DEFAULT clock_timestamp())"
            )
            done = _applied(session)
            for name, script in MIGRATIONS:
                if name not in done:
                    session.execute(script)
                    session.execute("INSERT INTO watcher.migrations (name) VALUES (%s)", (name,))
    except errors.InsufficientPrivilege as error:
        raise lacking(session, place, error) from error


def _applied(session: Session) -> set[str]:
    if not has_control(session):
        return set()
    return {str(name) for (name,) in session.execute("SELECT name FROM watcher.migrations")}


def lacking(session: Session, place: Server, error: errors.InsufficientPrivilege) -> StoreError:
    """The error that says what an administrator must run once, where the user of the URL may not
    make books."""
    user, database = session.info.user, session.info.dbname
    create = sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(
        sql.Identifier(database), sql.Identifier(user)
    )
    role = sql.SQL("ALTER ROLE {} CREATEROLE").format(sql.Identifier(user))
    return StoreError(
        f"{shown(place.url)}: the user {user} may not make a book's schema and role "
        f"({said(error, place)}); an administrator runs once: "
        f"{create.as_string()}; {role.as_string()};",
        place,
    )
