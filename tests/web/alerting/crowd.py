"""A database with alerts of several rules, products and sellers, some told, and its page."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar
from urllib.parse import urlencode

from tests.fakes.world import World
from tests.store.making import DAY, START
from tests.web.serving import Page, serving
from watcher.alert import Alert, AlertState
from watcher.model import Instant, Severity
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.sqlite.database import Database

T = TypeVar("T")

HEAD = """
channels:
  me: {url: "json://localhost/"}
  boss: {url: "json://localhost/a"}
defaults: {region: US, notify: [me], timezone: Europe/Berlin}
sellers: {"7495": GlowLab}
"""
RULES = """
watches: {best: {sort: total_sale_7d_cnt desc}}
rules:
  - {name: "sells [well]", watch: best, when: {total_sale_7d_cnt: {at_least: 100}},
     severity: warning}
  - {name: rising, watch: best, when: {total_sale_7d_cnt: {rises: 20%, from: last}},
     notify: [me, boss], severity: {critical: {total_sale_7d_cnt: {at_least: 200}}}}
  - {name: waits, watch: best, when: {total_sale_7d_cnt: {at_least: 10}}, for: 30d}
"""
HOSTILE = '<script>alert(1)</script>"><img src=//evil.example/x>\u202e\x07'
NAMES = {"1": HOSTILE, "2": "Serum ÉTÉ", "3": "面膜", "4": "Serum 100%_"}
PAST = 60  # alerts that are over, a day apart
_BOX = re.compile(r'<input type="checkbox" name="alert" value="(\d+)" form="bulk"')
_TOKEN = re.compile(r'name="token" value="([^"]+)"')
_KEY = re.compile(r'data-key="A(\d+)"')


@dataclass(frozen=True)
class Crowd:
    """The database at ``path``, and what belongs to it."""

    path: Path
    book: Rulebook
    now: Instant

    def look(self, job: Callable[[Store], T]) -> T:
        """What is stored, read beside the page."""
        with Database.open(self.path, readonly=True) as database:
            return job(database)

    def write(self, job: Callable[[Store], T]) -> T:
        """Change it beside the page, as a scan does."""
        with Database.open(self.path) as database:
            return job(database)

    def alerts(self, state: AlertState | None = None) -> Sequence[Alert]:
        """All of them, the oldest id first."""
        everything = self.look(lambda database: database.alerts.by_id(range(1, 500)))
        return [each for each in everything if state in (None, each.state)]


def crowd(path: Path) -> Crowd:
    """Played once, and copied."""
    made, pages = _played()
    path.touch(0o600)
    path.write_bytes(pages)
    return replace(made, path=path)


@cache
def _played() -> tuple[Crowd, bytes]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "watcher.db"
        with Database.open(path) as database:
            world = World(database, RULES, head=HEAD)
            world.scan({"1": 50.0, "2": 50.0, "3": 120.0, "4": 15.0})
            _name(database)
            _past(database)
            world.scan({"1": 300.0, "2": 150.0, "3": 125.0, "4": 20.0})
            _name(database)  # a scan has the names that the source has
            now = world.now + 3_600
            for row in database.outbox.waiting_for("me/1"):
                database.outbox.sent(row.id, now)
            made = Crowd(path, world.book, now)
        return made, path.read_bytes()


def _name(database: Any) -> None:
    for product, name in NAMES.items():
        seller = "7495" if product in "12" else None
        database.execute(
            "UPDATE products SET product_name = ?, seller_id = ? WHERE product_id = ?",
            (name, seller, product),
        )


def _past(database: Store) -> None:
    """Alerts that are over: of a rule that there is, and of one that is no more."""
    (one, two, *_) = (each.product for each in database.history.find_all(["1", "2"]))
    database.alerts.save(
        [
            Alert(
                0, "gone" if number % 3 else "rising", two if number % 2 else one,
                AlertState.INACTIVE, at + DAY, at, at, at + DAY, "left the list",
                severity=Severity.CRITICAL if number % 4 else None,
            )
            for number in range(PAST)
            for at in [START - (PAST - number) * DAY]
        ]
    )  # fmt: skip


@asynccontextmanager
async def crowded(folder: Path, **given: Any) -> AsyncIterator[tuple[Page, Crowd]]:
    """The page of such a database."""
    made = crowd(folder / "watcher.db")
    async with serving(made.path, made, **given) as page:
        yield page, made


async def found(page: Page, **query: object) -> list[int]:
    """The ids that the JSON has for a query."""
    status, text = await page.get(f"api/alerts.json?{urlencode(query)}")
    assert status == 200, text
    return [each["alert"]["id"] for each in json.loads(text)["alerts"]]


def shown(text: str) -> list[int]:
    """The ids of the alerts that a page lists."""
    return [int(each) for each in _KEY.findall(text)]


def boxes(text: str) -> list[int]:
    """The ids that can be ticked."""
    return [int(each) for each in _BOX.findall(text)]


def token(text: str) -> str:
    """The token of a page's forms."""
    given = _TOKEN.search(text)
    assert given is not None
    return given[1]
