"""The past as it was after each of the stored scans that are in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache

import numpy as np

from watcher.attributes import MADE, TEXT_OF, numbers_of
from watcher.data_days import DataDays
from watcher.model import Bools, Floats, Instant, Ints, ProductFacts, ScanState
from watcher.store.memory.former import FormerTexts
from watcher.store.memory.groups import RecalledGroups
from watcher.store.memory.matrix import Matrix
from watcher.store.packing import Wholes, positions
from watcher.store.records import LastChange, Recorded, Sighting
from watcher.store.sql.asked import asked_before, taken_out
from watcher.store.sql.baselines import product_rows
from watcher.store.sql.connection import Connection
from watcher.store.sql.refreshes import Refreshes
from watcher.store.sql.scans import COLUMNS, TABLES, ScanHistory, scan_row
from watcher.store.sql.siblings import Categories
from watcher.store.sql.text_history import TextTimeline, lacking

_ALWAYS = ("product_id", "region")
_OF_FACTS = ("product_id", "product_name", "seller_id", "category_id")


class Recalled:
    """All that was known right after the scan at a place was recorded: an archive, and its history.
    ``move`` goes on to a later scan. ``shown`` are the fields of the values that messages show."""

    def __init__(
        self, db: Connection, matrix: Matrix, texts: FormerTexts, shown: Sequence[str]
    ) -> None:
        self.matrix = matrix
        self.jumps = matrix.jumps
        self.last = matrix.last
        self.ago = matrix.ago
        self.windows = matrix.windows
        self.standing = matrix.standing
        self.recent = matrix.recent
        self.own_scans = matrix.own_scans
        self.groups = RecalledGroups(matrix)
        self.last_texts = matrix.last_texts
        self.proofs = matrix.proofs
        self.judged_before = matrix.judged_before
        self.listed = matrix.listed
        self.shown = tuple(shown)
        self._db = db
        self._line = matrix.timeline
        self._texts = texts
        self._place = -1
        self._lacks = {
            (scan, name) for scan, name in db.rows("SELECT scan, name FROM lacking_texts")
        }
        self._shown_of: dict[tuple[int, int], dict[str, float]] = {}  # by scan and product
        self._days = lru_cache(Refreshes(db).data_days)  # of each region, read once

    @property
    def history(self) -> Recalled:
        return self

    def move(self, place: int) -> None:
        """The scan at this place, not before the last one, is recorded now."""
        self._place = place
        self._shown_of.clear()

    def scan(self, place: int) -> tuple[RecalledScan, Recorded]:
        """A whole scan, and what became of it when it was recorded."""
        return RecalledScan(self, place), self._recorded(place, None)

    def everyone(self, _watch: str, scan_id: int) -> tuple[RecalledScan, Recorded]:
        return self.scan(int(np.flatnonzero(self._line.ids == scan_id)[0]))

    def texts_at(self, place: int, name: str, products: Wholes) -> list[str | None]:
        """A text of each product as the scan at a place left it."""
        if place == self._place:
            return self.texts(name, products)
        keys, mark = products.astype(np.int64), int(self._line.marks[place])
        found = TextTimeline(self._db, keys, name, mark)
        texts: list[str | None] = found.at(keys, np.full(len(keys), mark)).tolist()
        return texts

    def texts(self, name: str, products: Wholes) -> list[str | None]:
        """A text of each product as it is now."""
        columns = self._texts.at(int(self._line.marks[self._place]))
        places = np.searchsorted(self._texts.products, products)  # they are in order
        found: list[str | None] = columns[name][places].tolist()
        return found

    def lacking(self, place: int, name: str, products: Wholes) -> Bools:
        """(n,) whom the scan at a place gave no such text."""
        scan_id = int(self._line.ids[place])
        if (scan_id, name) not in self._lacks:
            return np.full(len(products), name in MADE, np.bool_)
        return lacking(self._db, scan_id, name, products.astype(np.int64))

    @property
    def text_names(self) -> Sequence[str]:
        """The texts that are in memory."""
        return self._texts.names

    def facts(self, products: Sequence[int]) -> dict[int, ProductFacts]:
        groups = self.groups.facts(products)
        return groups | self._facts([key for key in products if key not in groups])

    def _facts(self, products: Sequence[int]) -> dict[int, ProductFacts]:
        keys = np.array(products, np.int64)
        rows = [*product_rows(self._db, keys, "p.region, p.currency, p.first_seen")]
        numbers = self._shown_numbers(self._place, keys)
        texts = {name: self.texts(name, keys) for name in _OF_FACTS}
        region, before = rows[0][0] if rows else "", self._place + 1
        seen: list[Instant] = self.matrix.last_seen(region, keys, before).tolist()
        return {
            key: ProductFacts(
                product=key,
                region=region,
                product_id=str(texts["product_id"][row]),
                name=texts["product_name"][row] or str(texts["product_id"][row]),
                seller_id=texts["seller_id"][row],
                category_id=texts["category_id"][row],
                currency=currency,
                first_seen=first_seen,
                observed_at=seen[row] or None,
                numbers=_known(numbers[row]),
            )
            for row, (key, (region, currency, first_seen)) in enumerate(
                zip(keys.tolist(), rows, strict=True)
            )
        }

    def category_names(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Names of today: they are the source's, and have no past."""
        return Categories(self._db).names(ids)

    def sightings(self, watch: str, products: Ints) -> Iterator[Sighting]:
        last = self.matrix.last_sights(watch, products, self._place + 1)
        for place in np.unique(last[last >= 0])[::-1].tolist():
            yield self.sighting(place, products[last == place])

    def newest_sighting(self, watch: str, products: Ints) -> Sighting | None:
        for place in self._line.newest_first(watch, self._place + 1):
            if not self._line.failed[place]:
                return self.sighting(place, products)
        return None

    def taken_out(self, watch: str, scan_id: int, products: Ints) -> Bools:
        return taken_out(self._db, watch, scan_id, products)

    def last_change(self, region: str, since: Instant) -> LastChange | None:
        upto = int(self._line.ids[self._place])
        return ScanHistory(self._db).last_change(region, since, upto)

    def data_days(self, region: str) -> DataDays:
        return self._days(region)

    def idle_shares(self, watch: str, *, below: float, limit: int) -> list[float]:
        # Before the newest scan, as in the next.
        shares = self._line.idle[self._line.of_watch(watch, self._place)[::-1]]
        return list(shares[shares < below][:limit].tolist())

    def largest_is_sparse(self, region: str, since: Instant) -> bool:
        line = self._line
        scans = line.of_region(region, self._place)
        scans = scans[line.complete[scans] & (line.sizes[scans] > 0) & line.of_market[scans]]
        newest = {line.watches[place]: place for place in scans.tolist()}
        told = np.array([*newest.values()], np.int64)
        told = told[(line.at[told] >= since) & ~np.isnan(line.idle[told])]
        largest = told[np.lexsort((told, line.sizes[told]))][-1:]
        return bool(line.sparse[largest].any())

    def shown_of(self, place: int, product: int) -> Mapping[str, float]:
        """Return what messages show of a product as it was at a scan; NaN is absent."""
        found = self._shown_of.get((place, product))
        return found or self._shown_numbers(place, np.array([product], np.int64))[0]

    def _shown_numbers(self, place: int, products: Ints) -> list[dict[str, float]]:
        """Numbers of several, which a message does not ask for again one by one."""
        rows = self.matrix.numbers(products, place, self.shown).tolist()
        found = [dict(zip(self.shown, row, strict=True)) for row in rows]
        keys = [(place, product) for product in products.tolist()]
        self._shown_of.update(zip(keys, found, strict=True))
        return found

    def sighting(self, place: int, products: Ints) -> Sighting:
        """A scan, cut to those of the products that it listed."""
        listing = self._line.list_of(place).products
        rows = positions(listing.astype(np.int64), products)
        rows = rows[rows >= 0]
        scan_id = int(self._line.ids[place])
        row = self._db.one(f"SELECT {COLUMNS} FROM {TABLES} WHERE s.id = ?", (scan_id,)) or ()
        return Sighting(scan_row(row), RecalledScan(self, place, rows), self._recorded(place, rows))

    def _recorded(self, place: int, rows: Ints | None) -> Recorded:
        line, kept = self._line, slice(None) if rows is None else rows
        listing = line.list_of(place)
        earlier = line.of_watch(line.watches[place], place)
        scan_id, products = int(line.ids[place]), listing.products[kept].astype(np.int64)
        first = listing.previous[kept] == 0
        if not line.of_market[place]:
            first[first] = asked_before(self._db, line.watches[place], scan_id, products[first])
        return Recorded(
            scan_id,
            products,
            first,
            bool(line.proves[earlier].any()) and not line.cut[place],
            int(line.changed[place]),
            line.facts[place],
            part=len(products) < len(listing.products),
        )


