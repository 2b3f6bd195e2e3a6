"""Lists as PostgreSQL's arrays, in its binary form: numpy and a join write them many times as fast
as the driver, which looks at each value."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from psycopg import pq
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Dumper

from watcher.store.nul import without_nul

_INT8, _TEXT, _INT8_ARRAY, _TEXT_ARRAY = 20, 25, 1016, 1009
_CELL = np.dtype([("size", ">i4"), ("value", ">i8")])
_NULL = struct.pack(">i", -1)  # in place of a value's size


class WholeArray(Struct, frozen=True):
    """A bigint[] as it is sent."""

    data: bytes


class TextArray(Struct, frozen=True):
    """A text[] as it is sent."""

    data: bytes


def array_of(values: Sequence[object]) -> object:
    """Whole numbers or texts as an array."""
    if values and isinstance(values[0], str):
        return TextArray(_texts([str(each) for each in values]))
    return WholeArray(_wholes(values))


def _wholes(values: Sequence[object]) -> bytes:
    cells = np.empty(len(values), _CELL)
    cells["size"] = 8
    cells["value"] = values
    return _head(_INT8, len(values)) + cells.tobytes()


def texts_or_null(values: Sequence[str | None]) -> TextArray:
    """Texts as an array, of which some may be NULL."""
    parts = [struct.pack(">iiiii", 1, 1, _TEXT, len(values), 1)]
    for value in values:
        encoded = None if value is None else without_nul(value).encode()
        parts.append(_NULL if encoded is None else struct.pack(">i", len(encoded)) + encoded)
    return TextArray(b"".join(parts))


def _texts(values: Sequence[str]) -> bytes:
    encoded = [without_nul(value).encode() for value in values]
    parts = [part for each in encoded for part in (struct.pack(">i", len(each)), each)]
    return _head(_TEXT, len(values)) + b"".join(parts)


def _head(kind: int, size: int) -> bytes:
    """Dimensions, whether there are NULLs, the type of a value; then the size, counted from 1."""
    return (
        struct.pack(">iii", 1, 0, kind) + struct.pack(">ii", size, 1)
        if size
        else (struct.pack(">iii", 0, 0, kind))
    )


class _ArrayDumper(Dumper):
    format = pq.Format.BINARY

    def dump(self, obj: WholeArray | TextArray) -> Buffer:
        return obj.data


class _WholeDumper(_ArrayDumper):
    oid = _INT8_ARRAY


class _TextDumper(_ArrayDumper):
    oid = _TEXT_ARRAY


def register(context: AdaptContext) -> None:
    """Have a connection send them."""
    context.adapters.register_dumper(WholeArray, _WholeDumper)
    context.adapters.register_dumper(TextArray, _TextDumper)
