"""What the page is handed by the daemon: ways to ask, and the few ways to change something."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from prometheus_client.registry import Collector

from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the page gets what it shows, and what its forms change.

    ``read`` runs a function beside the writer, ``write`` on the store's own thread; ``ill`` says
    why the daemon is not healthy; ``wake`` has the delivery look at the outbox. ``instruments`` are
    what the daemon measures of itself.
    """

    read: Callable[[Callable[[Store], T]], Awaitable[T]]
    write: Callable[[Callable[[Store], T]], Awaitable[T]]
    book: Callable[[], Rulebook]
    now: Callable[[], Instant]
    ill: Callable[[], Awaitable[str | None]]
    wake: Callable[[], None]
    instruments: Sequence[Collector] = ()