def _known(numbers: Mapping[str, float]) -> dict[str, float | None]:
    return {name: None if np.isnan(value) else value for name, value in numbers.items()}


class RecalledScan:
    """A stored scan, or some rows of it."""

    def __init__(self, past: Recalled, place: int, rows: Ints | None = None) -> None:
        line = past.matrix.timeline
        listing = line.list_of(place)
        self.watch, self.region = line.watches[place], line.regions[place]
        self.at, self.finished = int(line.at[place]), int(line.finished[place])
        self.proves_absence = bool(line.proves[place])
        self.of_market = bool(line.of_market[place])
        kept = slice(None) if rows is None else rows
        self.products, self.ranks = listing.products[kept], listing.ranks[kept].astype(np.int64)
        self.texts = {name: _Column(past, name, place, self.products) for name in past.text_names}
        self.state = ScanState(line.states[place])
        self._past = past
        self._place = place
        self._rows = rows
        self.whole = past.matrix.holds(past.shown)

    def __len__(self) -> int:
        return len(self.products)

    def column(self, name: str) -> Floats:
        """(n,) the numeric field of that name, or the number in a text."""
        if name in TEXT_OF:
            texts = self.texts.get(TEXT_OF[name])
            return numbers_of(name, [None] * len(self) if texts is None else [*texts])
        return self._past.matrix.column(self._place, name, self._rows)

    def cell(self, name: str, row: int) -> float:
        """One product's value of it; all that messages show of a product is read at once."""
        if name not in self._past.shown:
            return float(self.column(name)[row])
        return self._past.shown_of(self._place, int(self.products[row]))[name]


class _Column(Sequence[str | None]):
    """A text of some products as a scan left it: of one without looking up the others."""

    def __init__(self, past: Recalled, name: str, place: int, products: Wholes) -> None:
        self._past = past
        self._name = name
        self._place = place
        self._products = products

    def __getitem__(self, row):  # type: ignore[no-untyped-def]
        if isinstance(row, slice):
            return self._of(self._products[row])
        return self._of(self._products[[row]])[0]

    def __iter__(self) -> Iterator[str | None]:
        return iter(self._of(self._products))

    def _of(self, products: Wholes) -> list[str | None]:
        texts = self._past.texts_at(self._place, self._name, products)
        missing = self._missing
        if missing is None or not missing.any():
            return texts
        lacks = missing[positions(self._products.astype(np.int64), products.astype(np.int64))]
        pairs = zip(texts, lacks.tolist(), strict=True)
        return [None if lacking else text for text, lacking in pairs]

    @cached_property
    def _missing(self) -> Bools | None:
        """The products that the scan gave no such text; None of what every product has."""
        if self._name in _ALWAYS:
            return None
        return self._past.lacking(self._place, self._name, self._products)

    def __len__(self) -> int:
        return len(self._products)
