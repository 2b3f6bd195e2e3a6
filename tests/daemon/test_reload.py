"""Reloads: one after the other, done once begun; and what is no more is forgotten."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from typing import cast

from tests.daemon.fakes import ENV, OTHER, RULES, FakeScanner, book
from watcher.daemon.adopting import adopt
from watcher.daemon.daemon import Daemon
from watcher.daemon.scheduling.scanner import Scanner
from watcher.incident import About, Incident, IncidentKind
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook
from watcher.source.client import Client
from watcher.store.sql.silences import Held
from watcher.store.sqlite.database import Database


async def test_a_reload_keeps_no_old_client_open(daemon: Daemon) -> None:
    """Another ``api:`` is another client, and the old one is closed; the last one at the stop."""
    daemon.core.scanner = cast("Scanner", FakeScanner(lambda _watch, _at: None))
    ready = asyncio.Event()
    running = asyncio.create_task(daemon.run(ready.set))
    await ready.wait()
    clients = [daemon.core.client]
    for pace in (9, 8):
        text = f"{RULES}api: {{requests_per_second: {pace}}}\n"
        daemon.reloader.load = partial(load_text, text, env=ENV)
        assert await daemon.reloader.reload()
        clients.append(daemon.core.client)
    assert [client.closed for client in clients] == [True, True, False]
    daemon.core.stopping.set()
    await running
    assert clients[-1].closed


async def test_a_reload_that_has_begun_is_done(daemon: Daemon) -> None:
    """Though the part that asked for it is ended: half of it would leave the scans with other
    rules than the timers."""
    daemon.core.scanner = cast("Scanner", FakeScanner(lambda _watch, _at: None))
    loading, loaded = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def load() -> Rulebook:
        loop.call_soon_threadsafe(loading.set)
        loaded.wait()
        return load_text(RULES + OTHER, env=ENV)

    daemon.reloader.load = load
    asking = asyncio.create_task(daemon.reloader.reload())
    await loading.wait()
    (doing,) = daemon.reloader.running
    asking.cancel()
    await asyncio.wait({asking})
    assert asking.cancelled()
    loaded.set()
    assert await doing
    assert len(daemon.core.book.rules) == 2
    assert not daemon.reloader.running


async def test_nothing_is_reloaded_at_the_stop(daemon: Daemon) -> None:
    """An edit that comes then is read at the next start."""

    def load() -> Rulebook:
        raise AssertionError("it was read")

    daemon.reloader.load = load
    daemon.core.stopping.set()
    assert not await daemon.reloader.reload()


async def test_reloads_are_one_after_the_other(daemon: Daemon) -> None:
    """A signal's and the file's: the later one is in force at the end."""
    daemon.core.scanner = cast("Scanner", FakeScanner(lambda _watch, _at: None))
    texts, under_way, most = [RULES, RULES + OTHER], 0, 0

    def load() -> Rulebook:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        begun.wait(0.2 if len(texts) == 2 else 0)
        loaded = load_text(texts.pop(0), env=ENV)
        under_way -= 1
        return loaded

    begun = threading.Event()  # never: the first takes its time
    daemon.reloader.load = load
    assert all(await asyncio.gather(daemon.reloader.reload(), daemon.reloader.reload()))
    assert (most, len(daemon.core.book.rules)) == (1, 2)


async def test_a_storm_of_signals_is_two_reloads(daemon: Daemon) -> None:
    """The one under way may have read the file before the last signal; the others are one."""
    daemon.core.scanner = cast("Scanner", FakeScanner(lambda _watch, _at: None))
    loads: list[int] = []

    def load() -> Rulebook:
        loads.append(1)
        if len(loads) == 1:
            for _ in range(100):
                asyncio.run_coroutine_threadsafe(signal(), loop).result()
        return book()

    async def signal() -> None:
        daemon.reloader.reload_soon()

    loop = asyncio.get_running_loop()
    daemon.reloader.load = load
    async with Client("http://127.0.0.1:9", "key") as client:
        daemon.core.client = client
        daemon.reloader.reload_soon()
        assert daemon.reloader.soon is not None
        await daemon.reloader.soon
    assert len(loads) == 2


def test_what_is_no_more_is_forgotten(store: Database) -> None:
    """Health and causes of watches and rules that a reload removed; others stay."""
    (watch,) = book().used_watches
    for kind, name in (("watch", watch.key), ("watch", "gone"), ("rule", "top"), ("rule", "gone")):
        store.health.failing(kind, name, "why", 1)
    incidents = [
        Incident(IncidentKind.DEAD_MESSAGE, About.TARGET, name) for name in ("me/1", "gone/1")
    ]
    incidents += [Incident(IncidentKind.FAILS, About.WATCH, name) for name in ("top", "gone")]
    for incident in (*incidents, Incident(IncidentKind.KEY_REFUSED)):
        store.health.raise_cause(incident.with_details(text="why"), 1)
    store.held.put([Held(rule, 1, "me", 1, 1) for rule in ("top", "gone")])
    adopt(store, book(), 2)
    assert [group.rule for group in store.held.groups()] == ["top"]
    assert {(each.kind, each.name) for each in store.health.list()} == {
        ("watch", watch.key),
        ("rule", "top"),
    }
    assert [each.cause for each in store.health.incidents()] == [
        "dead message me/1",
        "key refused",
        "watch top: fails",
    ]
