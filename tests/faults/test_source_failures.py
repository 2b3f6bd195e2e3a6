"""Every line of the failure table, over real HTTP, with a crash in the middle of each fault.

Whatever the source does: no alert fires or ends by it, no timer is set back, the operator hears
of it once and once that it is over, and what could reach the server is counted.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.sink import closed_port
from tests.faults.source_bench import IMPATIENT, PATIENT, START, SourceBench, benched
from watcher.model import ScanState
from watcher.source.simulator import Fault
from watcher.units import DAY, HOUR

DATE = "in 30 s"  # put in when it is known
FAILS = "watcher: watch list: fails"
KEY_REFUSED, CREDITS = "watcher: key refused", "watcher: credits used up"
INVALID = "watcher: watch list: invalid query"


@dataclass(frozen=True)
class Line:
    """A fault, the cause that is told, the requests of one scan, and a pause that it asks for."""

    name: str
    cause: str = FAILS
    requests: int = 12  # 3 pages of 4 tries: then the server is down
    pause: float | None = None
    how: Mapping[str, Any] = field(default_factory=dict)


def line(
    name: str, cause: str = FAILS, requests: int = 12, pause: float | None = None, **how: Any
) -> Line:
    """A row of the table."""
    return Line(name, cause, requests, pause, how)


def html(status: int) -> dict[str, Any]:
    """A proxy's error page."""
    return {"status": status, "body": "<html><body>Bad Gateway</body></html>"}


TABLE = [
    line("400", INVALID, 1, status=400, body='{"code":400,"message":"bad category"}'),
    line("401", KEY_REFUSED, 1, status=401),
    line("402", CREDITS, 1, status=402),
    line("403", KEY_REFUSED, 1, status=403),
    line("404", FAILS, 3, status=404),
    line("429 seconds", pause=7, status=429, headers={"Retry-After": "7"}),
    line("429 date", pause=30, status=429, headers={"Retry-After": DATE}),
    line("429 none", pause=60, status=429),
    line("429 for ever", pause=900, status=429, headers={"Retry-After": "999999"}),
    line("500", status=500),
    line("502 html", **html(502)),
    line("503", pause=20, status=503, headers={"Retry-After": "20"}),
    line("504", status=504),
    line("500 usage limit", CREDITS, 1, status=500, body="Usage Limit Exceeded"),
    line("503 quota", CREDITS, 1, status=503, body='{"error":"monthly quota reached"}'),
    line("code 500 in a 200", body='{"code":500,"message":"busy","data":null}'),
    line("code 402 in a 200", CREDITS, 1, body='{"code":402,"message":"no","data":[]}'),
    line("quota in a 200", CREDITS, 1, body='{"code":7,"message":"Quota exceeded"}'),
    line("credit in a 200", CREDITS, 1, body='{"code":7,"message":"not enough credits"}'),
    line("reset", drop=True),
    line("timeout", delay=0.5),
    line("drip", drip=0.05),
    line("cut", cut=1000),
    line("html in a 200", **html(200)),
    line("an object", body='{"code":0,"data":{"list":[]}}'),
    line("no data", body='{"code":0}'),
    line("empty body", body=""),
    line("bad gzip", body=b"no gzip", headers={"Content-Encoding": "gzip"}),
    line("cut gzip", body=gzip.compress(b"x" * 9999)[:40], headers={"Content-Encoding": "gzip"}),
]  # fmt: skip


@pytest.mark.parametrize("case", TABLE, ids=lambda case: case.name)
async def test_a_line_of_the_failure_table(tmp_path: Path, case: Line) -> None:
    """Told once over a restart, told once at its end; alerts and timers as they were."""
    async with benched(tmp_path) as bench:
        assert await bench.scan() is ScanState.COMPLETE
        before = await bench.alerts()
        assert len(before) == 63  # 30 fire, 30 are pending, 3 lead
        fault = begin(bench, case)
        if {"delay", "drip"} & case.how.keys():
            bench.timeout = IMPATIENT
            await bench.restart()
        asked, spent = bench.simulator.requests, await bench.spent()
        assert await bench.scan() is ScanState.FAILED
        assert bench.simulator.requests - asked == case.requests
        assert await bench.spent() - spent == case.requests
        if case.pause is not None:
            assert case.pause in {round(pause) for pause in bench.time.sleeps}
        await bench.scan()
        await bench.restart()
        await bench.scan()
        await bench.scan()
        assert await bench.alerts() == before
        assert await bench.told() == [case.cause]
        bench.simulator.faults.remove(fault)
        bench.timeout = PATIENT
        await bench.restart()
        after = DAY if case.cause == CREDITS else HOUR
        assert await bench.scan(after=after) is ScanState.COMPLETE
        assert await bench.told() == [case.cause, case.cause.replace("watcher:", "watcher: over:")]
        assert await bench.reserved() == 0
        await check_timers(bench, before)


def begin(bench: SourceBench, case: Line) -> Fault:
    """The fault; an HTTP date in it is 30 s after the scan that will meet it."""
    how = dict(case.how)
    if how.get("headers", {}).get("Retry-After") == DATE:
        when = datetime.fromtimestamp(bench.clock.instant + HOUR + 30, UTC)
        how["headers"] = {"Retry-After": format_datetime(when, usegmt=True)}
    return bench.fault(**how)


async def check_timers(bench: SourceBench, before: list[tuple[object, ...]]) -> None:
    """What fired still does; what was pending fires if its six hours are over, fault or not."""
    now = await bench.alerts()
    over = bench.clock.instant - START >= 7 * HOUR
    assert {(row[0], row[2]) for row in now} == {
        ("sells", "firing"),
        ("leads", "firing"),
        ("slow", "firing" if over else "pending"),
    }
    if not over:
        assert now == before


async def test_nobody_listens(tmp_path: Path) -> None:
    """A refused connection costs nothing, and is told as any failure."""
    url = f"http://127.0.0.1:{closed_port()}"
    async with benched(tmp_path, url=url) as bench:
        for _ in range(5):
            assert await bench.scan() is ScanState.FAILED
        assert await bench.told() == [FAILS]
        assert await bench.spent() == 0
        assert await bench.reserved() == 0
