"""The page and the commands on a replica of the database, which takes no writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.running import Command
from tests.postgres import Cluster, cluster, needed
from tests.web import furnished
from tests.web.library import RULES, Library, served
from watcher.store.engine import open_control, open_store
from watcher.store.places import Server


@dataclass(frozen=True)
class Twins:
    """A server with a book ``a``, and its replica."""

    library: Library
    replica: Cluster
    url: str


@pytest.fixture(scope="module")
def twins() -> Iterator[Twins]:
    """Made once."""
    needed()
    with cluster() as primary:
        url = primary.create_database("watcher")
        with open_control(url) as control:
            control.books.create("a")
            control.books.push("a", {"r.yaml": RULES.encode()}, expected=None, by="me")
        with open_store(Server(url, "a")) as store:
            now = furnished.furnish(store).now
        replica = primary.replica()
        yield Twins(Library(url, now), replica, replica.url_of("watcher"))


async def test_the_page_of_a_replica(twins: Twins) -> None:
    """Shows all, says that it can't change anything, and asks nobody to try; once it is promoted
    it can."""
    async with served(twins.library, url=twins.url) as page:
        assert "This is a replica" in (await page.get())[1]
        for path in ("", "alerts", "rules/taking-off", "products/US/1", "outbox", "silences"):
            status, text = await page.get(f"books/a/{path}")
            assert status == 200
            assert 'method="post"' not in text
        for path in ("rules/taking-off", "products/US/1", "outbox", "silences"):
            assert "Read-only: this page reads a replica" in (await page.get(f"books/a/{path}"))[1]
        status, text = await page.post("books/a/silences", {"rule": "x", "for": "1d", "token": ""})
        assert status == 409
        assert "read-only" in text


@pytest.mark.parametrize("call", [
    ("status",), ("alerts",), ("product", "1"), ("export",), ("silence", "list"),
    ("outbox", "list"), ("check",), ("score",), ("db", "stats"), ("backtest", "taking-off"),
    ("books", "list"), ("rules", "history"),
], ids=" ".join)  # fmt: skip
def test_commands_that_read(
    watcher: Command, folder: Path, twins: Twins, call: tuple[str, ...]
) -> None:
    """As on the primary server."""
    book = () if call[0] == "books" else ("--book", "a")
    result = watcher(*call, "--db", twins.url, *book)
    primary = watcher(*call, "--db", twins.library.url, *book)
    assert (result.code, bool(result.out)) == (primary.code, bool(primary.out)), result.err
    assert "read-only" not in result.err


@pytest.mark.parametrize("call", [
    ("silence", "add", "--rule", "x", "--for", "1h"), ("outbox", "retry", "--all"),
    ("db", "prune"), ("books", "token", "a"), ("books", "add", "z"),
], ids=" ".join)  # fmt: skip
def test_commands_that_write(
    watcher: Command, folder: Path, twins: Twins, call: tuple[str, ...]
) -> None:
    """Name the primary server."""
    book = () if call[0] == "books" else ("--book", "a")
    result = watcher(*call, "--db", twins.url, *book)
    assert result.code == 1, result
    assert "read-only" in result.err
    assert "primary" in result.err
