"""A book's schema and the role that owns it and nothing else. Roles are the server's, which may
have several databases of ours: a role's name holds its database's oid."""

from __future__ import annotations

from psycopg import sql

from watcher.store.postgres.sessions import BookNames, Session, row_of

# Tables bring the sequences and indexes along that are theirs.
_THINGS = """
SELECT format('ALTER TABLE %%s OWNER TO %%I', pg_class.oid::regclass, %(role)s::text)
FROM pg_class WHERE relnamespace = %(schema)s::text::regnamespace
    AND relkind IN ('r', 'p', 'v', 'm')
UNION ALL
SELECT format(
    'ALTER ROUTINE %%s OWNER TO %%I', pg_proc.oid::regprocedure, %(role)s::text
)
FROM pg_proc WHERE pronamespace = %(schema)s::text::regnamespace
"""
_SOUND = """
SELECT EXISTS (
    SELECT FROM pg_namespace JOIN pg_roles ON pg_roles.oid = nspowner
    WHERE nspname = %s AND rolname = %s
) AND pg_has_role(%s::name, 'MEMBER')
"""


def names_for(session: Session, book: str) -> BookNames:
    """The names of a book's schema and role in this database."""
    asked = "SELECT oid FROM pg_database WHERE datname = current_database()"
    return BookNames(f"book_{book}", f"watcher_{row_of(session, asked)[0]}_{book}")


def make(session: Session, names: BookNames) -> None:
    """The role and its schema, which are not there yet."""
    _make_role(session, names)
    _run(session, names, "CREATE SCHEMA {schema} AUTHORIZATION {role}")
    _grant(session, names)


def unmake(session: Session, names: BookNames) -> None:
    """Drop both, with all that the schema holds."""
    _run(
        session,
        names,
        "SET LOCAL ROLE {role}",  # a user without INHERIT has the right as the role only
        "DROP SCHEMA IF EXISTS {schema} CASCADE",
        "RESET ROLE",
        "REVOKE ALL ON SCHEMA watcher FROM {role}",
        "REVOKE ALL ON ALL FUNCTIONS IN SCHEMA watcher FROM {role}",
        "DROP ROLE {role}",
    )


def is_sound(session: Session, names: BookNames) -> bool:
    """Whether the schema is its role's, and ours to use. It is not in a database that was restored
    elsewhere, or copied, for the roles of a server are in no dump of a database."""
    if not _has_role(session, names):
        return False
    return bool(row_of(session, _SOUND, names.schema, names.role, names.role)[0])


def mend(session: Session, names: BookNames) -> None:
    """Give the schema and all in it to the role, made where it is not there."""
    if not _has_role(session, names):
        _make_role(session, names)
    _run(
        session,
        names,
        "CREATE SCHEMA IF NOT EXISTS {schema}",
        "ALTER SCHEMA {schema} OWNER TO {role}",
    )
    asked = {"role": names.role, "schema": f'"{names.schema}"'}
    for (statement,) in session.execute(_THINGS, asked).fetchall():
        session.execute(statement.encode())
    _grant(session, names)


def _has_role(session: Session, names: BookNames) -> bool:
    asked = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)"
    return bool(row_of(session, asked, names.role)[0])


def _make_role(session: Session, names: BookNames) -> None:
    # Whoever makes a role may not become it by that alone from PostgreSQL 16 on.
    _run(session, names, "CREATE ROLE {role} NOLOGIN", "GRANT {role} TO CURRENT_USER")


def _grant(session: Session, names: BookNames) -> None:
    _run(
        session,
        names,
        "REVOKE ALL ON SCHEMA {schema} FROM PUBLIC",
        "GRANT USAGE ON SCHEMA watcher TO {role}",
        "GRANT EXECUTE ON FUNCTION watcher.fenced(bigint), watcher.mark(uuid),"
        " watcher.marked(uuid) TO {role}",
    )


def _run(session: Session, names: BookNames, *statements: str) -> None:
    known = {"schema": sql.Identifier(names.schema), "role": sql.Identifier(names.role)}
    for statement in statements:
        session.execute(sql.SQL(statement).format(**known))
