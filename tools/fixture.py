"""A database as a version of watcher really leaves it, for the upgrade tests.

``python -m tools.fixture NAME --python PYTHON``: the watcher that PYTHON has (or the one in the
tree that ``--tree`` names) reads the simulated market for eight days, a day after the other, by
the rules in ``tests/upgrade/NAME/rules.yaml``. One service takes its messages, one refuses them,
and one is down on the last day, so that messages wait. What it left goes into that folder, with
a note of how it came to be. Needs the program ``faketime``. A fixture is made once, never anew.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import lzma
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web

from watcher.source.simulator import SMOOTH, Market, Simulator

FOLDER = Path(__file__).parents[1] / "tests" / "upgrade"
KEY = "sim-key-5f0c1e"
MARKET = {"seed": 3, "products": 200}
FIRST = date(2026, 10, 1)
DAYS = 8


@dataclass
class Services:
    """Where messages go: each path answers with the status that it has here."""

    port: int = 0
    status: dict[str, int] = field(
        default_factory=lambda: {"good": 200, "down": 200, "refused": 403}
    )

    async def answer(self, request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=self.status[request.path.strip("/")])

    def environment(self) -> dict[str, str]:
        """What the rule file's ``${GOOD_URL}`` and the others stand for."""
        return {
            f"{name.upper()}_URL": f"json://127.0.0.1:{self.port}/{name}" for name in self.status
        }


@asynccontextmanager
async def serving() -> AsyncIterator[Services]:
    """The services on a free port."""
    services = Services()
    app = web.Application()
    app.router.add_post("/{name}", services.answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        services.port = runner.addresses[0][1]
        yield services
    finally:
        await runner.cleanup()


def moment(day: int) -> datetime:
    """Noon of the market's day, counted from 0."""
    return datetime.combine(FIRST + timedelta(days=day), time(12), UTC)


@cache
def _library() -> str:
    show = ["faketime", "-m", "now", "sh", "-c", "echo $LD_PRELOAD"]
    # It names a semaphore by its process's id: one that a killed process left stops it.
    tries = (subprocess.run(show, stdout=subprocess.PIPE, text=True, check=False) for _ in range(9))
    return next(said.stdout.strip() for said in tries if said.returncode == 0)


def at(when: datetime) -> dict[str, str]:
    """An environment in which it is ``when``, and time goes on from there."""
    return {
        "LD_PRELOAD": _library(),
        "FAKETIME": f"@{when:%Y-%m-%d %H:%M:%S}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "TZ": "UTC",
    }


async def live(folder: Path, command: list[str], env: Mapping[str, str]) -> None:
    """Eight days; the database is in ``folder`` then."""

    async def watcher(day: int, *arguments: str) -> int:
        process = await asyncio.create_subprocess_exec(
            *command, *arguments, cwd=folder, env={**env, **surroundings, **at(moment(day))}
        )
        return await process.wait()

    # As tests/upgrade goes on with it.
    market = Market(**MARKET, start=FIRST, regions=("US",), behaviour=SMOOTH)
    async with serving() as services, Simulator(market, KEY) as simulator:
        surroundings = {"KEYAPI_URL": simulator.url, **services.environment()}
        if await watcher(0, "check"):
            sys.exit("the rule file is none for this version")
        for day in range(DAYS):
            services.status["down"] = 503 if day == DAYS - 1 else 200
            await watcher(day, "once")
            market.advance()
            if day == 0:  # older versions have no silences; what is told then is told
                await watcher(day, *"silence add --rule hushed --for 520w --comment sale".split())


def keep(database: Path, folder: Path, note: Mapping[str, object]) -> None:
    """Pack the database, its log worked in, into ``folder``."""
    with closing(sqlite3.connect(database)) as conn:
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        conn.execute("PRAGMA journal_mode = DELETE")
    packed = lzma.compress(database.read_bytes(), preset=9 | lzma.PRESET_EXTREME)
    (folder / "watcher.db.xz").write_bytes(packed)
    (folder / "note.json").write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Make one fixture."""
    parser = argparse.ArgumentParser(prog="python -m tools.fixture", description=__doc__)
    parser.add_argument("name", help="the folder in tests/upgrade, which has a rules.yaml")
    parser.add_argument("--python", default=sys.executable, help="the Python that has the version")
    parser.add_argument("--tree", type=Path, help="a working tree to take the code from")
    parser.add_argument("--of", required=True, help="which version it is, for the note")
    options = parser.parse_args()
    folder = FOLDER / options.name
    if (folder / "watcher.db.xz").exists():
        parser.error(f"{folder} has its database already; a fixture is never made anew")
    env = {"PATH": os.environ["PATH"], "KEYAPI_KEY": KEY}
    if options.tree:
        env["PYTHONPATH"] = str(options.tree.resolve())
    with TemporaryDirectory(prefix="watcher-fixture-") as name:
        shutil.copy(folder / "rules.yaml", name)
        asyncio.run(live(Path(name), [options.python, "-m", "watcher"], env))
        note = {"version": options.of, "last": f"{moment(DAYS - 1):%Y-%m-%dT%H:%M:%SZ}"}
        keep(Path(name) / "watcher.db", folder, note)


if __name__ == "__main__":
    main()
