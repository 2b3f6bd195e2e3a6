"""The ids that a watch asks for by name: since which of its complete scans, and up to which.

Who is missing from the answers was not asked for, or is not indexed, or is gone. Of an id that was
only now added nobody can say that it has appeared, and of one that the user took out nobody is to
hear that it left.
"""

from __future__ import annotations

import numpy as np

from watcher.model import Bools, Ints, Scan, ScanState
from watcher.store.sql.connection import Connection
from watcher.store.sql.dialect import TEXT


def note_asked(db: Connection, scan: Scan, scan_id: int) -> None:
    """Write down which ids a complete scan asked for; rows only of those that are new or left."""
    if scan.asked is None or scan.state is not ScanState.COMPLETE:
        return
    known = db.all(
        str, "SELECT product_id FROM asked WHERE watch = ? AND until IS NULL", (scan.watch,)
    )
    fresh, left = set(scan.asked) - set(known), set(known) - set(scan.asked)
    db.many(
        db.dialect.upsert("asked", ("watch", "product_id", "since", "until"),
                          ("watch", "product_id")),
        ((scan.watch, each, scan_id, None) for each in sorted(fresh)),
    )  # fmt: skip
    db.many(
        "UPDATE asked SET until = ? WHERE watch = ? AND product_id = ?",
        ((scan_id, scan.watch, each) for each in sorted(left)),
    )


def asked_before(db: Connection, watch: str, scan_id: int, products: Ints) -> Bools:
    """(n,) the products that an earlier complete scan of the watch asked for; all of a watch that
    asks for none by name."""
    before = "a.since < ?3 AND (a.until IS NULL OR a.until > ?3)"
    return _marked(db, watch, products, before, scan_id)


def taken_out(db: Connection, watch: str, scan_id: int, products: Ints) -> Bools:
    """(n,) the products that the user had taken out of what a watch asks for when it made a scan;
    none of a watch that asks for none by name."""
    still = "a.since <= ?3 AND (a.until IS NULL OR a.until > ?3)"
    return ~_marked(db, watch, products, still, scan_id)


def count_asked(db: Connection, products: Ints, ids: tuple[str, ...]) -> int:
    """The number of these products whose ids are asked for."""
    return db.number(
        f"SELECT count(*) FROM {db.dialect.rows_of('?1')} {db.dialect.join} products AS p "
        f"ON p.id = w.value WHERE p.product_id IN {db.dialect.among('?2', TEXT)}",
        (db.dialect.listed(products.tolist()), db.dialect.listed(ids)),
    )


def _marked(db: Connection, watch: str, products: Ints, condition: str, scan_id: int) -> Bools:
    """(n,) of which products an id that the watch asks for meets the condition; all of a watch that
    asks for none by name."""
    found = np.full(len(products), fill_value=True)
    if not len(products) or not db.has("SELECT 1 FROM asked WHERE watch = ? LIMIT 1", (watch,)):
        return found
    keys = db.all(
        int,
        f"SELECT w.key FROM {db.dialect.rows_of('?1')} {db.dialect.join} products AS p "
        "ON p.id = w.value JOIN asked AS a ON a.product_id = p.product_id "
        f"WHERE a.watch = ?2 AND {condition}",
        (db.dialect.listed(products.tolist()), watch, scan_id),
    )
    found[:] = False
    found[keys] = True
    return found
