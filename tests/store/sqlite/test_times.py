"""What was written while the clock was ahead counts as now."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.store.making import DAY, SALES, START, scan
from watcher.fields import NUMERIC_NAMES
from watcher.message import Message
from watcher.model import Severity
from watcher.store.records import WindowQuery
from watcher.store.sql.times import AHEAD, PAST
from watcher.store.sqlite.database import Database
from watcher.units import HOUR, MINUTE

YEAR = 365 * DAY
NOW = START + 30 * DAY

# Times that are mended in their own way; a silence ends so long after its begin as ever.
OTHERS = {
    ("notifications", "next_try"), ("silences", "begins"), ("silences", "ends"), ("scans", "at"),
    ("scans", "mark"), ("observations", "at"), ("made_texts", "at"), ("credits", "day"),
    ("reservations", "day"), ("lookups", "next_try"), ("data_days", "day"), ("scan_days", "day"),
    ("scan_days", "since"), ("links", "made"), ("links", "expires"),
}  # fmt: skip
NO_TIMES = {
    "id", "newest", "digest", "product", "requests", "pages", "size", "first_row", "rows",
    "interrupted", "absent", "carried", "alert", "resolved_told", "notification", "message",
    "tries", "used", "amount", "failures", "silence", "joined", "scan", "places", "until",
    "turn", "believed", "list_sparse", "cut", "known", "moved", "first_known", "first_moved",
    "half", "works", "status", "level", "wanted", "link", "number", "restores",
}  # fmt: skip


LEARNED = ("data_days", "scan_days", "looks")  # under a wrong clock: forgotten


def columns(store: Database) -> Iterator[tuple[str, str, str]]:
    """Table, column and type of all that may be a time."""
    for (table,) in store.rows("SELECT name FROM sqlite_schema WHERE type = 'table'"):
        if not table.startswith(("sqlite_", "_sqlite")):
            for _, name, kind, *_ in store.rows(f"PRAGMA table_info({table})"):
                if name == "day" or (kind == "INTEGER" and name not in NUMERIC_NAMES):
                    yield table, name, kind


def test_every_column_is_known_as_a_time_or_none(store: Database) -> None:
    """A column that is added must say which it is."""
    mended = {(table, column) for table, names in PAST.items() for column in names} | OTHERS
    found = {(table, name) for table, name, _ in columns(store)}
    assert {(table, name) for table, name in found - mended if name not in NO_TIMES} == set()
    assert mended <= found


def fill(store: Database, at: int) -> None:
    """A row in every table, all of whose times are ``at``."""
    store.execute("PRAGMA foreign_keys = OFF")
    times = {(table, name) for table, name, _ in columns(store) if name not in NO_TIMES}
    for (table,) in store.rows("SELECT name FROM sqlite_schema WHERE type = 'table'"):
        if table.startswith(("sqlite_", "_sqlite")):
            continue
        row: dict[str, object] = {}
        for _, name, kind, needed, _, key in store.rows(f"PRAGMA table_info({table})"):
            if (table, name) in times:
                day = at // DAY if kind == "INTEGER" else "2030-01-01"
                row[name] = day if name == "day" else at
            elif needed or key:
                row[name] = {"INTEGER": 1, "BLOB": b""}.get(kind, "waiting")
        marks = ", ".join("?" * len(row))
        store.execute(
            f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values())
        )


def test_no_time_is_left_in_the_future(store: Database) -> None:
    """Of any table; and after that the clock is right."""
    fill(store, NOW + YEAR)
    store.execute("UPDATE silences SET ends = ends + ?", (DAY,))
    assert store.times.ahead(NOW) == YEAR
    store.times.mend(NOW)
    assert [store.number(f"SELECT count(*) FROM {table}") for table in LEARNED] == [0, 0, 0]
    for table, name, _ in columns(store):
        if table in LEARNED or name in NO_TIMES or (table, name) == ("silences", "ends"):
            continue
        (value,) = (row[0] for row in store.rows(f"SELECT {name} FROM {table}"))
        mended = NOW - 1 if (table, name) == ("scans", "at") else NOW
        assert value == ("2023-12-14" if name == "day" else mended), (table, name)
    assert store.number("SELECT ends FROM silences") == NOW + DAY
    assert store.times.ahead(NOW, thorough=True) == 0


def test_what_was_learned_of_refreshes_stays_where_it_is_a_little_ahead(store: Database) -> None:
    """It counts as now, and the day is what it was."""
    fill(store, NOW + HOUR)
    store.times.mend(NOW)
    assert store.rows("SELECT day, began, quiet, fresh FROM data_days") == [
        ((NOW + HOUR) // DAY, NOW, NOW, NOW)
    ]
    assert store.rows("SELECT at FROM looks") == [(NOW,)]


def test_what_lies_in_the_past_stays(store: Database) -> None:
    """To the second."""
    fill(store, NOW - 5)
    before = [store.rows(f"SELECT * FROM {table}") for table in PAST]
    assert store.times.ahead(NOW, thorough=True) == 0
    store.times.mend(NOW)
    assert [store.rows(f"SELECT * FROM {table}") for table in PAST] == before


@pytest.mark.parametrize("table", PAST)
def test_a_thorough_look_sees_every_column(store: Database, table: str) -> None:
    """Wherever the future hides, be it in an old row only."""
    fill(store, NOW)
    for column in PAST[table]:
        store.execute(f"UPDATE {table} SET {column} = ?", (NOW + YEAR,))
        assert store.times.ahead(NOW, thorough=True) == YEAR
        store.execute(f"UPDATE {table} SET {column} = ?", (NOW,))
    assert store.times.ahead(NOW, thorough=True) == 0


def test_a_few_minutes_are_no_matter(store: Database) -> None:
    """A clock is corrected by seconds all the time."""
    store.history.record(scan(NOW + AHEAD - 10, {"1": 5}))
    assert store.times.ahead(NOW) == 0
    store.history.record(scan(NOW + AHEAD + MINUTE, {"1": 5}))
    assert store.times.ahead(NOW) == AHEAD + MINUTE + 5


def test_baselines_are_sane_after_a_year_ahead(store: Database) -> None:
    """In the order in which they were made: values, marks, and what is in force at each."""
    for turn, at in enumerate((NOW - 2 * DAY, NOW - DAY, NOW + YEAR, NOW + YEAR + DAY)):
        store.history.record(scan(at, {"1": float(turn), "2": 7.0}))
    store.times.mend(NOW)
    last = store.history.record(scan(NOW + HOUR, {"1": 9.0, "2": 7.0}))
    marks = [mark for (mark,) in store.rows("SELECT mark FROM scans ORDER BY id")]
    assert marks == sorted(set(marks))
    assert marks[-1] == NOW + HOUR
    products = last.products
    found = store.history.last("w", last.scan_id, products, [SALES])
    assert (found.values[:, 0].tolist(), found.at.tolist()) == ([3, 7], [NOW - 1, NOW - 1])
    day = store.history.ago("w", products, NOW + HOUR - DAY, NOW - 9 * DAY, [SALES])
    assert day.values[:, 0].tolist() == [1, 7]
    (window,) = store.history.windows(
        WindowQuery("w", "US", products, (NOW - 3 * DAY, NOW + HOUR), [SALES])
    )
    assert window.values[SALES].T.tolist() == [[0, 1, 2, 3], [7, 7, 7, 7]]
    seen, values = store.history.series(int(products[0]), [SALES], 0)
    assert seen.max() <= NOW + HOUR
    assert values[:, 0].tolist() == [0, 1, 2, 3, 9]


def test_many_scans_ahead_keep_their_order(store: Database) -> None:
    """More of them than there are seconds since the last good one."""
    store.history.record(scan(NOW - 2, {"1": 0.0}))
    for turn in range(1, 7):
        store.history.record(scan(NOW + YEAR + turn, {"1": float(turn)}))
    store.times.mend(NOW)
    marks = [mark for (mark,) in store.rows("SELECT mark FROM scans ORDER BY id")]
    assert marks == sorted(set(marks))
    rows = store.rows(
        "SELECT s.id - 1, o.total_sale_7d_cnt FROM scans AS s JOIN observations AS o "
        "ON o.at = s.mark ORDER BY s.id"
    )
    assert rows == [(turn, turn) for turn in range(7)]


def test_a_watch_has_one_scan_of_a_time(store: Database) -> None:
    """Those that were ahead don't meet, nor the scan that is stored now."""
    store.history.record(scan(NOW - 2, {"1": 0.0}))
    for turn, watch in enumerate("wwvw"):
        store.history.record(scan(NOW + YEAR + turn, {"1": float(turn)}, watch=watch))
    store.times.mend(NOW)
    store.history.record(scan(NOW, {"1": 9.0}))
    rows = store.rows("SELECT watch, at FROM scans ORDER BY id")
    before = [("w", 2), ("w", 4), ("w", 3), ("v", 1), ("w", 1), ("w", 0)]
    assert rows == [(watch, NOW - seconds) for watch, seconds in before]


