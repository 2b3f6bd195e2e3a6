"""The texts of products at each scan that is played once more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from operator import itemgetter
from typing import Any, Self, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from watcher.attributes import MADE
from watcher.model import Instant, Ints
from watcher.store.sql.baselines import product_rows
from watcher.store.sql.connection import Connection
from watcher.store.sql.text_history import made_segments

Columns: TypeAlias = Mapping[str, NDArray[Any]]


class FormerTexts:
    """The texts of some products from scan to scan, the oldest first. ``names`` are columns of the
    products; what is not known of a time is as it was at the first time from which on it is."""

    def __init__(
        self, db: Connection, products: Ints, names: Sequence[str], begin: Instant
    ) -> None:
        self.products = products
        self.names = tuple(names)
        short = [name for name in names if name not in MADE]
        rows = np.array([*product_rows(db, products, ", ".join(short))], np.object_)
        columns = rows.reshape(len(products), len(short)).T.copy()
        self._now = dict(zip(short, columns, strict=True))
        self._changes: list[tuple[Instant, int, str, str | None]] = []
        for until, place, name, text in self._stored(db, begin):  # back, noting the way there
            self._changes.append((until, place, name, self._now[name][place]))
            self._now[name][place] = text
        for name in names:
            if name in MADE:
                self._take_made(db, name, begin)

    def _take_made(self, db: Connection, name: str, begin: Instant) -> None:
        """One that is made of long texts: nothing before a scan that read those."""
        self._now[name] = np.full(len(self.products), None)
        places = {product: place for place, product in enumerate(self.products.tolist())}
        rows = sorted(made_segments(db, self.products, name), key=itemgetter(1))
        for product, at, text in rows:
            if at <= begin:
                self._now[name][places[product]] = text
            else:
                self._changes.append((at, places[product], name, text))
        self._changes.sort(key=itemgetter(0), reverse=True)

    def _stored(
        self, db: Connection, begin: Instant
    ) -> Iterator[tuple[Instant, int, str, str | None]]:
        """Texts of the products, and until when each was so, back to the begin."""
        places = {product: place for place, product in enumerate(self.products.tolist())}
        rows = db.execute(
            "SELECT until, product, texts FROM former_texts WHERE until > ? ORDER BY until DESC",
            (begin,),
        )
        for until, product, former in rows:
            texts = msgspec.json.decode(former) if product in places else {}
            for name in self._now.keys() & texts.keys():
                yield until, places[product], name, texts[name]

    def anew(self) -> Self:
        """A copy from the begin on, where ``at`` was not asked of this one yet."""
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
