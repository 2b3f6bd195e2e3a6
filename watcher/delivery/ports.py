"""The courier's needs of others: the store, targets, channels, and who knows what messages mean."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any, Protocol, TypeVar

from watcher.delivery.rendered import Attachment, Rendered, SendOutcome, Style
from watcher.model import Chart, Instant, Notification
from watcher.store.ports import Store

T = TypeVar("T")


class StoreThread(Protocol):
    """Runs a function where the database lives."""

    async def run(self, job: Callable[[Store], T], /) -> T: ...


class Sender(Protocol):
    """One target; ``watcher.delivery.apprise.target.Target`` is the real one."""

    style: Style
    takes_files: bool

    @property
    def limit(self) -> int: ...

    async def send(
        self,
        rendered: Rendered,
        attachments: Sequence[Attachment] = (),
        /,
        *,
        taken: Collection[str] = (),
    ) -> SendOutcome: ...

    def release(self) -> None:
        """It is not needed any more; a try under way may end."""


class QuietHours(Protocol):
    """A channel's quiet hours: when those that ``now`` lies in end, None outside of them."""

    def until(self, now: Instant, /) -> Instant | None: ...


class OwnTemplate(Protocol):
    """A channel's own template; ``watcher.rules.sections.templates.Template`` is the real one."""

    def write(self, values: Mapping[str, Any], escape: Callable[[str], str], /) -> str: ...


@dataclass(frozen=True, slots=True)
class Way:
    """A channel's own way: times in ``zone``, nothing in ``quiet`` hours, laid out by its own
    ``template`` if it has one."""

    zone: tzinfo = UTC
    quiet: QuietHours | None = None
    template: OwnTemplate | None = None


class Keeper(Protocol):
    """One who knows what messages mean; asked on the store's thread.

    ``join`` is asked before each try whether it made one of what waits for a target, ``chart``
    what its picture shows where the service takes pictures. ``died``
    (with the reason) and ``took`` hear what becomes of a row, in the transaction that notes it.
    """

    def join(self, _store: Store, _target: str, /) -> bool:
        return False

    def chart(self, _store: Store, _notification: Notification, /) -> Chart | None:
        return None

    def died(self, _store: Store, _notification: Notification, _reason: str, /) -> None:
        return

    def took(self, _store: Store, _notification: Notification, /) -> None:
        return


class Nobody(Keeper):
    """Joins nothing, and does not want to hear: the outbox shows what was sent or is dead."""
