"""Numbers in PostgreSQL's binary form: what the server takes and gives is what was meant."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.store.postgres.numbers import column, copied

WIDTH = 3
NUMBERS = st.one_of(st.just(np.nan), st.floats(allow_nan=False), st.integers(-(10**15), 10**15))


@pytest.fixture(scope="module")
def table(postgres_server: str) -> Iterator[psycopg.Connection]:
    """A session with a table of two whole columns and some numbers."""
    with psycopg.connect(postgres_server, autocommit=True) as conn:
        conn.execute(
            "CREATE TEMPORARY TABLE t (id bigint, at bigint, a double precision, "
            "b double precision, c double precision)"
        )
        yield conn


@given(st.lists(st.tuples(*[NUMBERS] * WIDTH), max_size=9), st.integers(-(2**63), 2**63 - 1))
def test_what_is_copied_is_there(
    table: psycopg.Connection, rows: list[tuple[float, ...]], at: int
) -> None:
    """Bit by bit, NaN as NULL; and so it comes back."""
    numbers = np.array(rows, np.float64).reshape(len(rows), WIDTH)
    ids = np.arange(len(rows))
    table.execute("TRUNCATE t")
    with table.cursor().copy("COPY t FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(copied([ids, np.full(len(rows), at)], numbers))
    stored = table.execute("SELECT * FROM t ORDER BY id").fetchall()
    expected = [
        (place, at, *(None if np.isnan(value) else value for value in row))
        for place, row in enumerate(numbers.tolist())
    ]
    assert stored == expected
    cursor = table.execute(
        "SELECT array_agg(id), array_agg(at), array_agg(coalesce(a, 'NaN')), "
        "array_agg(coalesce(b, 'NaN')), array_agg(coalesce(c, 'NaN')) FROM t",
        binary=True,
    )
    assert cursor.pgresult is not None
    found = [column(cursor.pgresult.get_value(0, place)) for place in range(5)]
    assert (found[0].tolist(), found[1].tolist()) == (ids.tolist(), [at] * len(rows))
    read = np.column_stack(found[2:]) if rows else np.zeros((0, WIDTH))
    assert np.array_equal(read, numbers, equal_nan=True)
