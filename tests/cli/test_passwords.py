"""A server that asks for a password: by which ways it comes, and what is said where it does not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.cli.running import Command
from tests.postgres import Cluster, cluster, needed
from watcher.store.engine import open_control, open_store
from watcher.store.places import Server

PASSWORD = "geheim 4711/word@x"
ENCODED = "geheim%204711%2Fword%40x"
WRONG = "another-geheim-0815"


@pytest.fixture(scope="module")
def guarded() -> Iterator[Cluster]:
    """A server that lets the user ``owner`` in by a password only."""
    needed()
    with cluster() as made:
        with psycopg.connect(made.url, autocommit=True) as conn:
            conn.execute(f"CREATE ROLE owner LOGIN CREATEROLE PASSWORD '{PASSWORD}'")
            conn.execute("CREATE DATABASE watched OWNER owner")
        rules = made.data / "pg_hba.conf"
        rules.write_text("host all owner 127.0.0.1/32 scram-sha-256\n" + rules.read_text("utf-8"))
        with psycopg.connect(made.url, autocommit=True) as conn:
            conn.execute("SELECT pg_reload_conf()")
        url = made.url_of("watched", f"owner:{ENCODED}")
        with open_control(url) as control:
            control.books.create("a")
        open_store(Server(url, "a")).close()
        yield made


@pytest.fixture
def silences(watcher: Command, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Without passwords of the developer's."""
    for name in ("PGPASSWORD", "PGPASSFILE", "PGSERVICE", "PGSERVICEFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PGPASSFILE", str(folder / "none"))
    return watcher


def arguments(url: str) -> tuple[str, ...]:
    """Of a command that says nothing else."""
    return ("silence", "list", "--db", url, "--book", "a")


def test_in_the_url(silences: Command, guarded: Cluster) -> None:
    """Encoded."""
    url = guarded.url_of("watched", f"owner:{ENCODED}")
    assert silences(*arguments(url)).code == 0


def test_in_the_environment(
    silences: Command, guarded: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is."""
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    assert silences(*arguments(guarded.url_of("watched", "owner"))).code == 0


def test_in_a_file(
    silences: Command, guarded: Cluster, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For its owner only, as libpq wants it."""
    path = folder / "pgpass"
    path.write_text(f"127.0.0.1:{guarded.port}:watched:owner:{PASSWORD}\n", "utf-8")
    path.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(path))
    assert silences(*arguments(guarded.url_of("watched", "owner"))).code == 0


@pytest.mark.parametrize("by_url", [True, False])
def test_in_a_service(
    silences: Command, guarded: Cluster, folder: Path, monkeypatch: pytest.MonkeyPatch,
    *, by_url: bool,
) -> None:  # fmt: skip
    """Named by the URL or by the environment; with it all that the URL does not say."""
    (folder / "services").write_text(
        f"[watcher]\nhost=127.0.0.1\nport={guarded.port}\nuser=owner\ndbname=watched\n"
        f"password={PASSWORD}\n", "utf-8",
    )  # fmt: skip
    monkeypatch.setenv("PGSERVICEFILE", str(folder / "services"))
    if not by_url:
        monkeypatch.setenv("PGSERVICE", "watcher")
    url = "postgresql://?service=watcher" if by_url else "postgresql://"
    assert silences(*arguments(url)).code == 0


def test_none(silences: Command, guarded: Cluster) -> None:
    """What to do."""
    result = silences(*arguments(guarded.url_of("watched", "owner")))
    assert result.code == 1
    assert "asks for a password: give one by PGPASSWORD" in result.err


@pytest.mark.parametrize("by", ["url", "environment"])
def test_a_wrong_one(
    silences: Command, guarded: Cluster, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """Is not shown."""
    user = "owner"
    if by == "url":
        user += f":{WRONG}"
    else:
        monkeypatch.setenv("PGPASSWORD", WRONG)
    result = silences(*arguments(guarded.url_of("watched", user)))
    assert result.code == 1
    assert "refuses the password; see the URL, PGPASSWORD" in result.err
    assert WRONG not in result.err
    assert "Traceback" not in result.err


def test_a_user_that_is_not_there(silences: Command, guarded: Cluster) -> None:
    """And a database that is not."""
    assert "no such user" in silences(*arguments(guarded.url_of("watched", "nobody"))).err
    gone = guarded.url_of("gone", f"owner:{ENCODED}")
    assert "no such database" in silences(*arguments(gone)).err
    assert os.environ.get("PGPASSWORD") is None
