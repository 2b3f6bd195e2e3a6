"""Groups of products beside the products, and what was said of them at each scan.

A group is a row of the table ``products`` that says what it is ``grouped_by``; its id says of which
value: ``seller_id=7495...``. No id of the API holds a "=". So what is stored of a product (alerts,
what was told, holds, silences) can be of a group. All figures of the groups of a list at a scan are
one packed row."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np
from msgspec import Struct

from watcher.fields import IDS
from watcher.model import Floats, Instant, Ints
from watcher.store.packing import PackedList, pack, unpack
from watcher.store.records import AFTER_ALL, GroupFigures, Row
from watcher.store.sql.baselines import BELIEVED
from watcher.store.sql.connection import Face
from watcher.store.sql.dialect import TEXT
from watcher.subjects import subject_id

_COLUMNS = (
    "id", "region", "product_id", "first_seen", "last_changed", "newest", "digest", "grouped_by",
)  # fmt: skip
_LEVEL = 1


class _Packed(Struct):
    """``keys`` are the groups' in the store, ``values`` (k, size) the figures of these canonical
    ``texts``."""

    size: int
    keys: bytes
    texts: list[str]
    values: bytes


class Groups(Face):
    """Groups by what they are of, and their figures."""

    def keys(self, by: str, groups: Sequence[tuple[str, str]], at: Instant) -> Ints:
        """(n,) the store's keys of the groups of these regions and values; who is new is given
        one."""
        with self._db.atomic():
            found = self.find(by, groups)
            fresh = np.flatnonzero(found == 0).tolist()
            if fresh:
                found[fresh] = self._db.number(self._sql.next_id("products")) + np.arange(
                    len(fresh)
                )
                columns = (*_COLUMNS, *([by] if by in IDS else []))
                self._db.many(
                    f"INSERT INTO products ({', '.join(columns)}) "
                    f"VALUES ({', '.join('?' * len(columns))})",
                    (_row(int(found[place]), *groups[place], by, at) for place in fresh),
                )
        return found

    def find(self, by: str, groups: Sequence[tuple[str, str]]) -> Ints:
        """(n,) the keys of those that are known; 0 of the others."""
        found = np.zeros(len(groups), np.int64)
        for region in dict.fromkeys(region for region, _ in groups):
            places = [place for place, each in enumerate(groups) if each[0] == region]
            ids = [subject_id(by, groups[place][1]) for place in places]
            for turn, key in self._db.rows(
                f"SELECT w.key, p.id FROM {self._sql.rows_of(sort=TEXT)} {self._sql.join} "
                "products AS p ON p.region = ? AND p.product_id = w.value",
                (self._sql.listed(ids), region),
            ):
                found[places[turn]] = key
        return found

    def note(self, scan_id: int, by: str, figures: GroupFigures) -> None:
        """Keep the figures of a scan, beside those that are kept of it."""
        stored = self._db.value(
            "SELECT packed FROM figures WHERE scan = ? AND grouped_by = ?", (scan_id, by)
        )
        if stored is not None:
            figures = _unpacked(stored, scan_id, figures.at).with_more(figures)
        columns = "scan", "grouped_by", "packed"
        self._db.many(
            self._sql.upsert("figures", columns, columns[:2]), [(scan_id, by, _packed(figures))]
        )

    def figures(
        self, watch: str, by: str, scan_id: int, within: tuple[Instant, Instant]
    ) -> Iterator[GroupFigures]:
        """Yield what is kept of the watch's scans in a time (both ends belong to it) that the scan
        ``scan_id`` believes, the newest first."""
        rows = self._db.stream(
            "SELECT f.packed, s.id, s.at FROM scans AS s JOIN figures AS f "
            "ON f.scan = s.id AND f.grouped_by = ?2 WHERE s.watch = ?1 AND s.id < ?3 "
            f"AND s.at BETWEEN ?4 AND ?5 AND s.{BELIEVED.format('?3')} ORDER BY s.id DESC",
            (watch, by, scan_id, *within),
        )
        for packed, scan, at in rows:
            yield _unpacked(packed, scan, at)

    def of_scan(self, scan_id: int) -> Iterator[tuple[str, GroupFigures]]:
        """Yield what is kept of a scan, by what groups are grouped by."""
        rows = self._db.rows(
            "SELECT f.grouped_by, f.packed, s.at FROM figures AS f JOIN scans AS s "
            "ON s.id = f.scan WHERE f.scan = ? ORDER BY f.grouped_by",
            (scan_id,),
        )
        for by, packed, at in rows:
            yield by, _unpacked(packed, scan_id, at)

    def newest_size(self, watch: str, by: str) -> int:
        """The number of groups of which something is kept of the watch's newest scan."""
        row = self._db.one(
            "SELECT f.packed, s.id, s.at FROM scans AS s LEFT JOIN figures AS f "
            "ON f.scan = s.id AND f.grouped_by = ?2 WHERE s.watch = ?1 AND s.state <> 'failed' "
            "ORDER BY s.id DESC LIMIT 1",
            (watch, by),
        )
        return len(_unpacked(*row).groups) if row is not None and row[0] is not None else 0

    def newest_with(self, watch: str, by: str, group: int) -> int | None:
        """The watch's newest scan whose figures have the group; None where none is kept."""
        rows = self._db.stream(
            "SELECT f.packed, s.id, s.at FROM scans AS s JOIN figures AS f "
            "ON f.scan = s.id AND f.grouped_by = ?2 WHERE s.watch = ?1 ORDER BY s.id DESC",
            (watch, by),
        )
        for packed, scan, at in rows:
            if group in _unpacked(packed, scan, at).groups:
                return int(scan)
        return None

    def members(self, watch: str, group: int) -> Ints:
        """Keys of a group's products on the newest list of a watch, the first on it first. Who was
        of another group then is not told from who is of this one now."""
        scan = self._db.one(
            "SELECT products, size, id FROM scans WHERE watch = ? AND state <> 'failed' "
            "ORDER BY id DESC LIMIT 1",
            (watch,),
        )
        row = self._db.one(
            "SELECT region, product_id, grouped_by FROM products WHERE id = ?", (group,)
        )
        if scan is None or row is None:
            return np.zeros(0, np.int64)
        region, subject, by = row
        given = {
            "region": region,
            **({by: subject.removeprefix(subject_id(by, ""))} if by in IDS else {}),
        }
        where = " AND ".join(f"{name} = ?" for name in given)
        alike = self._db.all(
            int,
            f"SELECT id FROM products WHERE {where} AND grouped_by IS NULL",
            [*given.values()],
        )
        listing = PackedList.unpack(*scan)
        order = np.argsort(np.where(listing.ranks > 0, listing.ranks, AFTER_ALL), kind="stable")
        products = listing.products[order]
        return np.asarray(products[np.isin(products, np.array(alike, np.int64))])

    def series(
        self, watch: str, by: str, group: int, since: Instant
    ) -> tuple[Ints, Mapping[str, Floats]]:
        """Return (m,) the times of a watch's scans, the oldest first, and (m,) each figure of a
        group at them; NaN is no value."""
        kept = [*self.figures(watch, by, AFTER_ALL, (since, AFTER_ALL))][::-1]
        at = np.array([each.at for each in kept], np.int64)
        texts = dict.fromkeys(text for each in kept for text in each.values)
        wanted = np.array([group])
        return at, {
            text: np.array([each.of(text, wanted)[0] for each in kept], np.float64)
            for text in texts
        }


def _row(key: int, region: str, value: str, by: str, at: Instant) -> Row:
    return (key, region, subject_id(by, value), at, at, 0, 0, by, *([value] if by in IDS else []))


def _packed(figures: GroupFigures) -> bytes:
    values = np.array([*figures.values.values()], "<f8").reshape(len(figures.values), -1)
    packed = zlib.compress(values.tobytes(), _LEVEL)
    keys = pack(figures.groups)
    return msgspec.msgpack.encode(_Packed(len(figures.groups), keys, [*figures.values], packed))


def _unpacked(blob: bytes, scan_id: int, at: Instant) -> GroupFigures:
    row = msgspec.msgpack.decode(blob, type=_Packed)
    values = np.frombuffer(zlib.decompress(row.values), "<f8").reshape(len(row.texts), row.size)
    keys = unpack(row.keys, 1, row.size)[0]
    return GroupFigures(scan_id, at, keys, dict(zip(row.texts, values, strict=True)))
