"""The start of a daemon among others: the server is reached, and has the books."""

from __future__ import annotations

import asyncio

import structlog

from watcher.daemon.supervision.systemd import Systemd
from watcher.delivery.courier import pause_until
from watcher.errors import StoreAway, WatcherError
from watcher.retrying import backoff
from watcher.store.control import Control
from watcher.store.engine import ControlThread
from watcher.store.places import MAIN, Server, shown

FIRST_WAIT, LONGEST_WAIT = 1.0, 10.0  # seconds between two tries to reach the server

log = structlog.get_logger("watcher.daemon")


async def reached(server: Server, systemd: Systemd, stop: asyncio.Event) -> ControlThread | None:
    """The control plane, once the server is there: both may have been started by the same power
    switch. None where the daemon is to stop before; ``StoreError`` where it can't be used."""
    tries = 0
    while not stop.is_set():
        try:
            control = await ControlThread(server.url).start()
        except StoreAway as error:
            if not tries:
                log.warning("the server is away: it is waited for", error=str(error))
            systemd.status(f"waits for the server: {error}")
            await pause_until(stop, backoff(tries, FIRST_WAIT, LONGEST_WAIT))
            tries += 1
        else:
            if tries:
                log.info("the server is there")
            return control
    return None


def prepare(control: Control, server: Server, names: tuple[str, ...] | None) -> None:
    """Raise ``WatcherError`` for books that there are not; ``main`` is made at need."""
    if names is not None and MAIN in names:
        control.books.create(MAIN)
    missing = set(names or ()) - set(control.books.names())
    if missing:
        raise WatcherError(
            f"{shown(server.url)}: there is no book {', '.join(sorted(missing))}; `watcher books "
            "list` shows those that there are, `watcher books add NAME` makes one"
        )
