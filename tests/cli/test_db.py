"""``watcher db``."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.running import Command
from tests.store.making import DAY, scan
from watcher.store.sqlite.database import Database

RULES = """
keep: {observations: 30d, notifications: 2w}
channels: {me: {url: "json://localhost/"}}
defaults: {region: US, notify: [me]}
rules:
  - name: top
    watch: {sort: total_sale_7d_cnt desc, top: 30}
    when: {rank: {at_most: 3}}
"""


@pytest.fixture
def database(folder: Path) -> Path:
    """Forty days of scans, the first of them in 2023."""
    path = folder / "watcher.db"
    with Database.open(path) as store:
        for day in range(40):
            store.history.record(
                scan(1_700_000_000 + day * DAY, {str(n): n + day for n in range(50)})
            )
    return path


def test_backup(watcher: Command, database: Path, folder: Path) -> None:
    """A copy that opens, made while the database is in use; a second one takes its place."""
    with Database.open(database) as held, held.atomic():
        held.ledger.charge("w", 1, 0)
        for _ in range(2):
            result = watcher("db", "backup", "copy.db")
            assert result.code == 0
            assert result.out.startswith("copy.db: ")
            assert result.out.endswith(" kB, checked.\n")
    assert sorted(folder.glob("*copy*")) == [folder / "copy.db"]
    with Database.open(folder / "copy.db") as copy:
        assert len(copy.history.scans(limit=100)) == 40
        assert copy.ledger.spent(0).day == 0
    assert (folder / "copy.db").stat().st_mode == database.stat().st_mode


def test_backup_refuses(watcher: Command, database: Path, folder: Path) -> None:
    """In one line, with nothing left behind, and nothing of others overwritten."""
    (folder / "letter.txt").write_text("mine")
    (folder / "link.db").symlink_to(database)
    Database.open(folder / "other.db").close()
    before = database.read_bytes()
    with Database.open(folder / "other.db") as other:
        other.ledger.charge("w", 1, 0)
        for target, words in [
            ("letter.txt", "exists and is no database of watcher; not replaced"),
            (".", "exists and is no database of watcher; not replaced"),
            ("nowhere/copy.db", "the folder nowhere does not exist"),
            ("watcher.db", "is the database itself; name another file"),
            ("link.db", "is the database itself; name another file"),
            ("other.db", "is a database in use, no backup; not replaced"),
        ]:
            result = watcher("db", "backup", target)
            assert (result.code, result.out) == (1, "")
            assert result.err == f"{target}: {words}\n"
    assert database.read_bytes() == before
    assert (folder / "letter.txt").read_text() == "mine"
    assert not list(folder.glob("*.part"))


def test_backup_of_a_damaged_database(watcher: Command, database: Path, folder: Path) -> None:
    """A copy of damage is no backup: the older one stays."""
    assert watcher("db", "backup", "copy.db").code == 0
    older = (folder / "copy.db").read_bytes()
    with closing(sqlite3.connect(database)) as conn:
        named = "SELECT rootpage FROM sqlite_schema WHERE name = 'observations'"
        (page,) = conn.execute(named).fetchone()
        (size,) = conn.execute("PRAGMA page_size").fetchone()
    with database.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\x5a" * size)
    result = watcher("db", "backup", "copy.db")
    assert result.code == 1
    assert "damaged" in result.err
    assert (folder / "copy.db").read_bytes() == older
    assert not list(folder.glob(".*.part"))


def test_prune(watcher: Command, database: Path, folder: Path) -> None:
    """By the rule file's ``keep``; says what went and what was given back."""
    (folder / "rules.yaml").write_text(RULES)
    before = database.stat().st_size
    result = watcher("db", "prune")
    assert result.code == 0
    assert result.out.startswith(
        "Removed 1,950 observations, 39 scans: older than 30d (notifications 14d). "
    )
    assert result.out.endswith(" kB.\n")
    assert database.stat().st_size < 0.7 * before
    assert watcher("db", "prune").out.startswith("Removed nothing: ")


def test_a_prune_that_ends_early(
    watcher: Command, database: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By Ctrl-C after a step: what it removed until then is in the record."""
    (folder / "rules.yaml").write_text(RULES)

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("watcher.cli.db.time.sleep", interrupt)
    assert watcher("db", "prune").code != 0
    with Database.open(database, readonly=True) as store:
        (record,) = store.audit.list()
        left = store.upkeep.stats().observations
    assert (record.what, record.before) == ("prune", {"rows": {"observations": 2_000 - left}})


def test_stats(watcher: Command, database: Path) -> None:
    """Sizes and counts; with --check the whole file is read."""
    assert "Observations      2,000" in watcher("db", "stats").out
    figures = json.loads(watcher("db", "stats", "--json", "--check").out)
    assert (figures["scans"], figures["products"], figures["damage"]) == (40, 50, [])
    assert figures["newest"] - figures["oldest"] == 39 * DAY
    assert figures["bytes"] == database.stat().st_size
    assert figures["disk_free"] > 0


def test_stats_of_a_damaged_database(watcher: Command, database: Path) -> None:
    """Exit code 1, and what is wrong."""
    with closing(sqlite3.connect(database)) as conn:
        page = conn.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name LIKE 'idx_tries_%'"
        ).fetchone()[0]
    with database.open("r+b") as file:
        file.seek((page - 1) * 4_096)
        file.write(b"\x5a" * 4_096)
    result = watcher("db", "stats", "--check")
    assert result.code == 1
    assert "Check" in result.out
    assert json.loads(watcher("db", "stats", "--check", "--json").out)["damage"]


@pytest.mark.parametrize("arguments", [("backup", "copy.db"), ("stats",), ("prune",)])
def test_without_a_database(watcher: Command, folder: Path, arguments: tuple[str, ...]) -> None:
    """None is made."""
    (folder / "rules.yaml").write_text(RULES)
    result = watcher("db", *arguments)
    assert result.code == 1
    assert "no such database" in result.err
    assert [file.name for file in folder.iterdir()] == ["rules.yaml"]
