"""What the courier needs of others: the store's outbox, targets, channels, and who knows what
messages mean. Declared where they are used; the real ones satisfy them by their shape."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Protocol, TypeVar

from watcher.delivery.apprise.target import Outcome
from watcher.delivery.custom_template import OwnTemplate
from watcher.delivery.markup import Style
from watcher.delivery.rendered import Rendered
from watcher.delivery.services import Attachment
from watcher.model import Chart, Instant, Notification

T = TypeVar("T")


class Queue(Protocol):
    """What the courier asks of the store's outbox."""

    def next_for(self, target: str, /) -> Notification | None: ...

    def due_targets(self, now: Instant, /) -> Iterable[tuple[str, Instant, int]]: ...

    def sent(self, notification: int, now: Instant, detail: str, /) -> object: ...

    def failed(
        self,
        notification: int,
        now: Instant,
        error: str,
        next_try: Instant,
        /,
        *,
        first_try: Instant,
        taken: Iterable[str],
    ) -> object: ...

    def postpone(self, notification: int, next_try: Instant, /) -> object: ...

    def dead(
        self, notification: int, now: Instant, error: str, /, *, taken: Iterable[str]
    ) -> object: ...

    def give_up(
        self, notification: int, now: Instant, error: str, /, *, taken: Iterable[str]
    ) -> object: ...

    def bury(self, target: str, now: Instant, error: str, /) -> int: ...


class Storage(Protocol):
    """A database with an outbox."""

    @property
    def outbox(self) -> Queue: ...

    def atomic(self) -> AbstractContextManager[None]: ...


S = TypeVar("S", bound=Storage)
S_co = TypeVar("S_co", bound=Storage, covariant=True)
S_contra = TypeVar("S_contra", bound=Storage, contravariant=True)


class StoreRunner(Protocol[S_co]):
    """Runs a function where the database lives."""

    async def run(self, job: Callable[[S_co], T], /) -> T: ...


class Sender(Protocol):
    """One target; ``watcher.delivery.apprise.target.Target`` is the real one."""

    @property
    def style(self) -> Style: ...

    @property
    def limit(self) -> int: ...

    @property
    def takes_files(self) -> bool: ...

    async def send(
        self,
        rendered: Rendered,
        attachments: Sequence[Attachment] = (),
        /,
        *,
        taken: Collection[str] = (),
    ) -> Outcome: ...

    def release(self) -> None:
        """It is not needed any more; a try under way may end."""


class QuietHours(Protocol):
    """A channel's quiet hours: when those that ``now`` lies in end, None outside of them."""

    def until(self, now: Instant, /) -> Instant | None: ...


@dataclass(frozen=True, slots=True)
class Way:
    """How a channel is told: times in ``zone``, nothing in ``quiet`` hours, laid out by its own
    ``template`` if it has one."""

    zone: tzinfo = UTC
    quiet: QuietHours | None = None
    template: OwnTemplate | None = None


class Keeper(Protocol[S_contra]):
    """Who knows what messages mean; asked on the store's thread.

    ``join`` is asked before each try whether it made one of what waits for a target, ``chart``
    what its picture shows where the service takes pictures. ``died``
    (with the reason) and ``took`` hear what becomes of a row, in the transaction that notes it.
    """

    def join(self, storage: S_contra, target: str, /) -> bool: ...

    def chart(self, storage: S_contra, notification: Notification, /) -> Chart | None: ...

    def died(self, storage: S_contra, notification: Notification, reason: str, /) -> object: ...

    def took(self, storage: S_contra, notification: Notification, /) -> object: ...


class Nobody:
    """Joins nothing, and does not want to hear."""

    def join(self, _storage: object, _target: str) -> bool:
        return False

    def chart(self, _storage: object, _notification: Notification) -> None:
        """Draws nothing."""

    def died(self, _storage: object, _notification: Notification, _reason: str) -> None:
        """What is dead is seen in the outbox."""

    def took(self, _storage: object, _notification: Notification) -> None:
        """So is what was sent."""