def test_credits_of_days_to_come_are_todays(store: Database) -> None:
    """The caps are those of the day on which they were really spent."""
    store.ledger.charge("w", 3, NOW)
    store.ledger.charge("w", 4, NOW + YEAR)
    store.ledger.charge("v", 5, NOW + YEAR + DAY)
    reservation = store.ledger.reserve("w", 6, NOW + YEAR, None, None)
    store.history.record(scan(NOW + YEAR, {"1": 5}))
    store.times.mend(NOW)
    assert store.ledger.by_watch(NOW) == {"w": 13, "v": 5}
    assert reservation is not None
    store.ledger.settle(reservation, 2)
    assert store.ledger.used(NOW).day == 14
    assert store.ledger.used(NOW + YEAR).day == 0


def test_what_was_put_off_is_tried_now(store: Database) -> None:
    """A message that quiet hours put off to another year is seen though nothing else is ahead."""
    message = Message("test", "t", Severity.INFO, created=NOW)
    (row,) = store.outbox.add("me", ["me/1"], message, NOW)
    store.outbox.postpone(row, NOW + YEAR)
    assert store.times.ahead(NOW) > 300 * DAY
    store.times.mend(NOW)
    assert store.outbox.due_targets(NOW) == [("me/1", NOW, 1)]


def test_a_replaced_text_goes_on_with_its_scan(store: Database) -> None:
    """It is known by the mark of the scan that replaced it."""
    store.history.record(scan(START, {"1": 5}, names={"1": "Old"}))
    store.history.record(scan(START + YEAR, {"1": 6}, names={"1": "New"}))
    store.times.mend(NOW)
    newest = store.number("SELECT max(mark) FROM scans")
    assert newest <= NOW
    assert store.rows("SELECT until FROM former_texts") == [(newest,)]
