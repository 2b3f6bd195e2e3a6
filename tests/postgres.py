"""A real PostgreSQL server for tests: a cluster of its own on loopback, gone after them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

SHARED = "WATCHER_TEST_POSTGRES"  # a server's URL that this process's children may use
_PLACES = "/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql*/bin"
_FAST = {
    "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off",
    "shared_buffers": "64MB", "max_connections": "300", "autovacuum": "off",
    "log_min_messages": "fatal",
}  # fmt: skip
_SERIAL = count(1)


@cache
def binaries() -> Path | None:
    """The folder with ``initdb`` and ``postgres``; None where no server of 15 or newer is."""
    found = [Path(path).resolve().parent for path in [shutil.which("initdb")] if path]
    for pattern in _PLACES:
        found += sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)
    return next((each for each in found if (each / "postgres").exists()), None)


class Cluster:
    """A server's data folder and its process; ``url`` is that of the database ``postgres``."""

    def __init__(self, folder: Path, settings: dict[str, str], name: str = "data") -> None:
        self.data = folder / name
        self.folder = folder
        self.settings = settings
        self.port = _free_port()
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str, user: str = "watcher", port: int | None = None) -> str:
        """As ``--db`` takes it; ``port`` where it is not the server's own, as a proxy's."""
        return f"postgresql://{user}@127.0.0.1:{port or self.port}/{database}"

    @property
    def pid(self) -> int:
        assert self._server is not None
        return self._server.pid

    def init(self) -> None:
        """Make the data folder; the superuser is ``watcher``, whom nobody asks for a password."""
        run("initdb", "-D", str(self.data), "-U", "watcher", "-A", "trust", "-E", "UTF8",
            "--locale=C", "--no-sync", "--no-instructions")  # fmt: skip

    def start(self) -> None:
        """Start the server and wait until it answers."""
        given = self.settings | {
            "port": str(self.port), "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.folder),
        }  # fmt: skip
        options = [f"-c{name}={value}" for name, value in given.items()]
        with (self.folder / f"{self.data.name}.log").open("ab") as log:
            self._server = subprocess.Popen(
                _command("postgres", "-D", str(self.data), *options), stdout=log, stderr=log,
                cwd=self.folder, start_new_session=True,
            )  # fmt: skip
        for _ in range(600):
            with suppress(psycopg.OperationalError), psycopg.connect(self.url):
                return
            assert self._server.poll() is None, (self.folder / f"{self.data.name}.log").read_text()
            time.sleep(0.05)
        raise AssertionError("the server did not answer within 30 s")

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End it: at once, without a word (SIGQUIT), or in order (SIGINT)."""
        if self._server is not None:
            with suppress(ProcessLookupError):
                self._server.send_signal(how)
            self._server.wait(timeout=30)
            self._server = None

    def restart(self, how: signal.Signals = signal.SIGINT) -> None:
        self.stop(how)
        self.start()

    def create_database(self, name: str | None = None) -> str:
        """The URL of a new, empty database."""
        name = name or f"t{os.getpid()}_{next(_SERIAL)}"
        return create_database(self.url, name)


def create_database(server: str, name: str) -> str:
    """A new, empty database on the server with this URL; its URL."""
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(f'CREATE DATABASE "{name}"')
    return urlsplit(server)._replace(path=f"/{name}").geturl()


def run(program: str, *arguments: str, **how: Any) -> subprocess.CompletedProcess[bytes]:
    """Run one of the server's programs, as somebody who may."""
    done = subprocess.run(
        _command(program, *arguments), check=False, capture_output=True, cwd="/tmp", **how
    )
    assert done.returncode == 0, done.stderr.decode()
    return done


def _command(program: str, *arguments: str) -> Sequence[str]:
    """PostgreSQL refuses to work for root: it works for the user that its package made then."""
    folder = binaries()
    assert folder is not None
    whole = [str(folder / program), *arguments]
    if os.geteuid() != 0:
        return whole
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *whole]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def cluster(**settings: str) -> Iterator[Cluster]:
    """A server, ended and removed at the end; quick and careless but for other ``settings``."""
    folder = Path(tempfile.mkdtemp(prefix="watcher-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    made = Cluster(folder, _FAST | settings)
    try:
        made.init()
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


def needed() -> None:
    """Skip where no server is installed, with a word."""
    if SHARED not in os.environ and binaries() is None:
        pytest.skip("no PostgreSQL server is installed (Debian: postgresql)")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a server that all tests of this process share."""
    needed()
    if SHARED in os.environ:
        yield os.environ[SHARED]
        return
    with cluster() as made:
        yield made.url


@pytest.fixture
def postgres_url(postgres_server: str) -> str:
    """The URL of a new, empty database."""
    return create_database(postgres_server, f"t{os.getpid()}_{next(_SERIAL)}")
