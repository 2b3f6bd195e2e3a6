"""A real PostgreSQL server for tests: a cluster of its own on loopback, gone after them; with
replicas of its own where they are asked for."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

SHARED = "WATCHER_TEST_POSTGRES"  # a server's URL that this process's children may use
OLDEST = 15
_PLACES = "/usr/lib/postgresql/*/bin", "/usr/local/pgsql/bin", "/opt/homebrew/opt/postgresql*/bin"
_FAST = {
    "fsync": "off", "full_page_writes": "off", "synchronous_commit": "off",
    "shared_buffers": "64MB", "max_connections": "300", "autovacuum": "off",
    "log_min_messages": "fatal", "wal_sender_timeout": "5s", "wal_receiver_timeout": "5s",
    "wal_receiver_status_interval": "1s", "wal_retrieve_retry_interval": "100ms",
}  # fmt: skip
_SERIAL = count(1)
# Ends the servers in a folder, and removes it, once its standard input is closed: the process that
# holds the other end has ended, of whatever. By a process's parent it could not be done: that is a
# thread of it, which may end before.
_GUARD = """
cat > /dev/null
for file in "$1"/*/postmaster.pid; do
    read -r pid < "$file" || continue
    kill -QUIT "$pid" && kill -CONT "$pid"
    while kill -0 "$pid"; do sleep 0.1; done
done 2> /dev/null
rm -rf "$1"
"""


@cache
def binaries() -> Path | None:
    """The folder with ``initdb`` and ``postgres``: that of the path, else the newest that is
    installed; None where no server of 15 or newer is."""
    named = [Path(path).resolve().parent for path in [shutil.which("initdb")] if path]
    found = [path for pattern in _PLACES for path in Path("/").glob(pattern.lstrip("/"))]
    newest = sorted(found, key=_version, reverse=True)
    return next((each for each in [*named, *newest] if _version(each) >= OLDEST), None)


def _version(folder: Path) -> int:
    """The server's main version; 0 where there is none."""
    if not (folder / "postgres").exists():
        return 0
    said = subprocess.run([folder / "postgres", "--version"], capture_output=True, check=False)
    number = re.search(rb"(\d+)", said.stdout)
    return int(number[1]) if number else 0


class Cluster:
    """A server's data folder and its process; ``url`` is that of the database ``postgres``."""

    def __init__(
        self, folder: Path, settings: Mapping[str, str], name: str = "data", user: str = "watcher"
    ) -> None:
        self.data = folder / name
        self.user = user
        self.folder = folder
        self.name = name
        self.settings = dict(settings)
        self.port = _free_port()
        self._server: subprocess.Popen[bytes] | None = None
        self._replicas: list[Cluster] = []

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str, user: str = "", port: int | None = None) -> str:
        """As ``--db`` takes it; ``port`` where it is not the server's own, as a proxy's."""
        return f"postgresql://{user or self.user}@127.0.0.1:{port or self.port}/{database}"

    @property
    def pid(self) -> int:
        assert self._server is not None
        return self._server.pid

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.folder / f"{self.name}.log"

    def init(self) -> None:
        """Make the data folder; nobody is asked for a password. Texts are in the order of a
        language, as on most servers: statements that need the order of bytes have to say so."""
        run("initdb", "-D", str(self.data), "-U", self.user, "-A", "trust", "-E", "UTF8",
            "--locale=C", "--locale-provider=icu", "--icu-locale=en-US", "--no-sync",
            "--no-instructions")  # fmt: skip
        lines = "".join(f"{name} = '{value}'\n" for name, value in self.settings.items())
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(lines)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        given = {"port": str(self.port), "listen_addresses": "127.0.0.1",
                 "unix_socket_directories": str(self.folder)}  # fmt: skip
        options = [f"-c{name}={value}" for name, value in given.items()]
        with self.log.open("ab") as log:
            self._server = subprocess.Popen(
                _command("postgres", "-D", str(self.data), *options), stdout=log, stderr=log,
                cwd=self.folder, start_new_session=True,
            )  # fmt: skip
        until(self._answers, "the server answers")

    def _answers(self) -> bool:
        assert self._server is not None
        assert self._server.poll() is None, self.log.read_text()
        with suppress(psycopg.OperationalError), psycopg.connect(self.url, connect_timeout=5):
            return True
        return False

    def stop(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End it: at once, without a word (SIGQUIT), or in order (SIGINT). Its replicas stay."""
        if self._server is None:
            return
        if how == signal.SIGKILL:
            _signal(self._processes(), how)
        with suppress(ProcessLookupError):
            self._server.send_signal(how)
            self._server.send_signal(signal.SIGCONT)
        self._server.wait(timeout=30)
        self._server = None

    def crash(self) -> None:
        """What a power cut does to it: all its processes are gone, in the middle of whatever they
        did. ``start`` lets it recover."""
        processes = self._processes()
        self.stop(signal.SIGKILL)
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in processes), "all are gone")
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def restart(self, how: signal.Signals = signal.SIGINT) -> None:
        self.stop(how)
        self.start()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Have it stand still (SIGSTOP, all its processes), its connections open, for so long."""
        processes = self._processes()
        _signal(processes, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal(processes, signal.SIGCONT)

    def _processes(self) -> list[int]:
        """The server's own and those of its connections, each in a session of its own."""
        found = [self.pid]
        for pid in found:
            with suppress(OSError):
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
                found += map(int, children.split())
        return found

    def configure(self, **settings: str) -> None:
        """Have a running server take these settings, as far as it can without a restart."""
        with psycopg.connect(self.url, autocommit=True) as conn:
            for name, value in settings.items():
                conn.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            conn.execute("SELECT pg_reload_conf()")

    def replica(self, name: str = "replica", *, synchronous: bool = True) -> Cluster:
        """A streaming replica that is at work; where it is synchronous, a commit waits until its
        log is there. ``crash`` this one and ``promote`` that one."""
        made = Cluster(self.folder, self.settings, name, self.user)
        run("pg_basebackup", "-d", f"{self.url}?application_name={name}", "-D", str(made.data),
            "-R", "-X", "stream", "-c", "fast", "--no-sync")  # fmt: skip
        made.start()
        self._replicas.append(made)
        until(lambda: name in self._streaming(), f"{name} follows")
        if synchronous:
            self.configure(synchronous_standby_names=name, synchronous_commit="on")
            until(lambda: self._streaming().get(name) == "sync", f"{name} is synchronous")
        return made

    def _streaming(self) -> dict[str, str]:
        """The replicas that follow it, with ``sync`` or ``async``."""
        with psycopg.connect(self.url) as conn:
            return dict(
                conn.execute(
                    "SELECT application_name, sync_state FROM pg_stat_replication"
                    " WHERE state = 'streaming'"
                ).fetchall()
            )

    def promote(self) -> None:
        """Have this replica take writes from now on; a replica of its own may follow."""
        with psycopg.connect(self.url, autocommit=True) as conn:
            conn.execute("SELECT pg_promote(wait => true, wait_seconds => 30)")

    def create_database(self, name: str | None = None) -> str:
        """The URL of a new, empty database."""
        return create_database(self.url, name or _unused_name())

    def remove(self) -> None:
        """End it and its replicas, and their data with them."""
        for each in self._replicas:
            each.remove()
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)


def both(first: Cluster, second: Cluster, database: str) -> str:
    """The URL of a database on whichever of the two takes writes now."""
    hosts = ",".join(f"127.0.0.1:{each.port}" for each in (first, second))
    options = "target_session_attrs=read-write&connect_timeout=2"
    return f"postgresql://{first.user}@{hosts}/{database}?{options}"


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


def until(so: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Wait until it is so; ``what`` is its name where it never is."""
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        time.sleep(0.05)


def _command(program: str, *arguments: str) -> Sequence[str]:
    """PostgreSQL refuses to work for root: it works for the user that its package made then."""
    folder = binaries()
    assert folder is not None
    whole = [str(folder / program), *arguments]
    if os.geteuid() != 0:
        return whole
    user = _user()
    who = f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}"
    return ["setpriv", *who, "--clear-groups", *whole]


@cache
def _user() -> pwd.struct_passwd:
    for name in ("postgres", "pgsql", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise AssertionError("no user that a PostgreSQL server could work for")


def _signal(processes: Sequence[int], which: signal.Signals) -> None:
    for pid in processes:
        with suppress(ProcessLookupError):
            os.kill(pid, which)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _unused_name() -> str:
    return f"t{os.getpid()}_{next(_SERIAL)}"


@contextmanager
def _guarded(folder: Path) -> Iterator[None]:
    """Have what runs in the folder end, and the folder gone, even where this process is killed."""
    guard = subprocess.Popen(
        ["/bin/sh", "-c", _GUARD, "guard", str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
        start_new_session=True,
    )  # fmt: skip
    try:
        yield
    finally:
        guard.communicate()


@contextmanager
def cluster(superuser: str = "watcher", **settings: str) -> Iterator[Cluster]:
    """A server, ended and removed at the end; quick and careless but for other ``settings``."""
    mine = os.geteuid() != 0
    # Root's own temporary folder may be closed to others.
    folder = Path(tempfile.mkdtemp(prefix="watcher-pg-", dir=None if mine else "/tmp"))
    if not mine:
        os.chown(folder, _user().pw_uid, _user().pw_gid)
    made = Cluster(folder, _FAST | settings, user=superuser)
    with _guarded(folder):
        try:
            made.init()
            made.start()
            yield made
        finally:
            made.remove()


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
    return create_database(postgres_server, _unused_name())
