"""Findings about the source's other endpoints, and what these gave: names, pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from watcher.categories import UNKNOWN, CategoryName, KnownCategories
from watcher.model import Instant
from watcher.store.sql.connection import Face
from watcher.store.sql.dialect import TEXT

_PROBE = "endpoint, at, works, status, words, path, credential"
_PICTURE = "product, wanted, address, until, error"


class Probe(Struct, frozen=True):
    """An endpoint that was asked once: ``status`` is HTTP's (None: no answer came), ``words`` are
    the server's own. ``path`` is what was asked; ``credential`` stands for the key, which it does
    not tell."""

    endpoint: str
    at: Instant
    works: bool
    status: int | None
    words: str
    path: str
    credential: str


class EndpointProbes(Face):
    """The last probe of each endpoint."""

    def put(self, probe: Probe) -> None:
        """Keep it, in place of an earlier one of its endpoint."""
        columns = _PROBE.split(", ")
        self._db.execute(
            self._sql.upsert("probes", columns, columns[:1]),
            (
                probe.endpoint, probe.at, int(probe.works), probe.status, probe.words, probe.path,
                probe.credential,
            ),
        )  # fmt: skip

    def all(self) -> Mapping[str, Probe]:
        """All of them, by endpoint."""
        rows = self._db.rows(f"SELECT {_PROBE} FROM probes ORDER BY endpoint")
        probes = [Probe(name, at, bool(works), *rest) for name, at, works, *rest in rows]
        return {each.endpoint: each for each in probes}

    def found(self, endpoint: str) -> Probe | None:
        """The endpoint's probe, if it worked."""
        probe = self.all().get(endpoint)
        return probe if probe is not None and probe.works else None


class Category(Struct, frozen=True):
    """A category's name, as the source has it; ``parent`` is the one above it, empty where that is
    not known or there is none."""

    category_id: str
    level: int
    name: str
    parent: str = ""


class Categories(Face):
    """Names of categories, by id; none until the endpoint was found that gives them. Former names
    are kept, each since it was first read: rule files may have them."""

    def put(self, categories: Iterable[Category], now: Instant) -> None:
        """Keep their names, in place of older ones."""
        found = [*categories]
        self._db.many(
            "INSERT INTO categories (category_id, level, name, read, parent) "
            "VALUES (?, ?, ?, ?, ?) ON CONFLICT (category_id) DO UPDATE SET "
            "level = excluded.level, name = excluded.name, read = excluded.read, "
            "parent = CASE excluded.parent WHEN '' THEN categories.parent ELSE excluded.parent END",
            ((each.category_id, each.level, each.name, now, each.parent) for each in found),
        )
        self._db.many(
            "INSERT INTO category_names (category_id, name, since) VALUES (?, ?, ?) "
            "ON CONFLICT (category_id, name) DO NOTHING",
            ((each.category_id, each.name, now) for each in found),
        )

    def names(self, ids: Iterable[str | None] | None = None) -> Mapping[str, str]:
        """Names by id, of all or of these."""
        if ids is None:
            return dict(self._db.rows("SELECT category_id, name FROM categories"))
        given = sorted({each for each in ids if each})
        if not given:
            return {}
        rows = self._db.rows(
            "SELECT category_id, name FROM categories "
            f"WHERE category_id IN {self._sql.among(sort=TEXT)}",
            (self._sql.listed(given),),
        )
        return dict(rows)

    def of_product(self, product: int) -> list[str]:
        """The ids of a product's categories that are known, from level 1 on."""
        sql = "SELECT category_id, category_l2_id, category_l3_id FROM products WHERE id = ?"
        row = self._db.one(sql, (product,)) or ()
        return [each for each in row if each and each != UNKNOWN]

    def known(self) -> KnownCategories:
        """All names, the former ones among them, with what they stand for."""
        rows = self._db.rows(
            "SELECT n.name, c.category_id, c.level, c.parent, n.since, c.name, c.read "
            "FROM category_names AS n JOIN categories AS c ON c.category_id = n.category_id "
            "ORDER BY n.since, c.level, c.category_id, n.name"
        )
        return KnownCategories(CategoryName(*row) for row in rows)

    def known_of_old(self) -> KnownCategories:
        """The names in a store from before the former ones were kept."""
        rows = self._db.rows(
            "SELECT name, category_id, level, '', read, name, read FROM categories"
        )
        return KnownCategories(CategoryName(*row) for row in rows)

    def last_read(self) -> Instant | None:
        """Return when the categories of level 1 were read last; None: never."""
        read: Instant | None = self._db.value("SELECT max(read) FROM categories WHERE level = 1")
        return read


class Picture(Struct, frozen=True):
    """A product's picture that was ``wanted``: its ``address`` is good before ``until``, or it is
    not asked for before that because of an ``error``."""

    product: int
    wanted: Instant
    address: str | None
    until: Instant
    error: str | None = None


class Pictures(Face):
    """Addresses of pictures that can be shown for a while, and what came of those that can't."""

    def put(self, pictures: Iterable[Picture]) -> None:
        """Keep what was found, in place of what was known before."""
        columns = _PICTURE.split(", ")
        self._db.many(
            self._sql.upsert("pictures", columns, columns[:1]),
            (
                (each.product, each.wanted, each.address, each.until, each.error)
                for each in pictures
            ),
        )

    def of(self, products: Sequence[int], now: Instant) -> Mapping[int, Picture]:
        """Pictures of these products, as far as what is known of them still holds."""
        rows = self._db.rows(
            "SELECT p.product, p.wanted, p.address, p.until, p.error FROM pictures AS p "
            f"WHERE p.until > ?2 AND p.product IN {self._sql.among('?1')}",
            (self._sql.listed(sorted(products)), now),
        )
        return {row[0]: Picture(*row) for row in rows}

    def forget(self, now: Instant) -> None:
        """Drop what holds no more."""
        self._db.execute("DELETE FROM pictures WHERE until <= ?", (now,))
