"""The commands of docs/postgresql.md, one after the other, on real servers with real daemons."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.documentation.shell import Shell
from tests.end_to_end.process import until
from tests.fakes.sink import Service
from tests.operations.daemons import Holders, running, with_books
from tests.postgres import Cluster, binaries, cluster, needed
from tests.postgres import until as wait_until
from tools.trial.readme import commands
from tools.trial.stage import KEY as PASSWORD
from watcher.source.simulator import Simulator

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "postgresql.md").read_text("utf-8")
UNIT = (ROOT / "systemd" / "watcher@.service").read_text("utf-8")

pytestmark = [pytest.mark.end_to_end, pytest.mark.long]


@pytest.fixture
def server() -> Iterator[Cluster]:
    """A server as Debian's package makes it: by TCP nobody comes in without a password."""
    needed()
    with cluster("postgres") as made:
        (made.data / "pg_hba.conf").write_text(
            "local all all trust\nhost all postgres 127.0.0.1/32 trust\n"
            "host replication postgres 127.0.0.1/32 trust\n"
            "host all all 127.0.0.1/32 scram-sha-256\n"
        )
        with psycopg.connect(made.url, autocommit=True) as conn:
            conn.execute("SELECT pg_reload_conf()")
        yield made


class Reader(Shell):
    """Who follows the page, with the servers' addresses in place of the page's."""

    def __init__(self, folder: Path, server: Cluster, env: dict[str, str]) -> None:
        folder.mkdir()
        self.etc = folder / "etc"
        moved = {
            "@127.0.0.1/watcher": f"@127.0.0.1:{server.port}/watcher",
            "@db.example.com/watcher": f"@127.0.0.1:{server.port}/watcher",
            "@first.example.com": f"@127.0.0.1:{server.port}/postgres",
            "/etc/watcher": str(self.etc), "/etc/systemd/system/": f"{folder}/units/",
            "/opt/watcher/bin/pip": "pip",
        }  # fmt: skip
        admin = {"PGHOST": "127.0.0.1", "PGPORT": str(server.port)}
        path = {"PATH": f"{folder / 'bin'}:{binaries()}:{os.environ['PATH']}"}
        super().__init__(folder, moved, {**admin, **path, **env})
        (folder / "units").mkdir()
        (folder / "systemd").symlink_to(ROOT / "systemd")  # the page is followed in a clone
        for name in ("apt", "python3", "pip"):  # what is installed is there
            self.program(name, "#!/bin/sh\n")

    @property
    def url(self) -> str:
        """The database's address as the daemons' settings have it."""
        line = (self.etc / "watcher.env").read_text("utf-8")
        return line.strip().removeprefix("WATCHER_DB=")


async def test_set_up_and_used(
    tmp_path: Path, server: Cluster, simulator: Simulator, sink: Service
) -> None:
    """From nothing: the server, two daemons, a book; then a backup of all, and a copy out of
    SQLite and back."""
    market = {"KEYAPI_URL": simulator.url, "SLACK_URL": sink.url.reveal()}
    reader = Reader(tmp_path / "reader", server, market)
    reader.run("fleet server")
    reader.run("fleet daemon")
    assert reader.asked() == ["enable --now watcher@all"]
    secrets = {"CREDENTIALS_DIRECTORY": str(reader.etc / "secrets"), "WATCHER_DB": reader.url}
    assert (reader.etc / "secrets" / "DB_PASSWORD").stat().st_mode & 0o777 == 0o600
    said = reader.run("fleet first book")
    assert "shops" in said
    assert PASSWORD not in said
    arguments = tuple(_unit_command()[2:])
    with Holders(server.url_of("watcher")).looking() as holders:
        async with running(tmp_path / "1", simulator.url, {**market, **secrets}, *arguments) as one:
            await one.said("at work", book="shops")
            await one.said("scanned")
            async with running(
                tmp_path / "2", simulator.url, {**market, **secrets}, *arguments
            ) as two:
                before = holders.now["shops"]
                one.process.kill()
                await two.said("at work", book="shops")
                await until(lambda: holders.now["shops"] not in {None, before})
                assert await two.stop() == 0
        assert PASSWORD not in "".join([*map(str, one.log), *one.other, *two.other])
    _copy_and_back(reader, tmp_path)
    _restored(reader, server, tmp_path)


