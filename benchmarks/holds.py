"""How long the event loop is held at most: the daemon's own measure, in all that it does.

One daemon with 200 rules and a year of history is started, its pages are looked at, its rules are
read anew, and 10,000 products are scanned from the simulator while pages are looked at.

By the wall's clock: on a busy machine what waits for a processor counts as held.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bare import decoding
from benchmarks.daemon import Running, running
from benchmarks.history import DAYS, PRODUCTS, Year, rules, year
from benchmarks.report import Line
from benchmarks.start import MANY, PAGES
from watcher.units import DAY, utc_day

MOST_HELD = 0.25  # of what decoding the list in one go would hold it
VIEWS = 5


def lines(times: int) -> Iterator[Line]:
    """The case; twice at most, for each takes a minute."""
    made = year()
    runs = []
    bare = decoding()
    with simulator(made) as url:
        for _ in range(min(times, 2)):
            with tempfile.TemporaryDirectory() as folder:
                runs.append(_run(made.copy(Path(folder) / "watcher.db"), url))
    worst = max(runs, key=lambda run: run["scan"])
    so_far = ", ".join(f"{phase} {held * 1_000:.0f} ms" for phase, held in worst.items())
    yield Line(
        "the event loop is held at most (start, pages, reload, a scan of 10,000 products), against "
        "decoding such a list in one go",
        tuple(run["scan"] / bare for run in runs), "x", MOST_HELD, worst=True,
        beside=f"up to the end of: {so_far}; against {bare * 1_000:.0f} ms",
    )  # fmt: skip


def _run(database: Path, url: str) -> dict[str, float]:
    text = rules(MANY).replace("key: none,", "key: none, requests_per_second: 10000,")
    held = {}
    with running(database, text, url) as daemon:
        held["start"] = daemon.held()
        for _ in range(VIEWS):
            _view(daemon)
        held["pages"] = daemon.held()
        daemon.rules.write_text(f"{text}# edited\n")
        daemon.said("READY=1")
        held["reload"] = daemon.held()
        daemon.rules.write_text(text.replace(f"top: {PRODUCTS}", f"top: {PRODUCTS - 10}"))
        while not daemon.logged("scanned"):
            _view(daemon)
        held["scan"] = daemon.held()
    return held


def _view(daemon: Running) -> None:
    for page in PAGES:
        daemon.get(page)


@contextmanager
def simulator(made: Year) -> Iterator[str]:
    """The market whose past ``made`` is, on the day of its last scan."""
    command = [
        sys.executable, "-m", "watcher.source.simulator", "--port", "0", "--regions", "US",
        "--products", str(PRODUCTS), "--key", "none", "--preset", "smooth",
        "--start", utc_day(made.until - DAYS * DAY).isoformat(),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = next(
                word.removeprefix("KEYAPI_URL=")
                for line in process.stdout
                for word in line.split()
                if word.startswith("KEYAPI_URL=")
            )
            urllib.request.urlopen(
                urllib.request.Request(f"{url}/simulator/advance?days={DAYS}", method="POST")
            ).close()
            yield url
        finally:
            process.terminate()
