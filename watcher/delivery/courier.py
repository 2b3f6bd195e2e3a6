"""The delivery loop: each target's queue in order, one message at a time, at its own pace.

The loop and the evaluation meet only in the outbox: rows wait there until a service took
them. A row is marked after the service answered, so a crash in between repeats a message and
never loses one. ``turn`` starts what is due now; ``run`` turns whenever something is due, was
added (``wake``), or the poll period is over (another process may have put a row back).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, tzinfo
from typing import Protocol, TypeVar

import structlog

from watcher.delivery.message import Rendered, Style, render
from watcher.delivery.target import Kind, Outcome
from watcher.errors import StoreError
from watcher.model import Instant, Notification
from watcher.units import DAY, HOUR

FIRST_PAUSE = 10
LONGEST_PAUSE = HOUR
GIVE_UP = DAY
POLL = 5.0

log = structlog.get_logger("watcher.delivery")
T = TypeVar("T")


class Queue(Protocol):
    """What the courier asks of the store's outbox."""

    def next_for(self, target: str) -> Notification | None: ...

    def due_targets(self) -> Iterable[tuple[str, Instant, int]]: ...

    def sent(self, notification: int, now: Instant, detail: str, /) -> object: ...

    def failed(
        self, notification: int, now: Instant, error: str, next_try: Instant, /
    ) -> object: ...

    def postpone(self, notification: int, next_try: Instant, /) -> object: ...

    def dead(self, notification: int, now: Instant, error: str, /) -> object: ...


class Storage(Protocol):
    """A database with an outbox."""

    @property
    def outbox(self) -> Queue: ...


class StoreThread(Protocol):
    """Runs a function where the database lives, as one transaction."""

    async def run(self, work: Callable[[Storage], T], /) -> T: ...


class Sender(Protocol):
    """One target; ``watcher.delivery.target.Target`` is the real one."""

    @property
    def style(self) -> Style: ...

    @property
    def limit(self) -> int: ...

    async def send(self, rendered: Rendered, /) -> Outcome: ...


class Quiet(Protocol):
    """A channel's quiet hours: when those that ``now`` lies in end, None outside of them."""

    def until(self, now: Instant, /) -> Instant | None: ...


Dead = Callable[[Notification, str], Awaitable[None]]
Sent = Callable[[Notification], Awaitable[None]]
Pause = Callable[[asyncio.Event, float], Awaitable[None]]


