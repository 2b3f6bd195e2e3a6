"""A book's rules from the server: the newest that can be read, and how news of others is taken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import pytest

from tests.daemon.fakes import ENV, OTHER, RULES
from tests.daemon.fleet.fakes import FakeServer
from watcher.daemon.fleet.stored_rules import StoredRules
from watcher.errors import RulesError
from watcher.rules.files.pushed import load_pushed
from watcher.rules.rulebook import Rulebook
from watcher.store.control import Control

T = TypeVar("T")
BROKEN = RULES.replace("at_most: 3", "at_most: none")


class Asked:
    """A control plane that answers at once."""

    def __init__(self, server: FakeServer) -> None:
        self._server = server

    async def run(self, job: Callable[[Control], T], /) -> T:
        opened: Any = self._server.open()
        return job(opened)


@pytest.fixture
def server() -> FakeServer:
    """A server."""
    return FakeServer()


def read(book: str, files: Mapping[str, bytes]) -> Rulebook:
    """Rules, with a key."""
    return load_pushed(book, files, ENV)


def rules_on(server: FakeServer) -> StoredRules:
    """Those of the book ``shop``."""
    return StoredRules("shop", Asked(server), read)


async def test_the_newest_are_taken(server: FakeServer) -> None:
    """Of several revisions."""
    server.push("shop", RULES)
    server.push("shop", RULES + OTHER)
    rules = rules_on(server)
    assert len((await rules.begin()).rules) == 2
    assert rules.broken is None


async def test_older_ones_are_in_force_while_the_newest_are_broken(server: FakeServer) -> None:
    """And what is wrong is known by the name of the book, not of a folder that is gone."""
    server.push("shop", RULES)
    server.push("shop", BROKEN)
    rules = rules_on(server)
    assert len((await rules.begin()).rules) == 1
    assert rules.broken is not None
    assert rules.broken.startswith("shop/rules.yaml:8:")


async def test_without_any_that_can_be_read(server: FakeServer) -> None:
    """What is wrong with the newest, or what to do where there are none."""
    rules = rules_on(server)
    with pytest.raises(RulesError, match=r"^no rules were pushed yet; .* FOLDER --book shop`"):
        await rules.begin()
    server.push("shop", RULES.replace("top: 30", "top: none"))
    server.push("shop", BROKEN)
    with pytest.raises(RulesError, match=r"shop/rules\.yaml:8:"):
        await rules.begin()


async def test_a_push_is_read_anew(server: FakeServer) -> None:
    """Once; a rollback is one more; a reload that failed for the database is done again."""
    server.push("shop", RULES)
    rules = rules_on(server)
    await rules.begin()
    loaded: list[int] = []
    news = asyncio.Semaphore(0)
    looks = asyncio.Semaphore(0)

    async def reload() -> None:
        loaded.append(len(rules.load().rules))
        news.release()

    task = asyncio.create_task(rules.follow(reload, looks.release))
    async with asyncio.timeout(20):
        await looks.acquire()
        server.push("shop", RULES + OTHER)
        rules.wake()
        await news.acquire()
        await looks.acquire()
        rules.wake()
        await looks.acquire()
        server.away = True
        server.push("shop", RULES)
        rules.wake()
        await looks.acquire()
        server.away = False
        rules.wake()
        await news.acquire()
        rules.wake(anew=True)
        await news.acquire()
    task.cancel()
    await asyncio.wait({task})
    assert loaded == [2, 1, 1]


async def test_what_is_asked_during_a_reload_is_not_lost(server: FakeServer) -> None:
    """A signal that comes while the rules of a push are put in force: they may be old by then."""
    server.push("shop", RULES)
    rules = rules_on(server)
    await rules.begin()
    reloads, asked = asyncio.Semaphore(0), [True]

    async def reload() -> None:
        if asked:
            rules.wake(anew=asked.pop())
        reloads.release()

    task = asyncio.create_task(rules.follow(reload, lambda: None))
    server.push("shop", RULES + OTHER)
    async with asyncio.timeout(20):
        await reloads.acquire()
        await reloads.acquire()
    task.cancel()
    await asyncio.wait({task})


async def test_nothing_is_tried_before_others_are_pushed(server: FakeServer) -> None:
    """A book whose rules are broken waits."""
    server.push("shop", BROKEN)
    rules = rules_on(server)
    with pytest.raises(RulesError):
        await rules.begin()
    waiting = asyncio.create_task(rules.wait())
    rules.wake()
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    server.push("shop", RULES)
    rules.wake()
    await waiting
