"""Every test of the store and of who works on it, on a real PostgreSQL server: SQLite's turn is the
tests themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import postgres

ROOT = Path(__file__).parents[2]
_PLUGINS = "-p", "tests.store.on_postgres", "-p", "tests.store.recording"
# Several at once, each of about the same length: whoever waits for one waits for little more.
_SUITES = {
    "store": ["tests/store"],
    "evaluation": ["tests/evaluation", "tests/notification"],
    "lockstep": ["tests/analysis/test_lockstep.py"],
    "analysis": ["tests/analysis", "--ignore", "tests/analysis/test_lockstep.py"],
}


@pytest.mark.long
@pytest.mark.parametrize("suite", _SUITES)
def test_a_suite_on_postgres(postgres_server: str, suite: str) -> None:
    """Over books in place of what would be in memory (``tests.store.on_postgres``), of which the
    house may ask its faces only (``tests.store.recording``)."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", *_PLUGINS, *_SUITES[suite]],
        capture_output=True, text=True, check=False, cwd=ROOT,
        env=os.environ | {postgres.SHARED: postgres_server},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3_000:]
    assert " passed" in done.stdout
