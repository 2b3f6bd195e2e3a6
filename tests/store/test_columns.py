"""Numbers as rows: exact there and back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.making import GMV, RATE, SALES, START, scan
from watcher.fields import NUMERIC_INDEX, NUMERIC_NAMES
from watcher.store.columns import digests, encode
from watcher.store.sqlite.database import Database

NUMBERS = st.one_of(
    st.none(),
    st.integers(-(10**6), 10**15),
    st.integers(0, 10**12).map(lambda cents: cents / 100),
    st.floats(-1e13, 1e13),
)


def _row(**values: float) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    numbers = np.full((1, len(NUMERIC_NAMES)), np.nan)
    for name, value in values.items():
        numbers[0, NUMERIC_INDEX[name]] = value
    return numbers


@pytest.mark.parametrize(
    ("name", "value", "stored"),
    [
        (SALES, 12.0, 12),
        (SALES, 12.5, 12.5),
        (GMV, 19.99, 1999),
        (GMV, 0.29, 29),
        (GMV, 1e15, 10**17),
        (GMV, 13.4567, 13.4567),
        (RATE, 0.13, 0.13),
        (SALES, np.inf, None),
        (SALES, 2e15, None),
        (SALES, np.nan, None),
    ],
)
def test_a_value_is_stored_as(name: str, value: float, stored: object) -> None:
    """Amounts as whole hundredths where they have such, counts whole, the unusable as NULL."""
    encoded = encode(_row(**{name: value}))[0][NUMERIC_INDEX[name]]
    assert encoded == stored
    assert type(encoded) is type(stored)


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=1, max_size=8))
def test_what_was_seen_is_read_back_exactly(
    rows: list[tuple[float | None, float | None, float | None]],
) -> None:
    """The next scan's baseline is bit by bit what this scan saw: no false change."""
    fields = (SALES, GMV, RATE)
    products = {
        str(key): {
            name: value for name, value in zip(fields, row, strict=True) if value is not None
        }
        for key, row in enumerate(rows)
    }
    with Database.in_memory() as store:
        store.history.record(scan(START, products))
        again = store.history.record(scan(START + 1, products))
        baseline = store.history.last("w", again.scan_id, again.products, fields)
    assert again.changed == 0
    expected = np.array([[np.nan if v is None else v for v in row] for row in rows], np.float64)
    assert np.array_equal(baseline.values, expected, equal_nan=True)


def test_digests_tell_rows_apart() -> None:
    """Equal rows are equal, also with NaN and with minus zero; another value is not."""
    rows = np.concatenate(
        [_row(), _row(), _row(**{SALES: 0.0}), _row(**{SALES: -0.0}), _row(**{GMV: 0})]
    )
    first, second, zero, minus, other = digests(rows).tolist()
    assert first == second
    assert zero == minus
    assert len({first, zero, other}) == 3


def test_no_rows_have_no_digests() -> None:
    """An empty scan is no error."""
    assert digests(np.zeros((0, len(NUMERIC_NAMES)))).tolist() == []
    assert encode(np.zeros((0, len(NUMERIC_NAMES)))) == []


def test_only_some_columns() -> None:
    """In the order asked for, each by its own unit."""
    price, sales = NUMERIC_INDEX["min_price"], NUMERIC_INDEX["total_sale_cnt"]
    row = _row(min_price=1.25, total_sale_cnt=3.0)
    assert encode(row, np.array([sales, price])) == [[3, 125]]
