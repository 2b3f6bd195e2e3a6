"""The messages of a replay: kept until they are taken, for nobody is sent them."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence

from watcher.model import Instant, Message
from watcher.store.sql.outbox import SqlOutbox


class MemoryOutbox(SqlOutbox):
    """As ``Outbox``, as far as it is written to."""

    def __init__(self) -> None:
        self._messages: dict[int, tuple[str, Message]] = {}
        self._last = 0

    def add(
        self,
        channel: str,
        targets: Sequence[str],
        message: Message,
        now: Instant,
        not_before: Instant | None = None,
    ) -> builtins.list[int]:
        """One for each target; ids in their order."""
        ids = [self._last + number for number, _ in enumerate(targets, start=1)]
        self._last += len(ids)
        self._messages.update(dict.fromkeys(ids, (channel, message)))
        return ids

    def take(self, ids: Iterable[int]) -> builtins.list[tuple[str, Message]]:
        """Return those messages with their channels, which are let go."""
        return [self._messages.pop(each) for each in ids]
