"""How long commands and the daemon take to start, and what the daemon costs while it waits.

The daemon has 200 rules and a year of history, is started as systemd would, and is ready when it
says so. At rest it is left alone for a minute with all its parts running.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.daemon import Running, running
from benchmarks.history import rules, year
from benchmarks.processes import cpu_of, ratios, resident
from benchmarks.report import Line

MOST_SECONDS, MOST_READY, MOST_MEMORY, MOST_IDLE = 0.4, 1.5, 120.0, 0.2
MANY = 200
RECIPES = Path(__file__).parents[1] / "rules.example.yaml"
SETTLE, REST = 15.0, 60.0  # seconds
PAGES = (
    "", "watches", "rules", "rules/rule-0", "alerts", "alerts?state=over", "products?q=lamp",
    "outbox", "silences", "metrics", "api/overview.json", "api/alerts.json", "static/style.css",
)  # fmt: skip


def lines(times: int) -> Iterator[Line]:
    """The case."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from _commands(folder, times)
        yield from _daemon(year().copy(folder / "watcher.db"), times)


def _commands(folder: Path, times: int) -> Iterator[Line]:
    (folder / "many.yaml").write_text(rules(MANY))
    watcher = [sys.executable, "-m", "watcher"]
    commands = {
        "bare": [sys.executable, "-c", "import click"],
        "help": [*watcher, "--help"],
        "check": [*watcher, "check", "--rules", str(RECIPES)],
        "many": [*watcher, "check", "--rules", "many.yaml"],
    }
    environment = {**os.environ, "SLACK_URL": "json://localhost"}
    took: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(times + 1):
        for name, command in commands.items():
            begin = time.perf_counter()
            subprocess.run(
                command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, check=True
            )
            if turn:  # the first reads everything from the disk
                took[name].append(time.perf_counter() - begin)
    for name, what in (
        ("help", "`watcher --help`"),
        ("check", f"`watcher check`, {RECIPES.name}"),
        ("many", f"`watcher check`, {MANY} rules"),
    ):
        against = ratios(took[name], took["bare"])
        yield Line(
            what, tuple(took[name]), "s", MOST_SECONDS,
            beside=f"{statistics.median(against):.1f} times `import click`",
        )  # fmt: skip


def _daemon(database: Path, times: int) -> Iterator[Line]:
    text = rules(MANY)
    with running(database, text):
        pass  # new rules are written once
    ready = []
    for _ in range(times):
        with running(database, text) as daemon:
            ready.append(daemon.seconds)
    yield Line(
        f"the daemon's start to READY, {MANY} rules, a year of 10,000 products", tuple(ready), "s",
        MOST_READY, beside=f"a database of {database.stat().st_size / 1e6:,.0f} MB",
    )  # fmt: skip
    with running(database, text) as daemon:
        yield from _rest(daemon)


def _rest(daemon: Running) -> Iterator[Line]:
    time.sleep(SETTLE)
    memory, cpu, woken = resident(daemon.pid), cpu_of(daemon.pid), _woken(daemon.pid)
    time.sleep(REST)
    cpu, woken = cpu_of(daemon.pid) - cpu, _woken(daemon.pid) - woken
    memory = max(memory, resident(daemon.pid))
    for page in PAGES:
        daemon.get(page)
    viewed = resident(daemon.pid)
    yield Line(
        "its memory at rest, before its first scan", (memory / 1e6,), "MB", MOST_MEMORY,
        beside=f"{viewed / 1e6:,.0f} MB after every page was looked at",
    )  # fmt: skip
    yield Line(
        f"its processor at rest, over {REST:.0f} s", (cpu / REST * 100,), "%", MOST_IDLE,
        beside=f"woken {woken / REST:.1f} times a second, all threads",
    )  # fmt: skip


def _woken(process: int) -> int:
    return sum(
        int(line.split()[1])
        for status in Path(f"/proc/{process}/task").glob("*/status")
        for line in status.read_text().splitlines()
        if line.startswith("voluntary_ctxt_switches")
    )
