"""A connection pooler between a daemon and its server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import psycopg
import pytest

from watcher.errors import StoreError
from watcher.store.engine import open_control

_CONFIG = """\
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
auth_type = any
pool_mode = {mode}
unix_socket_dir =
logfile = {folder}/log
pidfile = {folder}/pid
"""


@contextmanager
def pooler(url: str, mode: str) -> Iterator[str]:
    """The URL of the database behind PgBouncer."""
    with TemporaryDirectory(prefix="watcher-pooler-") as folder:
        yield from _pooler(url, mode, Path(folder))


def _pooler(url: str, mode: str, folder: Path) -> Iterator[str]:
    program = shutil.which("pgbouncer") or shutil.which("/usr/sbin/pgbouncer")
    if program is None:
        pytest.skip("no PgBouncer is installed (Debian: pgbouncer)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        own = free.getsockname()[1]
    parts = urlsplit(url)
    config = folder / "pgbouncer.ini"
    config.write_text(
        _CONFIG.format(
            host=parts.hostname, port=parts.port, user=parts.username, own=own, mode=mode,
            folder=folder,
        )
    )  # fmt: skip
    command = [program, str(config)]
    if os.geteuid() == 0:  # it refuses to work for root
        shutil.chown(folder, "postgres", "postgres")
        command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
    running = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        through = parts._replace(netloc=f"{parts.username}@127.0.0.1:{own}").geturl()
        for _ in range(200):
            with suppress(psycopg.OperationalError), psycopg.connect(through):
                break
            time.sleep(0.05)
        yield through
    finally:
        running.terminate()
        running.wait(10)


@pytest.mark.parametrize("mode", ["transaction", "statement"])
def test_one_that_shares_sessions_is_refused(postgres_url: str, mode: str) -> None:
    """What is set, locked or listened to in such a session would be another's next."""
    with (
        pooler(postgres_url, mode) as url,
        pytest.raises(StoreError, match="pooler in transaction mode"),
    ):
        open_control(url)


def test_one_that_keeps_a_session_is_taken(postgres_url: str) -> None:
    """In session mode it is of no matter."""
    with pooler(postgres_url, "session") as url, open_control(url) as control:
        control.books.create("a")
        assert control.leases.take("a", "d", 5) is not None
