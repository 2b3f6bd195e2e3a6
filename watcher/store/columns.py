"""A product's numbers as they stand in the table ``observations``: amounts as whole hundredths. One
that has none (an average price may not) is kept as REAL units in the same column, so that it is
read back exactly as it was seen: a rounded baseline would look like a change."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from watcher.fields import BY_NAME, NUMERIC, RATING, Field
from watcher.model import Bools, Floats, Ints
from watcher.store.sql.connection import chunks
from watcher.units import AMOUNTS, Unit

_LARGEST = 1e15
_MONEY = np.array([field.unit in AMOUNTS for field in NUMERIC])
_ALL = np.arange(len(NUMERIC))


def sql_type(field: Field) -> str:
    """The type of a field's column."""
    return "REAL" if field.unit in (Unit.SCORE, Unit.FRACTION) else "INTEGER"


def expression(name: str) -> str:
    """SQL for a column's value in the API's units; the table is called ``o``."""
    column = f'o."{name}"'
    if name == RATING:  # older rows have 0 where there is none
        return f"nullif({column}, 0)"
    if BY_NAME[name].unit not in AMOUNTS:
        return column
    return f"CASE typeof({column}) WHEN 'integer' THEN {column} / 100.0 ELSE {column} END"


def encode(numbers: Floats, columns: Ints = _ALL) -> list[list[object]]:
    """(n, 88) in the API's units to rows of values of ``columns``; None for what is not finite."""
    numbers, money = numbers[:, columns], _MONEY[columns]
    usable = np.abs(numbers) <= _LARGEST
    values = np.where(usable, numbers, 0.0)
    nearest = np.rint(values)
    whole = nearest == values
    stored = nearest.astype(np.int64)
    hundredths = np.where(whole, stored * 100, np.rint(values * 100).astype(np.int64))
    exact = whole | (money & (hundredths / 100 == values))
    rows = np.where(money, hundredths, stored).astype(object)
    rows[~exact] = values[~exact]
    rows[~usable] = None
    encoded: list[list[object]] = rows.tolist()
    return encoded


def storable(numbers: Floats) -> Floats:
    """Numbers in the API's units, NaN for what is not finite or too large for any field."""
    usable: Bools = np.abs(numbers) <= _LARGEST
    return np.where(usable, numbers, np.nan) + 0.0  # there is one zero


def digests(numbers: Floats) -> Ints:
    """(n,) a number for each row that is the same only for the same values, NaN equal to NaN."""
    found, width = bytearray(), numbers.shape[1] * 8
    for part in chunks(len(numbers)):
        rows = np.where(np.isnan(numbers[part]), np.nan, numbers[part] + 0.0)
        data = rows.astype("<f8", copy=False).tobytes()
        for start in range(0, len(data), width):
            found += blake2b(data[start : start + width], digest_size=8).digest()
    return np.frombuffer(found, "<i8").astype(np.int64)
