"""A short life; ``make soak`` is an hour's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.faults.gauges import FEW, Sample, busy, grown
from tests.faults.soak import run
from tests.faults.world import RULES
from tests.postgres import create_database

pytestmark = pytest.mark.end_to_end

SECONDS = 3.0


@pytest.mark.long
async def test_a_short_life(tmp_path: Path) -> None:
    """Alive and healthy under all that befalls it; nothing is lost, nothing told twice."""
    report = await run(tmp_path, SECONDS, seed=8, rules=RULES, module="tests.faults.probe")
    assert not report.breaches, str(report)
    assert report.facts
    assert report.troubles


@pytest.mark.long
async def test_a_short_life_on_a_server(tmp_path: Path, postgres_server: str) -> None:
    """The same, where the database is a book on a server."""
    names = f"rough{os.getpid()}", f"calm{os.getpid()}"
    urls = create_database(postgres_server, names[0]), create_database(postgres_server, names[1])
    report = await run(
        tmp_path, SECONDS, seed=8, rules=RULES, module="tests.faults.probe", urls=urls
    )
    assert not report.breaches, str(report)
    assert report.facts


def samples(memory: float, files: float) -> list[Sample]:
    """A long life in which so much comes with each sample."""
    return [
        Sample(60.0 * n, 120 + memory * n + n % 5, round(20 + files * n + n % 3), 12, 3.0 * n)
        for n in range(8 * FEW)
    ]


def test_what_grows_is_seen() -> None:
    """A leak of memory or of files; not what comes and goes, nor what few samples show."""
    assert grown(samples(0.02, 0)) == []
    assert grown(samples(0.2, 0)) == ["MiB of memory grew from 134 to 151"]
    assert grown(samples(0, 0.1)) == ["open files grew from 27 to 36"]
    assert grown(samples(5, 5)[:FEW]) == []
    assert busy(samples(0, 0)) == pytest.approx(0.05)
