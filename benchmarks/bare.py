"""Bare work that figures are held against: libraries imported, a loop that only wakes, a list
decoded in one go, the statements behind a page.

    python -m benchmarks.bare SECONDS PERIOD MODULE ...   # imports them, then only wakes; as JSON

So a goal is a ratio that holds on a slower machine, and proves something on a faster one.
"""

from __future__ import annotations

import asyncio
import gzip
import importlib
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.processes import answer, child, measured, resident

WATCHER = [sys.executable, "-m", "watcher"]
_ROOT = Path(__file__).parents[1]
# Prints what is not ours of all that a command has imported when it ends.
_NAMES = """
import atexit, sys
ours = ("watcher", "__", "sitecustomize")
others = lambda: [name for name in sys.modules if not name.startswith(ours)]
atexit.register(lambda: print(*others(), file=sys.stderr))
for name in sys.argv.pop(1).split():
    __import__(name)
from watcher.__main__ import main
main()
"""


def needs(command: Sequence[str], env: Mapping[str, str], also: str = "") -> list[str]:
    """The modules that are not ours of what ``watcher COMMAND`` and the modules ``also`` import."""
    done = subprocess.run(
        [sys.executable, "-c", _NAMES, also, *command], cwd=_ROOT, env={**os.environ, **env},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stderr.splitlines()[-1].split()


def importing(modules: Sequence[str]) -> list[str]:
    """The command that imports them, and ends."""
    return [sys.executable, "-c", _IMPORTS, *modules]


# No more than Python itself, or the ratio would be made of our benchmark's own imports.
_IMPORTS = """
import importlib, sys
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ImportError:
        pass
"""


def resting(modules: Sequence[str], period: float, seconds: float) -> tuple[int, float]:
    """Bytes held and seconds of processor used by a process that has imported them, and whose
    event loop only wakes every ``period`` seconds, for so many seconds."""
    found = child("benchmarks.bare", str(seconds), str(period), *modules)
    return int(found["held"]), float(found["cpu"])


def decoding() -> float:
    """Seconds for which an event loop is held by a list of 10,000 that is unpacked and decoded in
    one go: the least that nobody who takes no care can do."""
    from benchmarks.bodies import bodies, days  # noqa: PLC0415

    pages = bodies(days()[0])
    with measured() as cost:
        for page in pages:
            msgspec.json.decode(gzip.decompress(page))
    return cost.wall


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements, with their values, of all SQLite connections that are opened in the block."""
    found: list[str] = []
    connect = sqlite3.connect

    def traced(*arguments: Any, **settings: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **settings)
        connection.set_trace_callback(found.append)
        return connection

    sqlite3.connect = traced  # type: ignore[assignment]
    try:
        yield found
    finally:
        sqlite3.connect = connect


def reading(path: Path, texts: Sequence[str]) -> float:
    """Seconds that SQLite takes for these statements on a connection of its own; what only it
    reads, and what is read comes as plain rows."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        begin = time.perf_counter()
        for text in texts:
            connection.execute(text).fetchall()
        return time.perf_counter() - begin


def main(seconds: float, period: float, modules: Sequence[str]) -> None:
    """Import, rest, tell."""
    for name in modules:
        with suppress(ImportError):
            importlib.import_module(name)
    held, cpu = resident(), time.process_time()
    asyncio.run(_wake(round(seconds / period), period))
    answer({"held": held, "cpu": time.process_time() - cpu})


async def _wake(times: int, period: float) -> None:
    for _ in range(times):
        await asyncio.sleep(period)


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]), sys.argv[3:])
