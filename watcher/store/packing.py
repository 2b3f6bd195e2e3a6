"""Columns of whole numbers as a small blob, and back.

The bytes of equal significance are laid side by side before compressing: keys and ids are small,
so seven of eight bytes are zeros in long runs. 10,000 products of a scan take some 20 KB.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from watcher.model import Ints

_LEVEL = 1


def pack(*columns: Ints) -> bytes:
    """Columns of equal length; the length itself is kept by the caller."""
    matrix = np.ascontiguousarray(np.stack(columns), dtype="<i8")
    return zlib.compress(matrix.reshape(-1, 1).view(np.uint8).T.tobytes(), _LEVEL)


def unpack(blob: bytes, columns: int, size: int) -> Ints:
    """(columns, size), as it was packed."""
    shuffled = np.frombuffer(zlib.decompress(blob), np.uint8).reshape(8, columns * size)
    return (
        np.ascontiguousarray(shuffled.T)
        .view("<i8")
        .reshape(columns, size)
        .astype(np.int64, copy=False)
    )


def unpack_low(blob: bytes, columns: int, size: int, width: int) -> NDArray[np.uint32]:
    """(columns, size), right where values are not below 0 and fit into ``width`` bytes, 4 at most.

    No other bytes are inflated: three of eight are a third of the work.
    """
    raw = zlib.decompressobj().decompress(blob, width * columns * size)
    values = np.zeros((columns * size, 4), np.uint8)
    values[:, :width] = np.frombuffer(raw, np.uint8).reshape(width, columns * size).T
    return values.view("<u4").reshape(columns, size)


def first_planes(blob: bytes, columns: int, size: int, width: int) -> list[NDArray[np.uint8]]:
    """(size,) for each of the ``width`` low bytes of the first column, the lowest first; some
    values must be there."""
    plane = columns * size
    raw = zlib.decompressobj().decompress(blob, (width - 1) * plane + size)
    return [np.frombuffer(raw, np.uint8, size, place * plane) for place in range(width)]


def steps(values: Ints) -> Ints:
    """Each value's difference to the one before it; the first stands as it is."""
    return np.diff(values, prepend=np.int64(0))


def sums(values: Ints) -> Ints:
    """The inverse of ``steps``."""
    return np.cumsum(values, dtype=np.int64)


def positions(haystack: Ints, needles: Ints) -> Ints:
    """Return where in ``haystack`` (no value twice) each needle stands; -1 where it does not."""
    if not len(haystack):
        return np.full(len(needles), -1, np.int64)
    order = np.argsort(haystack, kind="stable")
    places = np.searchsorted(haystack, needles, sorter=order)
    candidates = order[np.minimum(places, len(haystack) - 1)]
    return np.where(haystack[candidates] == needles, candidates, -1)
