"""A short run of the reload harness; ``python -m tests.faults.reloads`` is the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.reloads import run

pytestmark = pytest.mark.end_to_end

RELOADS = 25


async def test_reloads_under_load(tmp_path: Path) -> None:
    """No timer is lost, nothing told twice or not at all, and nothing grows."""
    outcome = await run(tmp_path, "folder", RELOADS, seed=3)
    assert not outcome.breaches, str(outcome)
    assert outcome.facts
    assert outcome.refused
