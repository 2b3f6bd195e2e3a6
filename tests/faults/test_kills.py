"""A short run of the kill harness; ``python -m tests.faults.kills`` is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.kills import run

pytestmark = pytest.mark.end_to_end

KILLS = 8


@pytest.mark.long
async def test_killed_at_any_moment(tmp_path: Path) -> None:
    """Nothing is lost, nothing invented; twice is told only what a kill left unmarked."""
    report = await run(tmp_path, KILLS, seed=11, extra_days=0)
    assert not report.breaches, str(report)
    assert report.kills == KILLS
    assert report.facts
