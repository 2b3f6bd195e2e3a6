"""What an older version left goes on under this one: nothing is lost, nothing told again.

Each folder here has a database that some version really wrote, and the rules it ran by.
"""

from __future__ import annotations

import json
import lzma
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.end_to_end.process import Watcher, product_ids, until
from tests.fakes.sink import Service, serving
from tools.fixture import DAYS, FIRST, MARKET, at
from watcher.source.simulator import SMOOTH, Market, Simulator
from watcher.store.sqlite.database import Database

pytestmark = pytest.mark.end_to_end

FOLDER = Path(__file__).parent
VERSIONS = sorted(path.parent.name for path in FOLDER.glob("*/watcher.db.xz"))
KEY = "sim-key-5f0c1e"

# What a migration adds to, on purpose: messages learn what they tell of.
_REWRITTEN = {("messages", "body")}
_OF_SQLITE_UTILS = "_sqlite_migrations"

# Whoever they are of: a watch's key may be another one since.
_SPENT = "SELECT day, used FROM credits ORDER BY day, used, watch"
WAITING = "SELECT id FROM notifications WHERE state = 'waiting'"

Rows = list[tuple[object, ...]]


def unpack(version: str, folder: Path) -> Path:
    """The version's files in ``folder``; the database's path."""
    shutil.copy(FOLDER / version / "rules.yaml", folder)
    database = folder / "watcher.db"
    database.write_bytes(lzma.decompress((FOLDER / version / "watcher.db.xz").read_bytes()))
    return database


def rows(database: Path, sql: str) -> Rows:
    """Rows, read without any of our code."""
    with closing(sqlite3.connect(database)) as conn:
        return conn.execute(sql).fetchall()


def tables(database: Path) -> Iterator[tuple[str, str]]:
    """Each table with the columns that a migration must not touch."""
    for (table,) in rows(database, "SELECT name FROM sqlite_schema WHERE type = 'table'"):
        if str(table).startswith(("sqlite_", _OF_SQLITE_UTILS)):
            continue
        names = [str(row[1]) for row in rows(database, f"PRAGMA table_info({table})")]
        kept = [f'"{name}"' for name in names if (str(table), name) not in _REWRITTEN]
        yield str(table), ", ".join(kept)


def names(database: Path) -> set[str]:
    """The migrations that the database has had."""
    return {str(name) for (name,) in rows(database, f"SELECT name FROM {_OF_SQLITE_UTILS}")}


def test_there_are_versions() -> None:
    """At least those from which the schema changed."""
    assert {"m004", "m005", "m006", "m013", "m020"} <= set(VERSIONS)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_migration_loses_nothing(version: str, tmp_path: Path) -> None:
    """Every old value of every old table is there, and the database as it was beside it."""
    path = unpack(version, tmp_path)
    before = {
        (table, columns): rows(path, f"SELECT {columns} FROM {table}")
        for table, columns in tables(path)
    }
    already = names(path)
    assert before
    assert already
    with Database.open(path):
        pass
    for (table, columns), old in before.items():
        assert rows(path, f"SELECT {columns} FROM {table}") == old, table
    migrated = names(path) > already
    assert len(list(tmp_path.glob("watcher.db.before-*"))) == int(migrated)
    assert migrated, "each of these versions is older than the schema"


@pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed")
@pytest.mark.parametrize("version", VERSIONS)
async def test_the_daemon_goes_on(version: str, tmp_path: Path) -> None:
    """On the market's next day: what waited is sent, what was told is not told again."""
    path = unpack(version, tmp_path)
    told = rows(path, "SELECT t.rule, p.product_id FROM told t JOIN products p ON p.id = t.product")
    waited = {number for (number,) in rows(path, WAITING)}
    dead = rows(path, "SELECT id FROM notifications WHERE state = 'dead'")
    spent = rows(path, _SPENT)
    firing = rows(path, "SELECT id, since FROM alerts WHERE state = 'firing'")
    assert waited
    assert dead
    assert firing
    # The market that the older version's alerts are of; tools/fixture.py makes them with it.
    market = Market(**MARKET, start=FIRST, regions=("US",), behaviour=SMOOTH)
    market.advance(DAYS)
    async with Simulator(market, KEY) as simulator, serving() as sink:
        watcher = older(version, tmp_path, simulator, sink)
        code, out, err = await watcher.call("check")
        assert (code, err) == (0, ""), out
        async with watcher.running() as daemon:
            await daemon.said("scanned", state="complete")
            await until(lambda: not watcher.query(WAITING))
            assert await daemon.stop() == 0
    assert not [line for line in daemon.log if line["level"] == "error"]
    state = {row[0]: row[1] for row in rows(path, "SELECT id, state FROM notifications")}
    assert {state[each] for each in waited} <= {"sent", "joined"}
    assert {state[each] for (each,) in dead} == {"dead"}
    assert rows(path, _SPENT)[: len(spent)] == spent
    now = {row[0]: row[1:] for row in rows(path, "SELECT id, state, since, reason FROM alerts")}
    for number, since in firing:
        how, when, reason = now[number]
        assert (how, when) == ("firing", since) or (how == "inactive" and reason)
    again(sink, told)


def older(version: str, folder: Path, simulator: Simulator, sink: Service) -> Watcher:
    """The present watcher on the version's folder, a day after its last; all services are up."""
    note = json.loads((FOLDER / version / "note.json").read_text(encoding="utf-8"))
    now = datetime.fromisoformat(note["last"]) + timedelta(days=1)
    url = f"json://127.0.0.1:{sink.port}"
    services = {f"{name}_URL": f"{url}/{name.lower()}" for name in ("GOOD", "DOWN", "REFUSED")}
    return Watcher(folder, simulator.url, {**services, **at(now)})


def again(sink: Service, told: Rows) -> None:
    """What had been told is not told once more (100 weeks of cooldown), what is silenced never."""
    for path, message in zip(sink.paths, sink.taken, strict=True):
        rule = message["title"].partition("] ")[2].partition(":")[0]
        if (path, rule) == ("/good", "selling"):
            now = {(rule, each) for each in product_ids(message["message"])}
            assert not now & set(told)
        assert rule != "hushed"
