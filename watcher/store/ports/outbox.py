"""Messages on their way to targets."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from typing import Protocol

from watcher.model import Instant, Message, Notification, NotificationState
from watcher.store.sql.backlog import Head, Piled
from watcher.store.sql.outbox import Try


class Outbox(Protocol):
    """Each target's notifications in order; one waits until it is sent, dead or dropped."""

    def add(
        self,
        channel: str,
        targets: Sequence[str],
        message: Message,
        now: Instant,
        not_before: Instant | None = None,
    ) -> builtins.list[int]:
        """Queues one message for each target; ids in the order of the targets.

        It is not sent before ``not_before``, nor is what is queued after it.
        """

    def get(self, notification: int) -> Notification | None: ...

    def next_for(self, target: str) -> Notification | None:
        """The oldest that waits for the target, due or not: the order is kept."""

    def waiting_for(self, target: str, limit: int = 1_000) -> builtins.list[Notification]:
        """Return what waits for the target, the oldest first."""

    def due_targets(self, now: Instant) -> builtins.list[tuple[str, Instant, int]]:
        """Targets that something waits for: when the oldest is due (by the clock that says
        ``now``), and how many wait."""

    def sent(self, notification: int, now: Instant, detail: str | None = None) -> None:
        """The service took it; counts even if it was dropped meanwhile."""

    def failed(
        self,
        notification: int,
        now: Instant,
        error: str,
        next_try: Instant,
        *,
        first_try: Instant | None = None,
        taken: Iterable[str] = (),
    ) -> None:
        """To be tried again at ``next_try``.

        ``first_try`` is from when its day counts, if not from its first try. ``taken`` marks
        the recipients that have it already.
        """

    def postpone(self, notification: int, next_try: Instant) -> None:
        """Not to be tried before ``next_try``; that is no try."""

    def dead(
        self, notification: int, now: Instant, error: str, *, taken: Iterable[str] = ()
    ) -> None:
        """Not to be tried again until somebody asks for it."""

    def give_up(
        self, notification: int, now: Instant, error: str, *, taken: Iterable[str] = ()
    ) -> None:
        """Dead after its day; those joined with it that have not had a day of their own (they
        were written after its first try) wait again."""

    def bury(self, target: str, now: Instant, error: str) -> int:
        """All that waits for ``target`` is dead, untried; how many."""

    def tries(self, notification: int) -> builtins.list[Try]:
        """The oldest first."""

    def retry(
        self, ids: Sequence[int] | None, now: Instant, target: str | None = None
    ) -> builtins.list[int]:
        """Dead ones (of ``ids``, or all; of ``target``) wait again with a fresh day to be tried
        in; the ids. Of ``ids`` and ``target`` those that wait for a later try are tried now.
        """

    def drop(
        self, ids: Sequence[int] | None, now: Instant, target: str | None = None
    ) -> builtins.list[int]:
        """Those that wait or are dead (of ``ids``, or all; of ``target``) are given up; the ids."""

    def counts(self) -> dict[NotificationState, int]:
        """Count the notifications in each state; states that none is in count 0."""

    def held_up(self, now: Instant) -> int:
        """For how many seconds the next one of some target has been due or tried in vain, at
        most; 0 for none.

        What waits for the end of quiet hours or for a digest is not held up, nor what is behind.
        """

    def put_off(self, now: Instant) -> builtins.list[tuple[str, Instant, Instant, int]]:
        """Messages that were queued for a later time than ``now`` and not tried since: channel,
        when they were written, when they are due, and how many."""

    def tried(self, since: Instant) -> dict[str, int]:
        """Count the tries since then that ended as sent, failed or dead."""

    def list(
        self,
        states: Sequence[NotificationState] = (),
        limit: int = 100,
        target: str | None = None,
    ) -> builtins.list[Notification]:
        """The newest first; of all states and targets where none is given."""


class Backlog(Protocol):
    """One target's waiting notifications as a whole."""

    def head(self, target: str) -> Head | None: ...

    def size(self, target: str, most: int) -> int:
        """Return how many wait, counted up to ``most``; those joined with them are none of them."""

    def joins(self, target: str) -> bool:
        """Whether one of those that wait tells what others were to tell."""

    def messages(self, target: str) -> list[Piled]:
        """All that wait, with those joined with them in the place of those that join them; the
        oldest first."""

    def join(self, target: str, rows: Iterable[int], message: Message, now: Instant) -> int | None:
        """Have ``message`` tell what ``rows`` were to tell, as one that waits in their place and
        is due; its id.

        Where the first that waits for ``target`` joins others already, it is that one, brought up
        to date. Else it is a new one, which goes on with the tries of the first: the service has
        failed so long. Nothing is done, and None, where the first is none of ``rows``.
        """
