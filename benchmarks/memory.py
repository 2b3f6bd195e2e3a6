"""What the daemon holds a minute after a scan of 10,000 products, from the real ``watcher run``.

After a usual scan (100 rules, the first of a list), and after one in which everything happens at
once: all products are new and 30,000 alerts begin.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.daemon import running
from benchmarks.processes import resident
from benchmarks.report import Line
from benchmarks.serving import serving
from benchmarks.workload import file, plain

SETTLE = 60.0  # seconds
USUAL, HEAVY = 120, 130  # MB
_ALWAYS = [f"{field}: {{at_least: 0}}" for field in ("total_sale_cnt", "spu_avg_price", "rank")]
_UNPACED = "api: {requests_per_second: 10000, concurrency: 4}\n"


def lines(_times: int) -> Iterator[Line]:
    """Once each: it hardly varies."""
    usual = file([", ".join(each.text() for each in rule) for rule in plain()], more=_UNPACED)
    with serving() as url:
        for what, rules, most in (
            ("memory a minute after a usual scan of 10,000 products, 100 rules", usual, USUAL),
            ("... after one in which 30,000 alerts begin", file(_ALWAYS, more=_UNPACED), HEAVY),
        ):
            held, fired = _after(rules, f"{url}/1")
            beside = f"{fired:,} alerts began"
            yield Line(what, (held / 1e6,), "MB", most, beside=beside)


def _after(rules: str, url: str) -> tuple[int, object]:
    """What is held, and how many alerts began."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "watcher.db", rules, url) as daemon,
    ):
        while not (scans := daemon.logged("scanned")):
            time.sleep(0.5)
        time.sleep(SETTLE)
        return resident(daemon.pid), scans[0]["fired"]
