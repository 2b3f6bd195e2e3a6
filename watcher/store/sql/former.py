"""The texts that products had: what was replaced, and when; to play the past with its own texts.

A row is written only where a text changed: ``texts`` is a JSON object of those that did, as they
were up to the scan whose mark is ``until``. Product 0 marks since when that is done, in a database
that is older; it goes with what is pruned, when all that is left is younger.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from typing import Any, Self, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from watcher.model import Instant, Ints
from watcher.store.sqlite.connection import Connection, chunks, listed
from watcher.store.sqlite.dialect import rows_of

Columns: TypeAlias = Mapping[str, NDArray[Any]]

_NOBODY = 0


def record(
    db: Connection, until: Instant, replaced: Iterable[tuple[int, Mapping[str, str | None]]]
) -> None:
    """What the scan whose mark is ``until`` replaced, by product and name."""
    db.many(
        "INSERT INTO former_texts (until, product, texts) VALUES (?, ?, ?)",
        ((until, product, msgspec.json.encode(texts).decode()) for product, texts in replaced),
    )


def known_since(db: Connection) -> Instant | None:
    """Since when replaced texts are stored; None where that is always."""
    return db.number("SELECT max(until) FROM former_texts WHERE product = ?", (_NOBODY,)) or None


class FormerTexts:
    """The texts of some products from scan to scan, the oldest first.

    ``names`` are columns of the products; what is not known of a time is as it was at the first
    time from which on it is.
    """

    def __init__(
        self, db: Connection, products: Ints, names: Sequence[str], begin: Instant
    ) -> None:
        self.products = products
        self._now = _texts_of_today(db, products, names)
        places = {product: place for place, product in enumerate(products.tolist())}
        self._changes: list[tuple[Instant, int, str, str | None]] = []
        rows = db.execute(
            "SELECT until, product, texts FROM former_texts WHERE until > ? ORDER BY until DESC",
            (begin,),
        )
        for until, product, texts in rows:  # back to the begin, noting the way there
            place = places.get(product)
            if place is not None:
                self._undo(until, place, msgspec.json.decode(texts))

    def _undo(self, until: Instant, place: int, texts: Mapping[str, str | None]) -> None:
        for name, text in texts.items():
            if name in self._now:
                self._changes.append((until, place, name, self._now[name][place]))
                self._now[name][place] = text

    def anew(self) -> Self:
        """The same from the begin on, where ``at`` was not asked of this one yet."""
        other = copy(self)
        other._now = {name: column.copy() for name, column in self._now.items()}  # noqa: SLF001
        other._changes = self._changes.copy()  # noqa: SLF001 - its own kind
        return other

    def at(self, mark: Instant) -> Columns:
        """Each text of each product at the scan with this mark; marks rise from call to call."""
        while self._changes and self._changes[-1][0] <= mark:
            _, place, name, text = self._changes.pop()
            self._now[name][place] = text
        return self._now


def _texts_of_today(db: Connection, products: Ints, names: Sequence[str]) -> Columns:
    size = len(products)
    texts = {name: np.full(size, None, np.object_) for name in names}
    sql = (
        f"SELECT w.key, {', '.join(f'p.{name}' for name in names)} FROM {rows_of()} "  # noqa: S608 - our own names
        "CROSS JOIN products AS p ON p.id = w.value"
    )
    for part in chunks(size):
        for key, *values in db.execute(sql, (listed(products[part].tolist()),)):
            for name, value in zip(names, values, strict=True):
                texts[name][part.start + key] = value
    return texts