def _unit_command() -> list[str]:
    """The unit's, with its own settings put in: ``watcher``, ``run`` and what follows."""
    settings = dict(re.findall(r"^Environment=(\w+)=(.*)$", UNIT, re.MULTILINE))
    (command,) = re.findall(r"^ExecStart=(.*)$", UNIT, re.MULTILINE)
    words = command.split()
    return [each for word in words for each in settings.get(word.lstrip("$"), word).split()]


def _copy_and_back(reader: Reader, folder: Path) -> None:
    """A book out of a SQLite file, and into one again."""
    made = folder / "reader" / "watcher.db"
    reader.env["WATCHER_DB"] = reader.url
    reader.env["CREDENTIALS_DIRECTORY"] = str(reader.etc / "secrets")
    reader.run(text=f'watcher db copy "$WATCHER_DB" {made} --from-book shops')
    reader.run(text=commands(ROOT, "fleet copy").replace("book shops", "book other"))
    reader.run(text="watcher db stats --book other; watcher db backup other.db --book other")
    reader.run(text="watcher rules show --book shops --to kept; diff -r shops/rules.yaml kept/")
    reader.run(text="watcher status --db other.db --rules kept")
    reader.run(text="watcher books add third; watcher db restore other.db --book third")


def _restored(reader: Reader, server: Cluster, folder: Path) -> None:
    """The backup of all on an empty server, where the book goes on."""
    reader.run("fleet backup")
    with cluster("postgres") as empty:
        other = Reader(folder / "other", empty, {})
        for name in ("roles.sql", "watcher.dump"):
            shutil.copy(reader.folder / name, other.folder)
        other.run("fleet restore")
        assert _scans(server) == _scans(empty) != (0, None)


def _scans(server: Cluster) -> tuple[object, ...] | None:
    with psycopg.connect(server.url_of("watcher")) as conn:
        return conn.execute('SELECT count(*), max(id) FROM "book_shops".scans').fetchone()


def test_a_replica_that_takes_over(tmp_path: Path, server: Cluster) -> None:
    """Made as the page says: it has what was committed, and the address leads to it then."""
    reader = Reader(tmp_path / "reader", server, {})
    server.configure(synchronous_commit="on")  # as it is, but in tests
    reader.run("fleet server")
    reader.run("fleet replica")
    shutil.move(reader.folder / "replica", server.folder / "replica")
    status = server.data.stat()
    for path in [server.folder / "replica", *(server.folder / "replica").rglob("*")]:
        os.chown(path, status.st_uid, status.st_gid)
    replica = Cluster(server.folder, {}, "replica", "postgres")
    replica.start()
    try:
        _until_synchronous(server)
        with psycopg.connect(server.url_of("watcher"), autocommit=True) as conn:
            conn.execute("CREATE TABLE kept AS SELECT 1 AS n")
        with_books(_as_watcher(server), "shops")
        wait_until(lambda: "shops" in _status(reader, replica), "the book is on the replica")
        server.crash()
        with psycopg.connect(replica.url, autocommit=True) as conn:
            conn.execute("SELECT pg_promote()")
        (named,) = re.findall(r"WATCHER_DB=(\S+target_session_attrs\S+)", PAGE)
        options = named.partition("?")[2]
        hosts = f"127.0.0.1:{server.port},127.0.0.1:{replica.port}"
        with psycopg.connect(f"postgresql://postgres@{hosts}/watcher?{options}") as conn:
            assert conn.execute("SELECT n FROM kept").fetchone() == (1,)
    finally:
        replica.remove()


def _as_watcher(server: Cluster) -> str:
    return server.url_of("watcher", f"watcher:{PASSWORD}")


def _status(reader: Reader, server: Cluster) -> str:
    """What any command that only reads says of a server."""
    return reader.run(text=f"watcher status --db {_as_watcher(server)}")


def _until_synchronous(server: Cluster) -> None:
    def so() -> bool:
        with psycopg.connect(server.url) as conn:
            asked = "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
            return conn.execute(asked).fetchone() is not None

    wait_until(so, "the replica is synchronous")
