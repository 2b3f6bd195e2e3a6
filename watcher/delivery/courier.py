"""The delivery loop: each target's queue in order, one message at a time, at its own pace.

A row is marked after the service answered: a crash in between repeats a message and never loses
one. Before dozens are sent to a target that was down, the keeper makes them one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Protocol

import structlog

from watcher.delivery.links import LinkMaker
from watcher.delivery.marking import Change, Marks, StoreThread
from watcher.delivery.preparing import Contents, Form, Preparing
from watcher.delivery.product_pictures import NoPictures, ProductPictures
from watcher.delivery.rendered import Attachment, OutcomeKind, Rendered, SendOutcome, Way
from watcher.errors import StoreError
from watcher.message import Notification
from watcher.model import Instant
from watcher.redaction import hide_links
from watcher.retrying import backoff
from watcher.store.ports import Store
from watcher.store.records import is_due
from watcher.units import DAY, HOUR

FIRST_PAUSE = 10
LONGEST_PAUSE = HOUR
GIVE_UP = DAY
POLL = 5.0

log = structlog.get_logger("watcher.delivery")

Pause = Callable[[asyncio.Event, float], Awaitable[None]]
Begin = Callable[[], Awaitable[None]]


async def at_once() -> None:
    """Whoever owns the store alone may begin whenever it likes."""


async def pause_until(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, at most ``seconds``."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


class Sender(Form, Protocol):
    """One target; ``watcher.delivery.apprise.target.Target`` is the real one."""

    async def send(
        self, text: Rendered, files: Sequence[Attachment] = (), /, *, taken: Collection[str] = ()
    ) -> SendOutcome: ...

    def release(self) -> None:
        """It is not needed any more; a try under way may end."""


class Keeper(Contents, Protocol):
    """One who knows what messages mean; asked on the store's thread. ``join`` is asked before each
    try whether it made one of what waits for a target. ``died`` (with the reason) and ``took`` hear
    what becomes of a row, in the transaction that notes it."""

    def join(self, _store: Store, _target: str, /) -> bool:
        return False

    def died(self, _store: Store, _notification: Notification, _reason: str, /) -> None:
        return

    def took(self, _store: Store, _notification: Notification, /) -> None:
        return


class Nobody(Keeper):
    """Joins nothing, and does not want to hear: the outbox shows what was sent or is dead."""


@dataclass(eq=False)
class Courier:
    """Sends what waits in the outbox to ``targets`` (by name), each channel in its way. ``on_turn``
    is called at each turn of the loop, so that its standing still is noticed; ``begin`` is awaited
    before each message: it returns once one may be sent, or raises ``StoreError``. ``pictures`` has
    those of products."""

    store: StoreThread
    targets: Mapping[str, Sender]
    _: KW_ONLY
    now: Callable[[], Instant]
    ways: Mapping[str, Way] = field(default_factory=dict)
    keeper: Keeper = field(default_factory=Nobody)
    pictures: ProductPictures = field(default_factory=NoPictures)
    on_turn: Callable[[], None] = lambda: None
    begin: Begin = at_once
    pause: Pause = pause_until
    _wake: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _serving: dict[str, asyncio.Task[int]] = field(default_factory=dict, init=False)
    _unmarked: dict[int, Change] = field(default_factory=dict, init=False)
    _stopping: bool = field(default=False, init=False)
    _marks: Marks = field(init=False)
    _links: LinkMaker = field(init=False)
    _preparing: Preparing = field(init=False)

    def __post_init__(self) -> None:
        self._marks = Marks(self.store)
        self._links = LinkMaker(self._marks, self.now)
        self._preparing = Preparing(self.store, self.keeper, self.pictures)

    def wake(self) -> None:
        """Look at the outbox now: there are new rows. To be called on the loop's thread."""
        self._wake.set()

    def update(self, targets: Mapping[str, Sender], ways: Mapping[str, Way]) -> None:
        """Swap the targets after a reload; a try under way ends with the one that it began with."""
        for replaced in self.targets.values():
            replaced.release()
        self.targets, self.ways = targets, ways
        self.wake()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until ``stop``; tries that are under way then are left to ``drain``.

        It turns whenever something is due, was added (``wake``), or the poll period is over
        (another process may have put a row back).
        """
        stopped = asyncio.create_task(stop.wait())
        stopped.add_done_callback(lambda _stopped: self.wake())
        try:
            while not stop.is_set():
                self._wake.clear()
                await self.pause(self._wake, await self.turn())
        finally:
            stopped.cancel()

    async def turn(self) -> float:
        """Start on every target whose first waiting row is due; seconds until the next turn.

        Raises what a target's queue broke on (the store failed), for the loop's guard.
        """
        self.on_turn()
        now = self.now()
        self._reap()
        soonest = POLL
        waiting = await self.store.run(lambda store: store.outbox.due_targets(now))
        for name, next_try, _count in waiting:
            if name in self._serving:
                continue
            if next_try > now and name in self.targets:
                soonest = min(soonest, float(next_try - now))
                continue
            task = asyncio.create_task(self._serve(name), name=f"deliver-{name}")
            self._serving[name] = task
            task.add_done_callback(self._served)
        return soonest

    async def idle(self) -> int:
        """Wait until no try is under way; how many there were. Raises what a queue broke on."""
        tried = 0
        while self._serving:
            await asyncio.wait(self._serving.values())
            tried += self._reap()
        return tried

    async def drain(self, seconds: float) -> None:
        """At the stop: send what is due for at most ``seconds``, then leave the rest waiting."""
        try:
            async with asyncio.timeout(seconds):
                await self.turn()
                while await self.idle():
                    await self.turn()  # what was dead may have been told to another target
        except TimeoutError:
            log.info("not all messages were sent at the stop; the rest goes out at the next start")
        finally:
            await self.abandon()

    async def abandon(self) -> None:
        """Begin no more messages, and await none: what waits is left to whoever goes on."""
        self._stopping = True
        serving = list(self._serving.values())
        self._serving.clear()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        for target in self.targets.values():
            target.release()

    def _reap(self) -> int:
        done = [name for name, task in self._serving.items() if task.done()]
        finished = [self._serving.pop(name) for name in done]
        return sum(task.result() for task in finished)

    def _served(self, task: asyncio.Task[int]) -> None:
        # Not after a look that found nothing due: that would have the loop spin.
        if task.cancelled() or task.exception() is not None or task.result():
            self.wake()

    async def _serve(self, name: str) -> int:
        """Try the rows of one target in order until none is due; how many were tried."""
        tried = 0
        while not self._stopping:
            row = await self._next(name)
            if row is None or not await self._is_tried(row):
                break
            tried += 1
        return tried

    async def _is_tried(self, row: Notification) -> bool:
        """Whether it is a row's turn; then it is sent, or noted what became of it."""
        target = self.targets.get(row.target)
        if row.id in self._unmarked:
            await self._note(row, self._unmarked[row.id])
        elif target is None:
            await self._bury(row)
        elif not is_due(row, self.now()):
            return False
        elif (until := self._quiet_until(row)) is not None:
            await self._write(lambda store: store.outbox.postpone(row.id, until))
            return False
        else:
            await self._deliver(row, target)
        return True

    async def _next(self, name: str) -> Notification | None:
        """The first of a target's rows; where it is to be sent now, after dozens became one."""
        row, joining = None, False

        def look(store: Store) -> Notification | None:
            nonlocal row, joining
            row = store.outbox.next_for(name)
            joining = row is not None and self._is_ready(row)
            if joining and self.keeper.join(store, name):
                return store.outbox.next_for(name)
            return row

        try:
            return await self.store.run(look)
        except Exception:
            if not joining:
                raise
            log.exception("what waits could not be joined; it is sent one by one", target=name)
            return row

    def _is_ready(self, row: Notification) -> bool:
        """Whether a row would be sent now. Asked on the store's thread: it may change since."""
        return (
            row.id not in self._unmarked
            and row.target in self.targets
            and is_due(row, self.now())
            and self._quiet_until(row) is None
        )

    def _quiet_until(self, row: Notification) -> Instant | None:
        """The end of the quiet hours that a row's channel has now."""
        hours = self.ways.get(row.channel, Way()).quiet
        return hours.until(self.now()) if hours is not None else None

    async def _deliver(self, row: Notification, target: Sender) -> None:
        began = self.now()
        outcome = await self._try(row, target)
        if outcome.kind is OutcomeKind.RETRY:
            await self._again(row, began, outcome)
        elif outcome.kind is OutcomeKind.DEAD:
            await self._dead(row, outcome, given_up=False)
        else:
            now = self.now()
            await self._mark(
                row,
                lambda store: store.outbox.sent(row.id, now, outcome.detail),
                lambda store: self.keeper.took(store, row),
            )

    async def _try(self, row: Notification, target: Sender) -> SendOutcome:
        try:
            way = self.ways.get(row.channel, Way())
            link = await self._links.link(row, way.page)
            outcome = await self._send(row, target, way, link)
            if outcome.kind is OutcomeKind.DEAD and way.template is not None:
                # Markup of the user's own may be what the service refuses: better told as usual.
                log.warning("refused in its own layout", target=row.target, error=outcome.detail)
                outcome = await self._send(row, target, replace(way, template=None), link)
            return replace(outcome, detail=hide_links(outcome.detail))
        except StoreError:  # of ``begin``: nothing was tried
            raise
        except Exception as error:  # noqa: BLE001 - one row must not stop the others
            # Only the kind: an error's text might repeat what was sent where.
            detail = f"it could not be written ({type(error).__name__})"
            return SendOutcome(OutcomeKind.RETRY, detail, taken=row.taken)

    async def _send(self, row: Notification, target: Sender, way: Way, link: str) -> SendOutcome:
        rendered, files = await self._preparing.prepared(row, target, way, link)
        await self.begin()
        return await target.send(rendered, files, taken=row.taken)

    async def _again(self, row: Notification, began: Instant, outcome: SendOutcome) -> None:
        now, first_try = self.now(), _first_try(row, began)
        if now - first_try >= GIVE_UP:
            reason = f"given up after 24 h: {outcome.detail}"
            await self._dead(row, replace(outcome, detail=reason), given_up=True)
            return
        pause = int(max(backoff(row.tries, FIRST_PAUSE, LONGEST_PAUSE), outcome.retry_after or 0))
        # One last try at the end of the day, however long the service asks to wait.
        next_try = min(now + pause, max(first_try + GIVE_UP, now + FIRST_PAUSE))
        log.warning("not delivered", target=row.target, error=outcome.detail, id=row.id)

        def failed(store: Store) -> None:
            taken = outcome.taken
            store.outbox.failed(
                row.id, now, outcome.detail, next_try, first_try=first_try, taken=taken
            )

        await self._note(row, failed)

    async def _dead(self, row: Notification, outcome: SendOutcome, *, given_up: bool) -> None:
        now, reason = self.now(), outcome.detail

        def dead(store: Store) -> None:
            mark = store.outbox.give_up if given_up else store.outbox.dead
            mark(row.id, now, reason, taken=outcome.taken)
            log.warning("notification is dead", target=row.target, id=row.id, reason=reason)

        await self._mark(row, dead, lambda store: self.keeper.died(store, row, reason))

    async def _bury(self, row: Notification) -> None:
        """All that waits for a target that is no more, as a whole."""
        now, reason = self.now(), "the rule file no longer names this target"

        def bury(store: Store) -> None:
            count = store.outbox.bury(row.target, now, reason)
            log.warning("notifications are dead", target=row.target, count=count, reason=reason)

        await self._mark(row, bury, lambda store: self.keeper.died(store, row, reason))

    async def _mark(self, row: Notification, change: Change, hear: Change) -> None:
        """Write down what became of a try, whatever it takes: sending again would repeat it.

        Who is to ``hear`` of it does so in the same transaction. What can't be written for now is
        remembered, also over a new begin of the loop.
        """

        def marked(store: Store) -> None:
            change(store)
            try:
                hear(store)
            except StoreError:
                raise
            except Exception:
                # What became of the row is to be noted all the same.
                log.exception("nobody could be told what became of a notification")

        await self._note(row, marked)

    async def _note(self, row: Notification, change: Change) -> None:
        self._unmarked[row.id] = change
        task = asyncio.create_task(self._write(change))
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            # The stop does not wait for a full disk, but a write under way is let finish.
            await asyncio.wait([task], timeout=1)
            task.cancel()
            raise
        del self._unmarked[row.id]

    async def _write(self, change: Change) -> None:
        pause = 1.0
        while True:
            try:
                await self._marks.keep(change)
            except StoreError as error:
                log.error("can't note what was delivered", error=str(error), again_in=pause)  # noqa: TRY400
                await self.pause(asyncio.Event(), pause)
                pause = min(pause * 2, 60.0)
            else:
                return


def _first_try(row: Notification, began: Instant) -> Instant:
    """The begin of the day in which a row is tried, of which a try just failed. The time in which
    nobody tried, though it was due (the machine slept, the daemon was down, the clock was set
    forward), is no part of that day; nor is a time still to come."""
    if row.first_try is None:
        return began
    return min(row.first_try + max(began - row.next_try - LONGEST_PAUSE, 0), began)
