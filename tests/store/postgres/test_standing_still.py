"""Leases among daemons that stand still, and on a server whose clock is another's."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import msgspec
import psycopg
import pytest

from tests.dropping import Dropping, How, Moment
from watcher.errors import StoreAway
from watcher.store.control import LONGEST_LEASE, DaemonState, Lease
from watcher.store.postgres.control import PostgresControl


@pytest.fixture
def control(postgres_url: str) -> Iterator[PostgresControl]:
    """A server's control plane with a book ``a``."""
    with PostgresControl(postgres_url) as opened:
        opened.books.create("a")
        yield opened


def test_who_is_stopped_in_the_middle_keeps_nothing_from_others(
    control: PostgresControl, postgres_url: str
) -> None:
    """Each change is one statement, and so whole or not begun: there is no transaction that a
    daemon which is stopped could leave open."""
    parts = urlsplit(postgres_url)
    with Dropping(parts.port or 5432) as proxy:
        url = parts._replace(netloc=f"{parts.username}@127.0.0.1:{proxy.port}").geturl()
        with PostgresControl(url) as daemon:
            daemon.now()
            trap = proxy.trap(Moment.BEGIN, How.BEFORE)
            daemon.daemons.beat(DaemonState("d", "host", 1, "1.0", None, 1))
            lease = daemon.leases.take("a", "d", 5)
            assert lease is not None
            assert list(daemon.leases.renew([lease], 5, {})) == [lease]
            daemon.leases.release(lease)
            daemon.daemons.leave("d")
            assert not trap.sprung.is_set()
    assert control.leases.take("a", "e", 5) == Lease("a", "e", 2)


@pytest.mark.usefixtures("control")
def test_who_waits_in_a_dead_connection_can_be_freed(postgres_url: str) -> None:
    """A proxy that keeps it open and answers nothing; and then all goes on."""
    parts = urlsplit(postgres_url)
    with Dropping(parts.port or 5432) as proxy, ThreadPoolExecutor(1) as pool:
        url = parts._replace(netloc=f"{parts.username}@127.0.0.1:{proxy.port}").geturl()
        with PostgresControl(url) as daemon:
            daemon.abort()  # of nothing
            assert daemon.leases.take("a", "d", 30) is not None
            proxy.swallow()
            waiting = pool.submit(daemon.leases.all)
            with pytest.raises(TimeoutError):
                waiting.result(0.5)
            daemon.abort()
            with pytest.raises(StoreAway):
                waiting.result(10)
            proxy.heal()
            assert daemon.leases.all()[0].holder == "d"


def test_one_that_runs_longer_than_any_does_is_free(
    control: PostgresControl, postgres_url: str
) -> None:
    """A clock that was ahead granted it, before this server was promoted; to its living holder it
    is as good as ever."""
    lease = control.leases.take("a", "d", 5)
    assert lease is not None
    with psycopg.connect(postgres_url) as conn:
        conn.execute("UPDATE watcher.leases SET until = until + interval '1 hour'")
    assert control.leases.all()[0].left > LONGEST_LEASE
    assert list(control.leases.renew([lease], 5, {})) == [lease]
    assert control.leases.take("a", "e", 5) is None
    with psycopg.connect(postgres_url) as conn:
        conn.execute("UPDATE watcher.leases SET until = until + interval '1 hour'")
    assert control.leases.take("a", "e", 5) == Lease("a", "e", 2)


def test_what_a_daemon_refuses_is_known(control: PostgresControl) -> None:
    """Beside what it wants, which may be all."""
    daemon = DaemonState("d", "host", 1, "1.0", None, 1, refused=("a", "b"))
    control.daemons.beat(daemon)
    assert msgspec.structs.replace(control.daemons.all()[0], seen=0.0) == daemon
    control.daemons.beat(msgspec.structs.replace(daemon, refused=()))
    assert control.daemons.all()[0].refused == ()
