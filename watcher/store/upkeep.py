"""Keeping the file small and safe: pruning in small steps, backup, figures, a check."""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from watcher.errors import StoreError
from watcher.model import Instant
from watcher.store.connection import Connection, connect, explained
from watcher.store.migrations import APPLICATION_ID

STEP_ROWS = 1_000
_STEP_PAGES = 500

# A finished notification's tries go with it; one that was joined after the one that tells it; a
# message when no target needs it any more; an
# alert when it ended; what was told when it is older than any message that tells of it.
_OLD_NOTIFICATIONS = (
    "DELETE FROM notifications WHERE id IN (SELECT id FROM notifications "
    "WHERE state <> 'waiting' AND joined IS NULL AND coalesce(finished, created) < :before "
    "LIMIT :step)"
)
_OLD_MESSAGES = (
    "DELETE FROM messages WHERE id IN (SELECT m.id FROM messages AS m WHERE m.created < :before "
    "AND NOT EXISTS (SELECT 1 FROM notifications WHERE message = m.id) LIMIT :step)"
)
_OLD_TOLD = (
    "DELETE FROM told WHERE (rule, product, channel) IN (SELECT t.rule, t.product, t.channel "
    "FROM told AS t WHERE t.told_at < :before AND NOT EXISTS (SELECT 1 FROM alerts AS a "
    "WHERE a.rule = t.rule AND a.product = t.product AND a.state <> 'inactive') LIMIT :step)"
)
_OLD_ALERTS = (
    "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts "
    "WHERE state = 'inactive' AND coalesce(resolved_at, since) < :before LIMIT :step)"
)
_OLD_SILENCES = (
    "DELETE FROM silences WHERE id IN (SELECT id FROM silences WHERE ends < :before LIMIT :step)"
)
_OLD_RECORDS = (_OLD_NOTIFICATIONS, _OLD_MESSAGES, _OLD_TOLD, _OLD_ALERTS, _OLD_SILENCES)
# Each watch keeps its newest scan (its timer starts from there) and its newest complete one.
_OLD_SCANS = (
    "DELETE FROM scans WHERE id IN (SELECT s.id FROM scans AS s WHERE s.at < :before "
    "AND s.id <> (SELECT max(id) FROM scans WHERE watch = s.watch) "
    "AND s.id <> coalesce((SELECT max(id) FROM scans WHERE watch = s.watch "
    "AND state = 'complete'), 0) LIMIT :step)"
)
_OLD_CREDITS = (
    "DELETE FROM credits WHERE (day, watch) IN (SELECT day, watch FROM credits "
    "WHERE day < date(:before, 'unixepoch', '-31 days') LIMIT :step)"
)
# A product's newest row before the limit may still be in force after it.
_OLD_OBSERVATIONS = (
    "DELETE FROM observations WHERE id IN (SELECT o.id FROM observations AS o "
    "WHERE o.id BETWEEN :first AND :last AND o.at < :before AND EXISTS (SELECT 1 "
    "FROM observations AS n WHERE n.product = o.product AND n.at > o.at AND n.at < :before))"
)


@dataclass(frozen=True, slots=True)
class Stats:
    """Sizes in bytes; ``free`` is space inside the file that new rows will use first."""

    bytes: int
    free: int
    products: int
    observations: int
    scans: int
    alerts: int
    notifications: int
    oldest: Instant | None
    newest: Instant | None


class Upkeep:
    """Steps that each take well under 100 ms, so that no scan waits longer."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._next_row = 0

    def prune(
        self, observations_before: Instant, notifications_before: Instant, *, step: int = STEP_ROWS
    ) -> bool:
        """Removes some of what is older than the limits; True while there may be more."""
        with self._db.atomic():
            more = self._prune_observations(observations_before, step)
            if not more:
                more |= self._delete(_OLD_SCANS, observations_before, step)
                more |= self._delete(_OLD_CREDITS, observations_before, step)
                for statement in _OLD_RECORDS:
                    more |= self._delete(statement, notifications_before, step)
        return self._give_back() or more

    def backup(self, target: Path) -> None:
        """A compact copy while the store is in use; an older backup of that name is replaced."""
        if target.exists() and not is_ours(target):
            raise StoreError(
                f"{target}: exists and is no database of watcher; not replaced", target
            )
        part = target.with_name(f"{target.name}.part")
        try:
            part.unlink(missing_ok=True)
            with explained(target), closing(self._second_connection()) as conn:
                conn.execute("VACUUM INTO ?", (str(part),))
            _flush(part)
            part.replace(target)
        except OSError as error:
            raise StoreError(f"{target}: can't be written: {error.strerror}", target) from error
        finally:
            if part.exists():
                part.unlink()

    def _second_connection(self) -> sqlite3.Connection:
        """Outside of any transaction that this one may be in."""
        return connect(self._db.path, readonly=True)

    def stats(self) -> Stats:
        page = self._db.number("PRAGMA page_size")
        oldest, newest = self._db.one("SELECT min(at), max(at) FROM scans") or (None, None)
        tables = ("products", "observations", "scans", "alerts", "notifications")
        return Stats(
            self._db.number("PRAGMA page_count") * page,
            self._db.number("PRAGMA freelist_count") * page,
            **{table: self._db.number(f"SELECT count(*) FROM {table}") for table in tables},
            oldest=oldest,
            newest=newest,
        )

    def check(self) -> tuple[str, ...]:
        """What SQLite finds wrong with the whole file; nothing is good. Reads all of it."""
        try:
            rows = self._db.rows("PRAGMA integrity_check")
        except sqlite3.DatabaseError as error:
            return (str(error),)
        return tuple(row[0] for row in rows if row[0] != "ok")

    def _delete(self, statement: str, before: Instant, step: int) -> bool:
        values = {"before": before, "step": step}
        return self._db.conn.execute(statement, values).rowcount >= step

    def _give_back(self) -> bool:
        """Some free pages to the file system; True while there are more to give."""
        if self._db.conn.in_transaction:
            return False
        before = self._db.number("PRAGMA freelist_count")
        # By execute() it would end after one page. A script ends an open transaction.
        self._db.conn.executescript(f"PRAGMA incremental_vacuum({_STEP_PAGES})")
        return 0 < self._db.number("PRAGMA freelist_count") < before

    def _prune_observations(self, before: Instant, step: int) -> bool:
        """Rows stand in the order in which they were written, so a step is a run of rows."""
        first = self._db.number(
            "SELECT id FROM observations WHERE id >= ? ORDER BY id LIMIT 1", (self._next_row,)
        )
        row = self._db.one("SELECT at FROM observations WHERE id = ?", (first,))
        if row is None or row[0] >= before:
            self._next_row = 0
            return False
        last = first + step - 1
        values = {"first": first, "last": last, "before": before}
        self._db.conn.execute(_OLD_OBSERVATIONS, values)
        self._next_row = last + 1
        return True


def is_ours(path: Path) -> bool:
    """Whether the file is a database that watcher made."""
    try:
        with closing(connect(path, readonly=True)) as conn:
            return bool(conn.execute("PRAGMA application_id").fetchone()[0] == APPLICATION_ID)
    except sqlite3.Error:
        return False


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
