"""A message with links: three products by two rules, one of them twice, with a hostile name."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import msgspec

from tests.fakes.world import World
from tests.store.making import DAY, contents
from tests.web.serving import Page, serving
from watcher.message import Message
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.sql.links import digest_of
from watcher.store.sqlite.database import Database

T = TypeVar("T")

PAGE = "https://watcher.example.org/path"
HEAD = f"""
channels:
  me: {{url: "json://localhost/"}}
  boss: {{url: "json://localhost/a"}}
defaults: {{region: US, notify: [me, boss], page: "{PAGE}", remind: 2d}}
"""
RULES = """
watches: {best: {sort: total_sale_7d_cnt desc}}
rules:
  - {name: "sells [well]", watch: best, when: {total_sale_7d_cnt: {at_least: 100}}}
  - {name: sells, watch: best, when: {total_sale_7d_cnt: {at_least: 200}}}
"""
HOSTILE = '<script>alert(1)</script>"><img src=//evil.example/x>'
TOKEN, OTHER, OLD = "A" * 22, "B" * 22, "C" * 22
FORMS = re.compile(r"<form.*?</form>", re.DOTALL)
FIELDS = re.compile(r'name="(\w+)" value="([^"]*)"')


@dataclass
class Told:
    """A database with messages to two channels: TOKEN is of the one to ``me``, OTHER of the one to
    ``boss``, OLD one that has expired."""

    path: Path
    book: Rulebook
    now: Instant
    message: Message
    written: list[str] = field(default_factory=list)

    def look(self, job: Callable[[Store], T]) -> T:
        """What is stored, read beside the page."""
        with Database.open(self.path, readonly=True) as database:
            return job(database)

    def rows(self) -> Mapping[str, list[tuple[object, ...]]]:
        """All that is stored."""
        return self.look(contents)


def told(path: Path) -> Told:
    """Two days: at the second three products fire. Played once, and copied."""
    played, pages = _played()
    path.touch(0o600)
    path.write_bytes(pages)
    return replace(played, path=path, written=[])


@cache
def _played() -> tuple[Told, bytes]:
    """All of it but its place, and the database's file."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "watcher.db"
        return _play(path), path.read_bytes()


def _play(path: Path) -> Told:
    with Database.open(path) as database:
        world = World(database, RULES, head=HEAD)
        world.scan({"1": 50.0, "2": 50.0, "3": 50.0})
        world.scan({"1": 300.0, "2": 150.0, "3": 120.0})
        database.execute(
            "UPDATE messages SET body = replace(body, '\"Product 1\"', ?)",
            (msgspec.json.encode(HOSTILE).decode(),),
        )
        (mine,) = database.outbox.waiting_for("me/1")
        (theirs,) = database.outbox.waiting_for("boss/1")
        database.links.add(digest_of(TOKEN), mine.id, world.now)
        database.links.add(digest_of(OTHER), theirs.id, world.now)
        database.links.add(digest_of(OLD), mine.id, world.now - 15 * DAY)
        for row in (mine, theirs):
            database.outbox.sent(row.id, world.now)
        return Told(path, world.book, world.now + 3_600, mine.message)


@asynccontextmanager
async def acting(folder: Path, **given: str) -> AsyncIterator[tuple[Page, Told]]:
    """The page of such a database."""
    made = told(folder / "watcher.db")
    async with serving(made.path, made, **given) as page:  # type: ignore[arg-type]
        yield page, made


def form_of(text: str, what: str, rule: str = "") -> dict[str, str]:
    """The fields of the form that does it, as a browser would send them."""
    for form in FORMS.findall(text):
        fields = dict(FIELDS.findall(form))
        if fields.get("do") == what and fields.get("rule", "") == rule:
            return fields
    raise AssertionError(f"no form to {what} {rule}")


def offered(text: str) -> list[str]:
    """What the forms of a page do."""
    return [dict(FIELDS.findall(form))["do"] for form in FORMS.findall(text)]
