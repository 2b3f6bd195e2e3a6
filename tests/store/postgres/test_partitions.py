"""A partition a month of observations, made when a row comes for it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.making import DAY, START
from tests.store.postgres.test_migrations import Session, session
from watcher.store.postgres import partitions
from watcher.store.postgres.partitions import Month
from watcher.units import utc_day

NOVEMBER = Month.of(START)


@pytest.fixture
def book(postgres_url: str) -> Iterator[Session]:
    """A new book."""
    with session(postgres_url) as made:
        made.prepare()
        yield made


def put(book: Session, number: int, at: int) -> None:
    """A row of observations."""
    book.execute(f"INSERT INTO observations (id, product, at) VALUES ({number}, {number}, {at})")


@given(st.integers(0, 250_000_000_000))
def test_a_month_holds_its_instants(at: int) -> None:
    """From its first second to its last, by the calendar."""
    month = Month.of(at)
    assert month.begin <= at < month.end
    assert (month.begin % DAY, month.end % DAY) == (0, 0)
    assert utc_day(month.begin).isoformat() == f"{month.partition[-7:].replace('_', '-')}-01"


def test_a_row_goes_into_its_month(book: Session) -> None:
    """At a month's turn to the second, and in years that a wrong clock says."""
    for number, at in enumerate((1, NOVEMBER.end - 1, NOVEMBER.end, START + 400 * 365 * DAY)):
        with pytest.raises(psycopg.errors.CheckViolation, match="no partition"):
            put(book, number, at)
        partitions.ensure(book, [at])
        put(book, number, at)
    rows = book.rows("SELECT tableoid::regclass::text, id FROM observations ORDER BY id")
    assert rows == [
        ("observations_1970_01", 0),
        ("observations_2023_11", 1),
        ("observations_2023_12", 2),
        ("observations_2423_08", 3),
    ]
    assert [month.partition for month in partitions.months(book)] == [name for name, _ in rows]


def test_what_is_there_is_not_made_again(book: Session) -> None:
    """Several instants of a month need one partition; made or taken back, it can be made later."""
    with book.conn.transaction(force_rollback=True):
        partitions.ensure(book, [START, START + 1])
    assert not partitions.months(book)
    for _ in range(2):
        partitions.ensure(book, [START, START + 1, START + 40 * DAY])
    assert [*partitions.months(book)] == [NOVEMBER, Month(NOVEMBER.number + 1)]


def test_nobody_who_reads_waits_for_a_new_month(book: Session, postgres_url: str) -> None:
    """While the transaction that makes it is open, and while one that reads is."""
    with session(postgres_url) as reader, reader.conn.transaction():
        reader.execute("SET LOCAL lock_timeout = '1s'")
        book.execute("SET lock_timeout = '1s'")
        assert reader.rows("SELECT count(*) FROM observations") == [(0,)]
        with book.conn.transaction():
            partitions.ensure(book, [START])
            put(book, 1, START)
            assert reader.rows("SELECT count(*) FROM observations") == [(0,)]
    assert book.rows("SELECT count(*) FROM observations") == [(1,)]


def test_the_oldest_empty_month_is_found(book: Session) -> None:
    """Of those that were over."""
    partitions.ensure(book, [START, START + 40 * DAY, START + 80 * DAY])
    put(book, 1, START)
    assert partitions.empty(book, START + 90 * DAY) == Month(NOVEMBER.number + 1)
    assert partitions.empty(book, START + 40 * DAY) is None
    book.execute("DELETE FROM observations")
    assert partitions.empty(book, START + 40 * DAY) == NOVEMBER


def test_newest_rows_are_found_month_by_month(book: Session) -> None:
    """From the newest on, without a look at the others where one has it: no sort, no merge."""
    partitions.ensure(book, [START + turn * 31 * DAY for turn in range(4)])
    plan = book.rows(
        "EXPLAIN (COSTS OFF) SELECT id FROM observations WHERE product = 1 "
        f"AND at <= {START + 60 * DAY} ORDER BY at DESC LIMIT 1"
    )
    text = "\n".join(line for (line,) in plan)
    assert "Sort" not in text
    assert "Merge" not in text
    assert text.count("Index Scan Backward") == 3
