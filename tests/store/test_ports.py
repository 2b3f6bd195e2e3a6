"""The seam of the store: its faces, and what no face may need to know."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.recording import Recording
from watcher.store.ports import Store
from watcher.store.sqlite.database import Database

ROOT = Path(__file__).parents[2]
_SQLITES_OWN = re.compile(
    r"json_\w+\(|INDEXED BY|PRAGMA|OR (REPLACE|IGNORE)|\browid\b|sqlite_\w+|CROSS JOIN|iif\(|"
    r"typeof\(|import sqlite3|import sqlite_utils|1 \+ \S*\(?.SELECT max\(id\)",
    re.IGNORECASE,
)
_JOBS = "tests/test_pipeline.py", "tests/daemon/scheduling"


@pytest.mark.parametrize(
    "module", sorted((ROOT / "watcher/store/sql").glob("*.py")), ids=lambda path: path.stem
)
def test_shared_statements_are_plain_sql(module: Path) -> None:
    """What is SQLite's own stands under a name in its dialect."""
    assert [line for line in module.read_text().splitlines() if _SQLITES_OWN.search(line)] == []


def test_nothing_reaches_past_the_faces() -> None:
    """Scans and the daemon's jobs, over stores that have nothing but faces; others' turn is that on
    the other engine (``test_both_engines``)."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "tests.store.recording", *_JOBS],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3_000:]


def test_who_reaches_past_them_is_caught(store: Database) -> None:
    """By the module that asks: the store's own parts may."""
    recorded = Recording(store, Store)
    asks = "asked = recorded.{}"
    exec(asks.format("alerts.counts"), {"__name__": "watcher.web.x", "recorded": recorded})
    exec(asks.format("conn"), {"__name__": "watcher.store.x", "recorded": recorded})
    for past in ("conn", "execute", "alerts._db"):
        with pytest.raises(AssertionError, match=r"watcher\.web\.x reaches past"):
            exec(asks.format(past), {"__name__": "watcher.web.x", "recorded": recorded})