async def pause_until(event: asyncio.Event, seconds: float) -> None:
    """Wait for the event, at most ``seconds``."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass


async def _nobody_told(notification: Notification, reason: str) -> None:
    log.warning("notification is dead", id=notification.id, reason=reason)


async def _nobody_asked(_notification: Notification) -> None:
    """Nobody wants to hear of what was sent."""


class Courier:
    """Sends what waits in the outbox to ``targets`` (by name); times are told in ``zones``.

    ``zones`` and ``quiet`` hours are by channel, UTC and none where it has none. ``on_dead`` is
    awaited after a row was given up, with the reason, ``on_sent`` after one was marked sent;
    ``on_turn`` is called at each turn of the loop, so that its standing still is noticed.
    """

    def __init__(  # noqa: PLR0913 - the daemon hands in every outside thing
        self,
        store: StoreThread,
        targets: Mapping[str, Sender],
        *,
        now: Callable[[], Instant],
        zones: Mapping[str, tzinfo] | None = None,
        quiet: Mapping[str, Quiet] | None = None,
        on_dead: Dead = _nobody_told,
        on_sent: Sent = _nobody_asked,
        on_turn: Callable[[], None] = lambda: None,
        pause: Pause = pause_until,
    ) -> None:
        self._store = store
        self._targets = dict(targets)
        self._zones = dict(zones or {})
        self._quiet = dict(quiet or {})
        self._now = now
        self._on_dead = on_dead
        self._on_sent = on_sent
        self._on_turn = on_turn
        self._pause = pause
        self._wake = asyncio.Event()
        self._serving: dict[str, asyncio.Task[int]] = {}
        self._stopping = False

    @property
    def targets(self) -> Mapping[str, Sender]:
        """Those in use, by name."""
        return self._targets

    def wake(self) -> None:
        """Look at the outbox now: there are new rows. To be called on the loop's thread."""
        self._wake.set()

    def update(
        self,
        targets: Mapping[str, Sender],
        zones: Mapping[str, tzinfo] | None = None,
        quiet: Mapping[str, Quiet] | None = None,
    ) -> None:
        """Swap the targets after a reload; a try under way ends with the one that it began with."""
        self._targets = dict(targets)
        self._zones = dict(zones or {})
        self._quiet = dict(quiet or {})
        self.wake()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until ``stop``; tries that are under way then are left to ``drain``."""
        stopped = asyncio.create_task(self._wake_at(stop))
        try:
            while not stop.is_set():
                self._wake.clear()
                await self._pause(self._wake, await self.turn())
        finally:
            stopped.cancel()

    async def turn(self) -> float:
        """Start on every target whose first waiting row is due; seconds until the next turn.

        Raises what a target's queue broke on (the store failed): the loop is then to be begun
        anew by its guard.
        """
        self._on_turn()
        now = self._now()
        self._reap()
        soonest = POLL
        for name, next_try, _count in await self._store.run(_waiting):
            if name in self._serving:
                continue
            if next_try > now and name in self._targets:
                soonest = min(soonest, float(next_try - now))
                continue
            self._serving[name] = task = asyncio.create_task(
                self._serve(name), name=f"deliver-{name}"
            )
            task.add_done_callback(self._served)
        return soonest

    async def idle(self) -> None:
        """Wait until no try is under way; raises what a queue broke on."""
        while self._serving:
            await asyncio.wait(self._serving.values())
            self._reap()

    async def drain(self, seconds: float) -> None:
        """At the stop: send what is due for at most ``seconds``, then leave the rest waiting."""
        try:
            async with asyncio.timeout(seconds):
                await self.turn()
                await self.idle()
        except TimeoutError:
            log.info("not all messages were sent at the stop; the rest goes out at the next start")
        finally:
            await self._abort()

    async def _abort(self) -> None:
        self._stopping = True
        serving = list(self._serving.values())
        self._serving.clear()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self.wake()

    def _reap(self) -> None:
        done = [name for name, task in self._serving.items() if task.done()]
        finished = [self._serving.pop(name) for name in done]
        for task in finished:
            task.result()

    def _served(self, task: asyncio.Task[int]) -> None:
        # Not after a look that found nothing due: that would have the loop spin.
        if task.cancelled() or task.exception() is not None or task.result():
            self.wake()

    async def _serve(self, name: str) -> int:
        """Try the rows of one target in order until none is due; how many were tried."""
        tried = 0
        while not self._stopping:
            row = await self._store.run(lambda storage: storage.outbox.next_for(name))
            if row is None:
                break
            target = self._targets.get(name)
            if target is None:
                await self._bury(row, "the rule file no longer names this target")
            elif row.next_try > self._now() or await self._is_quiet(row):
                break
            else:
                await self._deliver(row, target)
            tried += 1
        return tried

    async def _is_quiet(self, row: Notification) -> bool:
        """Whether its channel has quiet hours now; then the row waits for their end."""
        hours = self._quiet.get(row.channel)
        until = hours.until(self._now()) if hours is not None else None
        if until is not None:
            await self._mark(lambda queue: queue.postpone(row.id, until))
        return until is not None

    async def _deliver(self, row: Notification, target: Sender) -> None:
        began = self._now()
        outcome = await self._try(row, target)
        now = self._now()
        match outcome.kind:
            case Kind.SENT:
                await self._mark(lambda queue: queue.sent(row.id, now, outcome.detail))
                await self._on_sent(row)
            case Kind.DEAD:
                await self._bury(row, outcome.detail)
            case Kind.RETRY:
                await self._again(row, row.first_try or began, now, outcome)

    async def _try(self, row: Notification, target: Sender) -> Outcome:
        try:
            zone = self._zones.get(row.channel, UTC)
            return await target.send(render(row.message, target.style, zone, target.limit))
        except Exception as error:  # noqa: BLE001 - one row must not stop the others
            # Only the kind: an error's text might repeat what was sent where.
            return Outcome(Kind.RETRY, f"it could not be written ({type(error).__name__})")

    async def _again(
        self, row: Notification, first_try: Instant, now: Instant, outcome: Outcome
    ) -> None:
        if now - first_try >= GIVE_UP:
            await self._bury(row, f"given up after 24 h: {outcome.detail}")
            return
        pause = max(backoff(row.tries), int(outcome.retry_after or 0))
        # One last try at the end of the day, however long the service asks to wait.
        next_try = min(now + pause, max(first_try + GIVE_UP, now + FIRST_PAUSE))
        log.warning("not delivered", target=row.target, error=outcome.detail, id=row.id)
        await self._mark(lambda queue: queue.failed(row.id, now, outcome.detail, next_try))

    async def _bury(self, row: Notification, reason: str) -> None:
        now = self._now()
        await self._mark(lambda queue: queue.dead(row.id, now, reason))
        await self._on_dead(row, reason)

    async def _mark(self, change: Callable[[Queue], object]) -> None:
        """Write down what became of a try, whatever it takes: sending again would repeat it."""
        task = asyncio.create_task(self._write(change))
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            # The stop does not wait for a full disk, but a write under way is let finish.
            await asyncio.wait([task], timeout=1)
            task.cancel()
            raise

    async def _write(self, change: Callable[[Queue], object]) -> None:
        pause = 1.0
        while True:
            try:
                await self._store.run(lambda storage: change(storage.outbox))
            except StoreError as error:
                log.error("can't note what was delivered", error=str(error), again_in=pause)  # noqa: TRY400
                await self._pause(asyncio.Event(), pause)
                pause = min(pause * 2, 60.0)
            else:
                return


def backoff(tries: int) -> int:
    """Seconds to wait after a failure that ``tries`` failures went before: 10, 20 ... 3600."""
    return int(min(FIRST_PAUSE * 2 ** min(tries, 12), LONGEST_PAUSE))


def _waiting(storage: Storage) -> list[tuple[str, Instant, int]]:
    return list(storage.outbox.due_targets())
