"""Random histories of products that change hands: several lists in two regions, some cut off, some
doubted, and what of it a sum must be made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from tests.store.making import DAY, GMV, SALES, START, raw, scan
from watcher.model import Instant, ScanState
from watcher.store.ports import Store

SELLERS = ("7495", "8001", "<b>&/?#", "")
CATEGORIES = ("601450", "601451", "0")
WATCHES = {"w": "US", "v": "US", "g": "GB"}
_HOURS = (1, 7, 13, 19)


@dataclass(frozen=True)
class Kept:
    """A complete scan: whom it listed, by the store's keys, and its mark."""

    id: int
    watch: str
    at: Instant
    mark: int
    products: Sequence[int]


@dataclass
class Shops:
    """A store with such a history, up to ``now``."""

    store: Store
    random: Random
    days: int = 20
    now: Instant = 0
    kept: list[Kept] = field(default_factory=list)
    doubted: set[int] = field(default_factory=set)

    def live(self) -> None:
        """Live through the days."""
        for day in range(self.days):
            for hour in sorted(self.random.sample(_HOURS, self.random.randint(0, 3))):
                self._scan(
                    self.random.choice([*WATCHES]), START - START % DAY + day * DAY + hour * 3_600
                )
        self.now = START - START % DAY + self.days * DAY

    def _scan(self, watch: str, at: Instant) -> None:
        random = self.random
        listed = random.sample(range(12), random.randint(0, 9))
        state = random.choices(
            [*ScanState], [8 if each is ScanState.COMPLETE else 1 for each in ScanState]
        )[0]
        if state is ScanState.FAILED:
            listed = []
        products = {
            str(each): {
                name: value
                for name, value in ((SALES, random.choice([None, 0, 7, 300, 70_000])),
                                    (GMV, random.choice([None, 0, 19.99, 5e9])))
                if value is not None
            }
            for each in listed
        }  # fmt: skip
        made = scan(at, products, watch=watch, region=WATCHES[watch], state=state)
        texts = {
            **made.texts,
            "seller_id": tuple(random.choice([*SELLERS, None]) for _ in listed),
            **{
                name: tuple(random.choice([*CATEGORIES, None]) for _ in listed)
                for name in ("category_id", "category_l2_id", "category_l3_id")
            },
        }
        recorded = self.store.history.record(replace(made, texts=texts))
        if state is ScanState.COMPLETE and listed:
            mark = raw(self.store).number(
                "SELECT mark FROM scans WHERE id = ?", (recorded.scan_id,)
            )
            self.kept.append(Kept(recorded.scan_id, watch, at, mark, recorded.products.tolist()))
            if random.random() < 0.1:
                self.store.jumps.doubt(recorded.scan_id)
                self.doubted.add(recorded.scan_id)

    def known(
        self, at: Instant, watches: Sequence[str]
    ) -> dict[int, tuple[float | None, ...]] | None:
        """By product what was known at a time of those on lists, from the observations themselves;
        None where no list was read in the days before."""
        lists = sorted(
            filter(None, (self._newest(watch, at) for watch in watches)),
            key=lambda each: (each.at, each.id),
        )
        if not lists:
            return None
        return {
            product: self._in_force(product, each.mark)
            for each in lists
            for product in each.products
        }

    def known_now(self) -> dict[int, tuple[float | None, ...]]:
        """By product what the newest lists have, however old these are."""
        lists = filter(None, (self._newest(watch, self.now, self.now) for watch in WATCHES))
        ordered = sorted(lists, key=lambda each: (each.at, each.id))
        return {key: self._in_force(key, each.mark) for each in ordered for key in each.products}

    def last_of_days(self, watch: str) -> list[Kept]:
        """The last scan of each day that is believed: no doubted one takes its place."""
        days = {each.at // DAY: each for each in self._believed(watch)}
        return [*days.values()]

    def _believed(self, watch: str) -> list[Kept]:
        return [each for each in self.kept if each.watch == watch and each.id not in self.doubted]

    def _newest(self, watch: str, at: Instant, age: int = 8 * DAY) -> Kept | None:
        last = max((each.at for each in self.kept if each.watch == watch), default=0)
        before = [each for each in self._believed(watch) if each.at < last]  # it stood until then
        found = [*self.last_of_days(watch), *before[-1:]]
        inside = (each for each in found if at - age < each.at <= at)
        return max(inside, key=lambda each: each.at, default=None)

    def _in_force(self, product: int, mark: int) -> tuple[float | None, ...]:
        db = raw(self.store)
        row = db.one(
            f"SELECT {db.dialect.field(SALES)}, {db.dialect.field(GMV)} FROM observations AS o "
            "WHERE o.product = ? AND o.at <= ? ORDER BY o.at DESC LIMIT 1",
            (product, mark),
        )
        assert row is not None
        return row[0], row[1]

    def members(self, region: str, by: str, value: str) -> list[int]:
        """The products that are of it now."""
        rows = raw(self.store).rows(
            f"SELECT id, {by} FROM products WHERE region = ? AND grouped_by IS NULL", (region,)
        )
        return [key for key, own in rows if own == value]

    def subjects(self) -> Iterator[tuple[str, str, str]]:
        """Yield region, field and value of all that there may be a sum of."""
        for region in ("US", "GB"):
            yield from ((region, "seller_id", each) for each in SELLERS if each)
            for name in ("category_id", "category_l2_id", "category_l3_id"):
                yield from ((region, name, each) for each in CATEGORIES if each != "0")
