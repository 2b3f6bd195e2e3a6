"""The least that a scan's cycle takes: aiohttp, msgspec, numpy and sqlite3 in a straight line.

No retries, no budget, no limits, no verdict but yes and no: what it costs is what nobody can
save. It stores what the daemon stores (changed rows, the list that was seen, alerts, messages),
and its alerts are the same.

    python -m benchmarks.straight URL DATABASE
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import zlib
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import numpy as np

from benchmarks.processes import answer, forget_peak, measured
from benchmarks.workload import KEY, PAGES, PAST, PRODUCTS, Simple, plain
from watcher.fields import NUMERIC_NAMES, TEXTS
from watcher.model import Bools, Floats, Ints
from watcher.source.endpoints import PRODUCT_LIST
from watcher.units import DAY

AT_ONCE, SHOWN = 8, 10
_NUMBERS = len(NUMERIC_NAMES)
_TEXTS = tuple(text.name for text in TEXTS)
_COLUMN = {name: index for index, name in enumerate(NUMERIC_NAMES)}
_Product = msgspec.defstruct(
    "_Product",
    [
        *((name, str | None, None) for name in _TEXTS),
        *((name, float | None, None) for name in NUMERIC_NAMES),
    ],
    gc=False,
)


class _Page(msgspec.Struct):
    data: list[_Product]  # type: ignore[valid-type]


_decode = msgspec.json.Decoder(_Page).decode
_SCHEMA = f"""
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE products (id INTEGER PRIMARY KEY, digest INTEGER, {", ".join(_TEXTS)});
CREATE UNIQUE INDEX by_id ON products (product_id);
CREATE TABLE observations (product INTEGER, at INTEGER, {", ".join(NUMERIC_NAMES)});
CREATE UNIQUE INDEX by_time ON observations (product, at);
CREATE TABLE scans (at INTEGER, seen BLOB);
CREATE TABLE alerts (id INTEGER PRIMARY KEY, rule INTEGER, product INTEGER, since INTEGER,
  ended INTEGER, evidence TEXT);
