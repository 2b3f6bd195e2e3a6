"""The right to work on a book, as the parts ask for it at each begin of something."""

from __future__ import annotations

from collections.abc import Callable


class Tenure:
    """The tenure of who owns the database's file by its lock: for as long as the process lives."""

    def certain(self) -> bool:
        """Whether something may be begun now: a request, a message, a commit."""
        return True

    async def begin(self, waits: Callable[[], None] = lambda: None) -> None:
        """Return once it is certain. ``waits`` is called now and then until it is; raises
        ``StoreError`` where it can't be any more."""
