"""What the server refuses, in words that say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest

from watcher.errors import StoreError
from watcher.store.engine import open_control


@pytest.fixture
def user(postgres_url: str) -> Iterator[str]:
    """A user who may log in, and is gone afterwards."""
    name = f"u{uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f'CREATE ROLE "{name}" LOGIN'.encode())
        yield name
        admin.execute(f'DROP ROLE "{name}"'.encode())


def _refused(url: str) -> str:
    with pytest.raises(StoreError) as refused:
        open_control(url)
    return str(refused.value)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("ROLE {user} CONNECTION LIMIT 0", "gives this user no more connections; .* CONNECTION"),
        ("ROLE {user} NOLOGIN", "lets this user not log in; .* LOGIN"),
        ("DATABASE {database} CONNECTION LIMIT 0", "gives this database no more connections"),
        ("DATABASE {database} ALLOW_CONNECTIONS false", "has closed this database"),
    ],
)
def test_what_a_server_does_not_let_in(
    postgres_url: str, user: str, setting: str, said: str
) -> None:
    """Each by its own reason: a user who is there is not called one who is not."""
    server, _, database = postgres_url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f"ALTER {setting.format(user=user, database=database)}".encode())
    words = _refused(postgres_url.replace("watcher@", f"{user}@"))
    assert "has no such" not in words
    assert re.search(said, words), words


def test_no_server_there() -> None:
    """One sentence of what libpq says in three."""
    assert _refused("postgresql://u@127.0.0.1:1/x") == (
        "postgresql://u@127.0.0.1:1/x: the server can't be reached, or hung up (server at "
        '"127.0.0.1", port 1 failed: Connection refused); see whether it runs and the URL is right'
    )
