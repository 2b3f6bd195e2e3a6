"""Datasette beside the running daemon: it reads what is written now, and hinders nothing."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from tests.end_to_end.process import PATIENCE, Watcher, until
from tests.end_to_end.test_running import RULES, SECOND
from tests.fakes.sink import Service
from tools import datasette
from watcher.source.simulator import Simulator

pytestmark = pytest.mark.end_to_end

PROGRAM = shutil.which("datasette", path=str(Path(sys.executable).parent)) or ""
needs_datasette = pytest.mark.skipif(
    not PROGRAM, reason="datasette is not installed: make .venv/.dev"
)


@contextlib.asynccontextmanager
async def reading(database: Path) -> AsyncIterator[aiohttp.ClientSession]:
    """A session with a real ``datasette`` on a free port, as the documentation starts it."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM, str(database), "--metadata", str(datasette.PAGE), "--port", "0",
        "--setting", "suggest_facets", "off",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        async with asyncio.timeout(PATIENCE):
            address = None
            while address is None:
                line = (await process.stderr.readline()).decode()
                assert line, "datasette ended"
                address = re.search(r"running on (http://\S+)", line)
        async with aiohttp.ClientSession(f"{address[1]}/watcher/") as session:
            yield session
    finally:
        process.terminate()
        await process.wait()


async def asked(session: aiohttp.ClientSession, path: str, **values: str) -> Any:
    """What it answers as JSON."""
    async with session.get(path, params=values) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


@needs_datasette
async def test_reads_beside_the_daemon(tmp_path: Path, simulator: Simulator, sink: Service) -> None:
    """New rows are seen at once, with facets; an export reads, too. The log is still written back
    and cut; the daemon stays well, and stops."""
    watcher = Watcher(tmp_path, simulator.url, {"SINK_URL": sink.url.reveal()})
    watcher.rules.write_text(RULES, encoding="utf-8")
    async with watcher.running() as daemon:
        await daemon.said("scanned")
        async with reading(watcher.database) as session:
            view = await asked(session, "observations_view.json", _facet="region", _size="max")
            assert len(view["rows"]) == 20
            facet = view["facet_results"]["region"]["results"]
            assert [(each["value"], each["count"]) for each in facet] == [("US", 20)]
            watcher.rules.write_text(RULES + SECOND, encoding="utf-8")
            await daemon.said("scanned", 2)
            (newest,) = watcher.query("SELECT max(id) FROM observations")
            after = await asked(
                session, "observations_view.json", _shape="objects", _sort_desc="id", _size="1"
            )
            assert after["rows"][0]["id"] == newest[0] > 20
            assert after["rows"][0]["currency"] == "USD"
            await every_query(session)
            code, out, _ = await watcher.call("export", "--format", "jsonl", "--every-scan")
            assert (code, len(out.splitlines())) == (0, 30)
            with contextlib.closing(sqlite3.connect(watcher.database)) as conn:
                busy, *_ = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                assert busy == 0
            async with (
                aiohttp.ClientSession() as other,
                other.get(f"{daemon.page}healthz") as answer,
            ):
                assert answer.status == 200
            assert await daemon.stop() == 0
        assert not [line for line in daemon.log if line.get("level") in ("error", "critical")]
    await until(lambda: watcher.query("PRAGMA integrity_check") == [("ok",)])


async def every_query(session: aiohttp.ClientSession) -> None:
    """The ready ones all run, on what a day has brought."""
    about = yaml.safe_load(datasette.PAGE.read_text("utf-8"))["databases"]["watcher"]
    for name in about["queries"]:
        answer = await asked(
            session, f"{name}.json", product_id="1", days="7", region="US", _shape="objects"
        )
        assert answer.get("error") is None, answer
    best = await asked(session, "best_now.json", region="US", _shape="objects")
    assert best["rows"][0]["gmv_7d"] > 0


def test_the_page_knows_every_table(tmp_path: Path) -> None:
    """And no other; each column that it names is there."""
    from watcher.store.sqlite.database import Database

    with Database.open(tmp_path / "watcher.db") as database:
        names = {
            row[0]: {column[1] for column in database.rows(f"PRAGMA table_info({row[0]})")}
            for row in database.rows(
                "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') "
                "AND name NOT LIKE 'sqlite_%'"
            )
        }
    about = yaml.safe_load(datasette.page())["databases"]["watcher"]["tables"]
    assert set(about) == set(names)
    for name, table in about.items():
        assert set(table.get("columns", {})) <= names[name]
