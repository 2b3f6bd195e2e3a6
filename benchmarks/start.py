"""How long commands and the daemon take to start, and what the daemon costs while it waits.

The daemon has 200 rules and a year of history, is started as systemd would, and is ready when it
says so. At rest it is left alone for a minute with all its parts running.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import bare
from benchmarks.bare import WATCHER
from benchmarks.daemon import Running, running
from benchmarks.history import rules, year
from benchmarks.processes import cpu_of, ratios, resident
from benchmarks.report import Line

# Against a process that imports all that is not ours of it; in memory, holds it.
MOST_CHECK, MOST_READY, MOST_MEMORY = 1.5, 2.5, 1.5
MOST_HELP = 2.0  # against `import click`
MOST_IDLE = 3.0  # against a bare event loop that is woken as often
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
    check = ["check", "--rules", str(RECIPES)]
    commands = {
        "click": bare.importing(["click"]),
        "needs": bare.importing(bare.needs(check, {"SLACK_URL": "json://localhost"})),
        "help": [*WATCHER, "--help"],
        "check": [*WATCHER, *check],
        "many": [*WATCHER, "check", "--rules", "many.yaml"],
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
    for name, against, most, what in (
        ("help", "click", MOST_HELP, "`watcher --help`, against `import click`"),
        ("check", "needs", MOST_CHECK,
         f"`watcher check`, {RECIPES.name}, against importing the libraries that it needs"),
        ("many", "needs", MOST_CHECK, f"... {MANY} rules"),
    ):  # fmt: skip
        ours, its = took[name], took[against]
        yield Line(
            what, ratios(ours, its), "x", most,
            beside=f"{statistics.median(ours):.2f} s against {statistics.median(its):.2f} s",
        )  # fmt: skip


def _daemon(database: Path, times: int) -> Iterator[Line]:
    text = rules(MANY)
    with running(database, text):
        pass  # new rules are written once
    libraries = bare.needs(["run", "--help"], {}, "watcher.daemon.file_page")
    ready, its = [], []
    for _ in range(times):
        begin = time.perf_counter()
        subprocess.run(bare.importing(libraries), check=True)
        its.append(time.perf_counter() - begin)
        with running(database, text) as daemon:
            ready.append(daemon.seconds)
    yield Line(
        f"the daemon's start to READY, {MANY} rules, a year of 10,000 products, against importing "
        "its libraries", ratios(ready, its), "x", MOST_READY,
        beside=f"{statistics.median(ready):.2f} s against {statistics.median(its):.2f} s; "
        f"a database of {database.stat().st_size / 1e6:,.0f} MB",
    )  # fmt: skip
    with running(database, text) as daemon:
        yield from _rest(daemon, libraries)


def _rest(daemon: Running, libraries: Sequence[str]) -> Iterator[Line]:
    time.sleep(SETTLE)
    memory, cpu, woken = resident(daemon.pid), cpu_of(daemon.pid), _woken(daemon.pid)
    time.sleep(REST)
    cpu, woken = cpu_of(daemon.pid) - cpu, _woken(daemon.pid) - woken
    memory = max(memory, resident(daemon.pid))
    for page in PAGES:
        daemon.get(page)
    viewed = resident(daemon.pid)
    held, its = bare.resting(libraries, REST / max(woken, 1), REST)
    yield Line(
        "its memory at rest, before its first scan, against its libraries'", (memory / held,), "x",
        MOST_MEMORY, beside=f"{memory / 1e6:,.0f} MB against {held / 1e6:,.0f} MB; "
        f"{viewed / 1e6:,.0f} MB after every page was looked at",
    )  # fmt: skip
    yield Line(
        f"its processor at rest, over {REST:.0f} s, against an event loop woken as often",
        (cpu / its,), "x", MOST_IDLE,
        beside=f"{cpu / REST:.2%} against {its / REST:.2%} of a processor; woken "
        f"{woken / REST:.1f} times a second, all threads",
    )  # fmt: skip


def _woken(process: int) -> int:
    return sum(
        int(line.split()[1])
        for status in Path(f"/proc/{process}/task").glob("*/status")
        for line in status.read_text().splitlines()
        if line.startswith("voluntary_ctxt_switches")
    )
