"""What the daemon holds a minute after a scan of 10,000 products, from the real ``watcher run``.

After a usual scan (100 rules, the first of a list), and after one in which everything happens at
once: all products are new and 30,000 alerts begin.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bare import needs, resting
from benchmarks.daemon import running
from benchmarks.processes import resident
from benchmarks.report import Line
from benchmarks.serving import serving
from benchmarks.workload import file, plain

_AFTER_A_SCAN = (
    "memory a minute after a usual scan of 10,000 products, 100 rules, against the libraries alone"
)
SETTLE = 60.0  # seconds
USUAL, HEAVY = 1.55, 1.65  # against the libraries alone
_ALWAYS = [f"{field}: {{at_least: 0}}" for field in ("total_sale_cnt", "spu_avg_price", "rank")]
_UNPACED = "api: {requests_per_second: 10000, concurrency: 4}\n"


def lines(_times: int) -> Iterator[Line]:
    """Once each: it hardly varies."""
    usual = file([", ".join(each.text() for each in rule) for rule in plain()], more=_UNPACED)
    libraries, _ = resting(needs(["run", "--help"], {}, "watcher.daemon.file_page"), 1.0, 1.0)
    with serving() as url:
        for what, rules, most in (
            (_AFTER_A_SCAN, usual, USUAL),
            ("... after one in which 30,000 alerts begin", file(_ALWAYS, more=_UNPACED), HEAVY),
        ):
            held, fired = _after(rules, f"{url}/1")
            beside = f"{held / 1e6:.0f} MB against {libraries / 1e6:.0f} MB; {fired:,} alerts began"
            yield Line(what, (held / libraries,), "x", most, beside=beside)


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
