"""The server of the tests: it crashes, stands still, and has replicas that take its place."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.postgres import Cluster, both, cluster, needed, until

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.end_to_end


@pytest.fixture
def server() -> Iterator[Cluster]:
    """A server of the test's own."""
    needed()
    with cluster() as made:
        yield made


def add(url: str, number: int) -> None:
    """Write one number, in a transaction of its own."""
    with psycopg.connect(url) as conn:
        conn.execute("CREATE TABLE IF NOT EXISTS t (n int)")
        conn.execute("INSERT INTO t VALUES (%s)", (number,))


def numbers(url: str) -> list[int]:
    """The numbers that are there."""
    with psycopg.connect(url) as conn:
        return [row[0] for row in conn.execute("SELECT n FROM t ORDER BY n")]


def test_it_recovers_from_a_crash(server: Cluster) -> None:
    """With all that was committed, and at its old address."""
    url = server.create_database()
    add(url, 1)
    server.configure(synchronous_commit="on")
    add(url, 2)
    with psycopg.connect(url) as open_still:
        open_still.execute("INSERT INTO t VALUES (3)")
        server.crash()
        with pytest.raises(psycopg.OperationalError):
            open_still.execute("SELECT 1")
    server.start()
    assert numbers(url) == [1, 2]


def test_it_stands_still_and_goes_on(server: Cluster) -> None:
    """Its connections stay open meanwhile, and nothing is answered."""
    url = server.create_database()
    with psycopg.connect(url) as conn:
        with server.stopped(), pytest.raises(psycopg.OperationalError):
            psycopg.connect(url, connect_timeout=2)
        assert conn.execute("SELECT 1").fetchone() == (1,)


def test_a_replica_has_all_that_was_committed(server: Cluster) -> None:
    """It reads, refuses writes, and takes them once it is promoted."""
    server.create_database("books")
    replica = server.replica()
    for number in range(5):
        add(server.url_of("books"), number)
    url = both(replica, server, "books")
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        add(replica.url_of("books"), 9)
    server.crash()
    with pytest.raises(psycopg.OperationalError):
        add(url, 5)
    replica.promote()
    add(url, 6)
    assert numbers(url) == [*range(5), 6]


def test_a_replica_of_the_promoted_one_follows(server: Cluster) -> None:
    """As often as it takes."""
    server.create_database("books")
    first = server
    for number in range(2):
        second = first.replica(f"replica{number}")
        add(first.url_of("books"), number)
        first.stop(signal.SIGINT)
        second.promote()
        first = second
    add(first.url_of("books"), 2)
    assert numbers(first.url_of("books")) == [0, 1, 2]


def test_it_ends_with_the_process_that_began_it() -> None:
    """Though that one is killed, and could clean nothing up."""
    needed()
    begun = (
        "import time\nfrom tests.postgres import cluster\n"
        "with cluster() as made:\n"
        "    print(made.pid, made.folder, flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", begun], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        pid, folder = process.stdout.readline().split()
        process.kill()
    until(lambda: not Path(f"/proc/{pid}").exists(), "the server is gone")
    until(lambda: not Path(folder).exists(), "its folder is gone")