CREATE INDEX live ON alerts (rule) WHERE ended IS NULL;
CREATE TABLE messages (rule INTEGER, at INTEGER, body TEXT);
"""


@dataclass
class _Scan:
    at: int
    numbers: Floats = field(default_factory=lambda: np.full((PRODUCTS, _NUMBERS), np.nan))
    texts: list[tuple[str, ...]] = field(default_factory=lambda: [()] * PRODUCTS)

    @property
    def ids(self) -> list[str]:
        return [each[0] for each in self.texts]


async def _fetch(url: str, scan: _Scan) -> None:
    numbers = count(1)
    asked = {"region": "US", "page_size": str(PRODUCT_LIST.page_size), "product_sort_field": "4"}
    fields = {"Authorization": f"Bearer {KEY}"}

    async def read(session: aiohttp.ClientSession) -> None:
        while (page := next(numbers)) <= PAGES:
            params = {**asked, "page_num": str(page)}
            async with session.get(url + PRODUCT_LIST.path, params=params) as response:
                products = _decode(await response.read()).data
            begin = (page - 1) * PRODUCT_LIST.page_size
            for place, product in enumerate(products, start=begin):
                values = msgspec.structs.astuple(product)
                scan.texts[place] = values[: len(_TEXTS)]
                scan.numbers[place] = values[len(_TEXTS) :]

    async with aiohttp.ClientSession(headers=fields) as session:
        await asyncio.gather(*(read(session) for _ in range(AT_ONCE)))


def _store(db: sqlite3.Connection, scan: _Scan) -> Ints:
    """Write what is new; the products' keys, in the scan's order."""
    known: dict[str, tuple[Any, ...]] = {
        row[2]: row for row in db.execute("SELECT * FROM products")
    }
    data = scan.numbers.tobytes()
    products, rows = [], []
    keys = np.zeros(PRODUCTS, np.int64)
    following = len(known) + 1
    for place, texts in enumerate(scan.texts):
        begin = place * _NUMBERS * 8
        raw = blake2b(data[begin : begin + _NUMBERS * 8], digest_size=8).digest()
        digest = int.from_bytes(raw, "little", signed=True)
        before = known.get(texts[0])
        keys[place] = key = before[0] if before else following
        following += before is None
        if before is None or before[1] != digest:
            rows.append(place)
        if before is None or before[1:] != (digest, *texts):
            products.append((int(key), digest, *texts))
    _insert(db, "REPLACE INTO products", products)
    values = _values(scan.numbers[rows])
    heads = zip(keys[rows].tolist(), [scan.at] * len(rows), strict=True)
    _insert(db, "INSERT INTO observations",
            [(*head, *row) for head, row in zip(heads, values, strict=True)])  # fmt: skip
    db.execute("INSERT INTO scans VALUES (?, ?)", (scan.at, zlib.compress(keys.tobytes(), 1)))
    return keys


def _values(numbers: Floats) -> list[list[Any]]:
    """Whole numbers as integers, for those are small in the file."""
    whole = numbers == np.rint(numbers)
    values = numbers.astype(object)
    values[whole] = numbers[whole].astype(np.int64)
    values[np.isnan(numbers)] = None
    rows: list[list[Any]] = values.tolist()
    return rows


def _insert(db: sqlite3.Connection, begin: str, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        db.executemany(f"{begin} VALUES ({marks})", rows)


def _ago(db: sqlite3.Connection, keys: Ints, at: int) -> dict[str, Floats]:
    """The values in force at ``at``, (n,) each."""
    rows = db.execute(
        f"SELECT w.key, {', '.join(PAST)} FROM json_each(?) AS w CROSS JOIN observations AS o "
        "ON o.rowid = (SELECT rowid FROM observations WHERE product = w.value AND at <= ? "
        "ORDER BY at DESC LIMIT 1)",
        (msgspec.json.encode(keys.tolist()).decode(), at),
    ).fetchall()
    table = np.full((len(keys), len(PAST)), np.nan)
    if rows:
        found = np.array(rows, np.float64)
        table[found[:, 0].astype(np.int64)] = found[:, 1:]
    return {name: table[:, index] for index, name in enumerate(PAST)}


def _judge(scan: _Scan, past: dict[str, Floats], rules: list[tuple[Simple, ...]]) -> list[Bools]:
    """The verdict of each rule, (n,): each distinct condition once."""
    masks = {simple: _mask(scan, past, simple) for rule in rules for simple in rule}
    return [np.logical_and.reduce([masks[simple] for simple in rule]) for rule in rules]


def _mask(scan: _Scan, past: dict[str, Floats], simple: Simple) -> Bools:
    now = scan.numbers[:, _COLUMN[simple.field]]
    if simple.how == "at_least":
        return np.asarray(now >= simple.value)
    if simple.how == "below":
        return np.asarray(now < simple.value)
    then = past[simple.field]
    return np.asarray(
        (now - then >= simple.value / 100 * np.abs(then) - 1e-9 * np.abs(now)) & (then != 0)
    )


def _alert(
    db: sqlite3.Connection, scan: _Scan, keys: Ints, past: dict[str, Floats],
    rules: list[tuple[Simple, ...]],
) -> int:  # fmt: skip
    """Begin and end alerts, and write a message for each rule that has new ones; how many."""
    live: dict[int, dict[int, int]] = {number: {} for number in range(len(rules))}
    for rule, product, alert in db.execute(
        "SELECT rule, product, id FROM alerts WHERE ended IS NULL"
    ):
        live[rule][product] = alert
    begun, messages, ended = [], [], []
    for number, mask in enumerate(_judge(scan, past, rules)):
        rows = np.flatnonzero(mask).tolist()
        met = dict(zip(keys[rows].tolist(), rows, strict=True))
        ended += [(scan.at, alert) for key, alert in live[number].items() if key not in met]
        items = []
        for key in met.keys() - live[number].keys():
            row = met[key]
            evidence = [
                (each.text(), float(scan.numbers[row, _COLUMN[each.field]]), _then(past, each, row))
                for each in rules[number]
            ]
            begun.append((number, key, scan.at, None, msgspec.json.encode(evidence).decode()))
            items.append({"id": scan.texts[row][0], "name": scan.texts[row][2], "why": evidence})
        if items:
            body = {"title": f"{number}: {len(items)} products", "items": items[:SHOWN]}
            messages.append((number, scan.at, msgspec.json.encode(body).decode()))
    db.executemany("UPDATE alerts SET ended = ? WHERE id = ?", ended)
    db.executemany("INSERT INTO alerts (rule, product, since, ended, evidence) "
                   "VALUES (?, ?, ?, ?, ?)", begun)  # fmt: skip
    _insert(db, "INSERT INTO messages", messages)
    return len(begun)


def _then(past: dict[str, Floats], simple: Simple, row: int) -> float | None:
    return float(past[simple.field][row]) if simple.how == "rises" else None


def _cycle(db: sqlite3.Connection, url: str, at: int, rules: list[tuple[Simple, ...]]) -> int:
    scan = _Scan(at)
    asyncio.run(_fetch(url, scan))
    db.execute("BEGIN IMMEDIATE")
    keys = _store(db, scan)
    past = _ago(db, keys, at - DAY)
    fired = _alert(db, scan, keys, past, rules)
    db.execute("COMMIT")
    return fired


def main(url: str, database: Path) -> None:
    """A first scan, and the second a day later, which is measured."""
    rules = plain()
    db = sqlite3.connect(database, isolation_level=None)
    db.executescript(_SCHEMA)
    _cycle(db, f"{url}/1", 20_000 * DAY, rules)
    forget_peak()
    with measured() as cost:
        fired = _cycle(db, f"{url}/2", 20_001 * DAY, rules)
    db.close()
    answer({"cpu": cost.cpu, "wall": cost.wall, "peak": cost.peak, "fired": fired})


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
