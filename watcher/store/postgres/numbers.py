"""Columns of numbers to the server and back, in PostgreSQL's binary form: numpy makes and reads all
of it at once, and no value is a Python object on its way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watcher.model import Bools, Floats, Ints

_BEGIN = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # no flags, no more of a header
_END = b"\xff\xff"
HEADER_BYTES = len(_BEGIN)
_NULL = -1  # in place of a value's size
_SIZE = 8  # bytes of a bigint, and of a double precision
_UNIT = 2  # bytes: all parts of a row are multiples of it
_OF_ARRAY = 20  # bytes of a one-dimensional array before its first value
_KIND = slice(8, 12)  # of these: the type of a value
_KINDS = {20: np.dtype(">i8"), 701: np.dtype(">f8")}


def copied(wholes: Sequence[Ints], numbers: Floats) -> bytes:
    """Rows as COPY takes them: a bigint of each of ``wholes`` (n,), then a double precision of each
    column of ``numbers`` (n, k), NULL where that is NaN."""
    width = numbers.shape[1]
    rows = np.zeros(len(numbers), _row(len(wholes), width))
    rows["count"] = len(wholes) + width
    rows["wholes"]["size"] = _SIZE
    for place, column in enumerate(wholes):
        rows["wholes"]["value"][:, place] = column
    absent = np.isnan(numbers)
    rows["numbers"]["size"] = np.where(absent, _NULL, _SIZE)
    rows["numbers"]["value"] = numbers
    return b"".join((_BEGIN, _without_nulls(rows, absent), _END))


def row_bytes(wholes: int, width: int) -> int:
    """The bytes of a row of which no number is NULL."""
    return _row(wholes, width).itemsize


def decoded(data: bytes | bytearray, begin: int, wholes: int, width: int) -> tuple[Ints, Floats]:
    """The whole rows from a place on in what COPY gives, no number of which is NULL: (n, wholes)
    and (n, width)."""
    kind = _row(wholes, width)
    rows = np.frombuffer(bytes(data), kind, (len(data) - begin) // kind.itemsize, begin)
    return rows["wholes"]["value"].astype(np.int64), rows["numbers"]["value"].astype(np.float64)


def _row(wholes: int, width: int) -> np.dtype[Any]:
    whole = np.dtype([("size", ">i4"), ("value", ">i8")])
    number = np.dtype([("size", ">i4"), ("value", ">f8")])
    return np.dtype([("count", ">i2"), ("wholes", whole, wholes), ("numbers", number, width)])


def _without_nulls(rows: NDArray[Any], absent: Bools) -> bytes:
    """The rows' bytes: of NULL no more than its size is sent."""
    if not absent.any():
        return rows.tobytes()
    units = rows.view("<u2").reshape(len(rows), -1)
    kept = np.ones(units.shape, np.bool_)
    cells = kept[:, -absent.shape[1] * (4 + _SIZE) // _UNIT :]
    cells = cells.reshape(len(rows), absent.shape[1], -1)
    cells[:, :, 4 // _UNIT :] = ~absent[:, :, np.newaxis]
    return units[kept].tobytes()


def column(array: bytes | None) -> NDArray[Any]:
    """The values of an array of bigint or double precision as it is received, without NULLs; of
    none at all nothing."""
    if array is None or len(array) <= _OF_ARRAY:
        return np.zeros(0)
    kind = _KINDS[int.from_bytes(array[_KIND], "big")]
    cells = np.frombuffer(array, [("size", ">i4"), ("value", kind)], offset=_OF_ARRAY)
    return cells["value"].astype(kind.newbyteorder("="))
