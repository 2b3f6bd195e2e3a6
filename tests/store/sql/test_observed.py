"""Observations in bulk."""

from __future__ import annotations

import numpy as np
import pytest

from tests.store.making import DAY, SALES, START, scan
from watcher.store.sql import extracts
from watcher.store.sql.extracts import Choice
from watcher.store.sqlite.database import Database


def test_parts_join_without_a_gap(store: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """However small they are; both ways to read give each product's values in order."""
    monkeypatch.setattr(extracts, "PART", 3)
    for day in range(4):
        products = {str(n): n * 100 + day for n in range(5)}
        store.history.record(scan(START + day * DAY, products))
    for read in (store.observations.changes, store.observations.sightings):
        extract = read(Choice(), [SALES])
        parts = list(extract.parts)
        assert extract.total == sum(len(part.at) for part in parts) == 20
        assert max(len(part.at) for part in parts) == 3
        numbers = np.concatenate([part.numbers for part in parts])[:, 0]
        assert numbers.tolist() == [n * 100 + day for day in range(4) for n in range(5)]
        assert np.concatenate([part.ranks for part in parts]).tolist() == [1, 2, 3, 4, 5] * 4
    monkeypatch.setattr(extracts, "PART", 2)
    assert [len(rows) for rows in store.extracts.scans(Choice()).parts] == [2, 2]


def test_two_watches_at_one_time(store: Database) -> None:
    """Each row has the time and the watch of its scan, though the store keeps them apart."""
    store.history.record(scan(START, {"1": 5}, watch="a"))
    store.history.record(scan(START, {"1": 6, "2": 7}, watch="b"))
    (part,) = store.observations.changes(Choice(), [SALES]).parts
    assert part.at.tolist() == [START] * 3
    assert list(part.watches) == ["a", "b", "b"]
    assert part.ranks.tolist() == [1, 1, 2]


def test_a_scan_that_was_pruned(store: Database) -> None:
    """Its rows that are still in force have no watch and no rank any more."""
    store.history.record(scan(START, {"1": 5}))
    extract = store.observations.changes(Choice(), [SALES])
    store.execute("DELETE FROM scans")
    (part,) = extract.parts
    assert (part.at.tolist(), list(part.watches)) == ([START], [None])
    assert np.isnan(part.ranks).all()


def test_rows_pruned_meanwhile_are_missing(store: Database) -> None:
    """And nothing breaks."""
    store.history.record(scan(START, {"1": 5}))
    extract = store.observations.changes(Choice(), [])
    store.execute("DELETE FROM observations")
    (part,) = extract.parts
    assert len(part.at) == 0
    assert part.numbers.shape == (0, 0)
