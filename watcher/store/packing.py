"""Columns of whole numbers as a small blob, and back. Bytes of equal significance are laid side by
side before compressing: keys and ids are small, so seven of eight bytes are zeros in long runs.
10,000 products of a scan take some 20 KB."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from watcher.model import LONGEST_LIST, Bools, Floats, Ints

_LEVEL = 1
EMPTY = np.zeros(0, np.int64)
Wholes: TypeAlias = NDArray[np.integer[Any]]


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
    No other bytes are inflated: three of eight are a third of the work."""
    raw = zlib.decompressobj().decompress(blob, width * columns * size)
    values = np.zeros((columns * size, 4), np.uint8)
    values[:, :width] = np.frombuffer(raw, np.uint8).reshape(width, columns * size).T
    return values.view("<u4").reshape(columns, size)


def first_planes(blob: bytes, columns: int, size: int, width: int) -> list[NDArray[np.uint8]]:
    """(size,) for each of the ``width`` low bytes of the first column, the lowest first."""
    plane = columns * size
    raw = zlib.decompressobj().decompress(blob, (width - 1) * plane + size)
    return [np.frombuffer(raw, np.uint8, size, place * plane) for place in range(width)]


def positions(haystack: Ints, needles: Ints) -> Ints:
    """Return where in ``haystack`` (no value twice) each needle stands; -1 where it does not."""
    if not len(haystack):
        return np.full(len(needles), -1, np.int64)
    order = np.argsort(haystack, kind="stable")
    places = np.searchsorted(haystack, needles, sorter=order)
    candidates = order[np.minimum(places, len(haystack) - 1)]
    return np.where(haystack[candidates] == needles, candidates, -1)


class PackedList(Struct, frozen=True):
    """A scan's products in the list's order, (n,) each. ``ranks`` is 0 where the watch has no sort,
    ``previous`` the id of the watch's scan that saw the product last before, or 0."""

    products: Ints
    ranks: Ints
    previous: Ints

    def pack(self, scan_id: int) -> bytes:
        # Ages compress to nothing: nearly all products were seen by the scan just before.
        ages = np.where(self.previous > 0, scan_id - self.previous, 0)
        return pack(self.products, np.diff(self.ranks, prepend=np.int64(0)), ages)

    @classmethod
    def unpack(cls, blob: bytes, size: int, scan_id: int) -> PackedList:
        products, ranks, ages = unpack(blob, 3, size)
        previous = np.where(ages > 0, scan_id - ages, 0)
        return cls(products, np.cumsum(ranks), previous)

    def ranked(self, places: Ints) -> Floats:
        """(n,) the ranks at places (-1: not listed); NaN for none, or where the list has none."""
        ranks = np.append(self.ranks, 0)[places].astype(np.float64)  # -1 finds the 0
        return np.where(ranks > 0, ranks, np.nan)

    def ranks_of(self, products: Ints) -> Floats:
        return self.ranked(positions(self.products, products))

    def seen_before(self, products: Ints) -> Ints:
        """(n,) the scan in which the list's watch saw each product before; 0 for none."""
        return np.append(self.previous, 0)[positions(self.products, products)]

    @staticmethod
    def rank_of(product: int, blob: bytes, size: int, last_product: int) -> int | None:
        """The rank of one product in a packed list; None where it is not listed. Of hundreds of
        lists no more is unpacked than it needs: ranks never fall along a list."""
        return PackedList.some_ranks([product], blob, size, last_product)[0]

    @staticmethod
    def some_ranks(
        wanted: Sequence[int], blob: bytes, size: int, last_product: int
    ) -> list[int | None]:
        """The ranks of a few products; see ``rank_of``."""
        products, ranks, _ = unpack_low(blob, 3, size, _width(last_product))
        found = [np.flatnonzero(products == product) for product in wanted]
        return [int(ranks[: each[0] + 1].sum()) if len(each) else None for each in found]

    @staticmethod
    def holds(products: Sequence[int], blob: bytes, size: int, last_product: int) -> list[bool]:
        """Whether a packed list has each of a few products; see ``rank_of``. For one or two bytes
        are compared as they lie there: to put them together takes longer."""
        if not size:
            return [False] * len(products)
        planes = first_planes(blob, 3, size, _width(last_product))
        if len(products) > 2:
            keys = planes[0].astype(np.uint32)
            for place, plane in enumerate(planes[1:], start=1):
                keys |= plane.astype(np.uint32) << 8 * place
            wanted = np.array(products, np.uint32)
            there: Bools = (keys[:, np.newaxis] == wanted).any(axis=0)
            return [*map(bool, there)]
        found = []
        for product in products:
            same = planes[0] == product & 0xFF
            for place, plane in enumerate(planes[1:], start=1):
                same &= plane == product >> 8 * place & 0xFF
            found.append(bool(same.any()))
        return found


def _width(last_product: int) -> int:
    """Bytes that a key, a rank or an age has at most."""
    return (max(last_product, LONGEST_LIST).bit_length() + 7) // 8


class LastSeen(Struct, frozen=True):
    """Every product that a watch ever saw, in rising order, and the scan that saw it last."""

    products: Ints
    scans: Ints

    def pack(self) -> bytes:
        return pack(np.diff(self.products, prepend=np.int64(0)), self.scans)

    @classmethod
    def unpack(cls, blob: bytes, size: int) -> LastSeen:
        products, scans = unpack(blob, 2, size)
        return cls(np.cumsum(products), scans)

    def last(self, products: Ints) -> Ints:
        """(n,) the scan in which each product was seen last; 0 for never."""
        places = np.searchsorted(self.products, products)  # they rise
        inside = np.minimum(places, len(self.products) - 1)
        if not len(self.products):
            return np.zeros(len(products), np.int64)
        return np.where(self.products[inside] == products, self.scans[inside], 0)

    def with_scan(self, scan_id: int, products: Ints) -> LastSeen:
        """After one more scan, which saw ``products``."""
        fresh: Bools = positions(self.products, products) < 0
        keys = np.concatenate([self.products, products[fresh]])
        scans = np.concatenate([self.scans, np.full(int(fresh.sum()), scan_id)])
        order = np.argsort(keys, kind="stable")
        keys, scans = keys[order], scans[order]
        scans[positions(keys, products)] = scan_id
        return LastSeen(keys, scans)
