"""``watcher check`` says what only the stored scans show."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.running import Command
from tests.store.making import DAY, START, scan
from watcher.data_days import DataDay
from watcher.rules.files.loading import load
from watcher.store.sql.refreshes import ScanDay, Share
from watcher.store.sqlite.database import Database

RULES = """
channels: {me: {url: "json://localhost"}}
defaults: {region: US, notify: [me], every: refresh}
watches: {still: {sort: spu_avg_price desc, top: 20}}
rules: [{name: r, watch: still, when: {review_count: {at_least: 1}}}]
"""


def test_a_list_that_no_probe_can_tell_of(watcher: Command, folder: Path) -> None:
    """At the watch, with what to do; ``status`` says the same."""
    path = folder / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    (watch,) = load([path], {}).used_watches
    with Database.open(folder / "watcher.db") as database:
        for day in range(5):
            at, number = START + day * DAY, START // DAY + day
            database.refreshes.begin_day("US", DataDay(number, at, at - 60, at))
            recorded = database.history.record(scan(at, {"1": day + 1}, watch=watch.key))
            share, since = (Share(10, 1), number - 1) if day else (Share(), None)
            noted = ScanDay(recorded.scan_id, watch.key, "US", number, since, share, share)
            database.refreshes.note_scan(noted)
    (doubt,) = (
        each["message"]
        for each in json.loads(watcher("check", "--json").out)["warnings"]
        if each["path"] == "watches.still"
    )
    assert "too few for a probe to tell whether region US has new data" in doubt
    assert "or read this one with every: 24h" in doubt
    assert " ".join(doubt.split()) in " ".join(watcher("status").out.split())
