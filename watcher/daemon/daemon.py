"""The daemon: puts timers, workers, delivery, reload and signals together.

A timer puts its watch on the queue; a worker scans it and commits; the commit's notifications
wake the courier. All state is in the database: nothing here needs to survive a kill.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import structlog

from watcher import plan
from watcher.alerting import troubles
from watcher.alerting.audiences import audiences_of
from watcher.alerting.sweeping import sweep
from watcher.daemon.budget import CHECKPOINT
from watcher.daemon.clock import Clock
from watcher.daemon.connections import client_of, quiet_of, targets_of, zones_of
from watcher.daemon.guard import Guard
from watcher.daemon.scanner import Scanner
from watcher.daemon.timers import Timers
from watcher.delivery.courier import Courier
from watcher.errors import RulesError, StoreError, WatcherError
from watcher.keyapi.client import Client
from watcher.model import Instant, Notification
from watcher.rules.rulebook import Rulebook, Watch
from watcher.store.database import Database
from watcher.store.writer import Writer
from watcher.units import DAY, HOUR, MINUTE

WORKERS = 2
DRAIN_SECONDS = 10.0
SCAN_GRACE_SECONDS = 35.0  # a running page has at most 30
CLOCK_CHECK_SECONDS = 15.0
CLOCK_JUMP_SECONDS = 5.0
BEAT_SECONDS = 60
PROBE_SECONDS = 5
LATE_SECONDS = HOUR
SHORTEST_SWEEP_SECONDS = 0.1  # of real time: the clock may run fast
BROKEN_SECONDS = 15 * MINUTE  # before a watch is scanned again whose scan raised
RULE_FILE = "rule file"
DEAD_MESSAGE = "dead message "  # and the target

log = structlog.get_logger("watcher.daemon")


@dataclass(frozen=True, slots=True, order=True)
class Job:
    """A watch that waits to be scanned as of ``at``: by ``order``, the smallest first, and
    among equals in turn (``number``)."""

    order: float
    number: int
    key: str = ""
    at: Instant = 0


_STOP = math.inf  # the order of the job that ends a worker


@dataclass
class Daemon:
    """One database, one rulebook at a time. ``load`` reads the rule files anew."""

    book: Rulebook
    writer: Writer
    clock: Clock
    load: Callable[[], Rulebook]
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.timers = Timers(self.clock)
        self._queue: asyncio.PriorityQueue[Job] = asyncio.PriorityQueue()
        self._queued = itertools.count()
        self._busy: set[str] = set()  # keys of watches that are queued or running
        self.guard = Guard(self._task_died)
        self._scanning = Guard(self._task_died)
        self._resources = AsyncExitStack()
        self._reloading = asyncio.Lock()
        self._deaf: set[str] = set()  # targets of which a dead message was told
        self._client = client_of(self.book)
        self.scanner = Scanner(self.book, self._client, self.writer, self.clock, stop=self.stopping)
        self.courier = Courier(
            self.writer,
            targets_of(self.book),
            now=self.clock.now,
            zones=zones_of(self.book),
            quiet=quiet_of(self.book),
            on_dead=self._dead,
            on_sent=self._sent,
        )

    async def run(self, ready: Callable[[], None] | None = None) -> None:
        """Work until ``stopping`` is set, then stop in order."""
        async with self._resources:
            await self._start()
            if ready is not None:
                ready()
            await self.stopping.wait()
            await self._stop()

    async def _start(self) -> None:
        await self._client.open()
        self._resources.push_async_callback(self._close_client)
        await self.writer.run(lambda database: database.ledger.settle_all(CHECKPOINT))
        await self.writer.run(lambda database: self._adopt(database, self.book))
        causes = await self.writer.run(lambda database: database.health.causes())
        self._deaf = {
            each.cause.removeprefix(DEAD_MESSAGE)
            for each in causes
            if each.cause.startswith(DEAD_MESSAGE)
        }
        self.timers.start()
        self.guard.start("clock", self._watch_clock)
        self.guard.start("upkeep", self._upkeep)
        self.guard.start("sweep", self._sweep)
        self.guard.start("delivery", lambda: self.courier.run(self.stopping))
        for number in range(WORKERS):
            self._scanning.start(f"scanning {number + 1}", self._work)
        await self._arm_all()

    async def _close_client(self) -> None:
        """That which is in force at the end; an older one ended with the last scan through it."""
        await self._client.close()

    async def _stop(self) -> None:
        log.info("stopping")
        self.timers.stop()
        for _ in range(WORKERS):
            self._queue.put_nowait(Job(_STOP, next(self._queued)))
        await self._scanning.finish(SCAN_GRACE_SECONDS)
        await self.courier.drain(DRAIN_SECONDS)
        await self.guard.stop()

    # -- scanning ---------------------------------------------------------------------------

    def enqueue(self, key: str, at: Instant) -> None:
        """Put a watch on the queue, unless it is there already or being scanned."""
        if key not in self._busy and not self.stopping.is_set():
            self._busy.add(key)
            watch = self._watches().get(key)
            priority = self.book.priority(watch) if watch is not None else 0
            self._queue.put_nowait(Job(-priority, next(self._queued), key, at))

    async def _work(self) -> None:
        while (job := await self._queue.get()).order != _STOP:
            try:
                await self._scan(job.key, job.at)
            finally:
                self._busy.discard(job.key)
                await self._arm(job.key)

    async def _scan(self, key: str, at: Instant) -> None:
        watch = self._watches().get(key)
        if watch is None or self.stopping.is_set():  # removed by a reload while it waited
            return
        cause = troubles.watch_cause(watch.name, "breaks")
        try:
            outcome = await self.scanner.scan(watch, at)
        except Exception as error:
            # Not the worker's death: its credits are spent, and what broke now would break again.
            log.exception("a scan broke", watch=watch.name)
            self.scanner.postpone(watch, self.clock.now() + BROKEN_SECONDS)
            await self._trouble(cause, f'the watch "{watch.name}" can\'t be scanned: {error!r}')
            return
        if outcome is None:
            return
        await self._end_trouble(cause)
        self.courier.wake()

    def _watches(self) -> dict[str, Watch]:
        return _watches_of(self.book)

    async def _arm_all(self) -> None:
        for key in self._watches():
            await self._arm(key)

    async def _arm(self, key: str) -> None:
        watch = self._watches().get(key)
        if watch is None:
            self.timers.disarm(key)
            return
        now = self.clock.now()
        try:
            scans = await self.writer.run(
                lambda database: database.history.scans(key, limit=plan.LOOK_BACK)
            )
            due = max(plan.due(watch.schedule, scans, now), self.scanner.not_before(watch))
        except StoreError:
            log.exception("can't read when a watch is due", watch=watch.name)
            due = now + MINUTE
        if not self.stopping.is_set():
            self.timers.arm(key, due, self._ring)

    def _ring(self, key: str, due: Instant) -> None:
        now = self.clock.now()
        watch = self._watches().get(key)
        # A scan on time stands for its own instant of the schedule: days stay days, whatever
        # the queue took. One that is late (the daemon was down) stands for now.
        on_time = now - due < LATE_SECONDS and watch is not None and watch.schedule.next(due) > now
        self.enqueue(key, due if on_time else now)

    async def _sweep(self) -> None:
        """Each minute of the clock, tell what a silence, quiet hours or a digest held."""
        while True:
            now = self.clock.now()
            written = await self.writer.run(
                lambda database, now=now: sweep(  # type: ignore[misc]
                    database, self.book, audiences_of(self.book.channels), now
                )
            )
            if written:
                self.courier.wake()
            wait = self.clock.seconds_until(now - now % MINUTE + MINUTE)
            await asyncio.sleep(min(max(wait, SHORTEST_SWEEP_SECONDS), MINUTE))

    # -- reload -----------------------------------------------------------------------------

    def reload_soon(self) -> None:
        """Read the rule files anew as soon as the loop gets to it (for a signal)."""
        self._soon = asyncio.create_task(self._reload_safely(), name="reload")

    async def _reload_safely(self) -> None:
        try:
            await self.reload()
        except Exception:
            log.exception("the reload broke; the old rules stay")

    async def reload(self) -> bool:
        """Read the rule files and swap them in whole; on an error keep the old ones."""
        async with self._reloading:
            try:
                book = await asyncio.to_thread(self.load)
                targets = targets_of(book)
                client = client_of(book) if book.api != self.book.api else None
            except WatcherError as error:
                await self._refuse(error)
                return False
            async with AsyncExitStack() as opened:
                if client is not None:
                    await opened.enter_async_context(client)
                await self.writer.run(lambda database: self._swap(database, book, client))
                opened.pop_all()  # it is in force now
            if client is not None:
                retired, self._client = self._client, client
                await retired.retire()  # a running scan may still read through it
            gone = set(self._watches()) - set(_watches_of(book))
            self.book = book
            self.courier.update(targets, zones_of(book), quiet_of(book))
            for key in gone:
                self.timers.disarm(key)
            await self._arm_all()
            log.info("rules reloaded", rules=len(book.rules), watches=len(self._watches()))
            return True

    async def _refuse(self, error: WatcherError) -> None:
        problems = error.problems if isinstance(error, RulesError) else ()
        for problem in problems:
            log.error("rule file refused", problem=str(problem))
        if not problems:
            log.error("rule file refused", problem=str(error))
        text = f"The rule file can't be used; the old rules stay in force.\n{error}"
        await self._trouble(RULE_FILE, text)

    def _swap(self, database: Database, book: Rulebook, client: Client | None) -> None:
        """On the store's thread, so that no scan commits half by old and half by new rules."""
        with database.atomic():
            self._adopt(database, book)
            operator = [audiences_of(book.channels)[name] for name in book.operator]
            troubles.end(database, operator, RULE_FILE, self.clock.now())
        self.scanner.swap(book, client)

    def _adopt(self, database: Database, book: Rulebook) -> None:
        now = self.clock.now()
        with database.atomic():
            database.alerts.sync_rules(book.marks, now)
            forget_others(database, book, now)

    # -- health -----------------------------------------------------------------------------

    async def ill(self) -> str | None:
        """Why the daemon is not healthy; None while every part moves and the disk takes writes."""
        if not self.timers.running:
            return "the timers stand still"
        ended = [*self.guard.ended, *self._scanning.ended]
        if ended:
            return f"the part {ended[0]} stands still"
        if -self.clock.seconds_until(self.courier.beat) > BEAT_SECONDS:
            return "delivery stands still"
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await self.writer.run(_touch)
        except TimeoutError:
            return f"the database has not taken a write for {PROBE_SECONDS} s"
        except WatcherError as error:
            return f"the database can't be written: {error}"
        return None

    async def _trouble(self, cause: str, text: str) -> None:
        now = self.clock.now()
        await self.writer.run(
            lambda database: troubles.begin(database, self.scanner.operator, cause, text, now)
        )
        self.courier.wake()

    async def _end_trouble(self, cause: str) -> None:
        now = self.clock.now()
        ended = await self.writer.run(
            lambda database: troubles.end(database, self.scanner.operator, cause, now)
        )
        if ended:
            self.courier.wake()

    async def _task_died(self, name: str, error: BaseException | None) -> None:
        cause = f"task {name}"
        if error is None:
            await self._end_trouble(cause)
        else:
            await self._trouble(cause, f"the task {name} died and is started anew: {error!r}")

    async def _dead(self, notification: Notification, reason: str) -> None:
        target, title = notification.target, notification.message.title
        self._deaf.add(target)
        text = f'the message "{title}" could not be delivered to {target}: {reason}'
        await self._trouble(f"{DEAD_MESSAGE}{target}", text)

    async def _sent(self, notification: Notification) -> None:
        """A target that takes messages again: its trouble is over."""
        if notification.target in self._deaf:
            self._deaf.discard(notification.target)
            await self._end_trouble(f"{DEAD_MESSAGE}{notification.target}")

    async def _watch_clock(self) -> None:
        """Where the clock is set forward or back, every timer is armed anew.

        On the loop's own time: a timer of the scheduler would stand still with the clock.
        """
        known = self.clock.offset()
        while True:
            await asyncio.sleep(CLOCK_CHECK_SECONDS)
            offset = self.clock.offset()
            if abs(offset - known) > CLOCK_JUMP_SECONDS:
                log.warning("the clock jumped", seconds=round(offset - known))
                known = offset
                await self._arm_all()

    async def _upkeep(self) -> None:
        """Prune what is older than ``keep:``, at the start and once a day."""
        while True:
            keep, now = self.book.keep, self.clock.now()
            more = True
            while more:
                more = await self.writer.run(
                    lambda database, keep=keep, now=now: database.upkeep.prune(  # type: ignore[misc]
                        now - keep.observations, now - keep.notifications
                    )
                )
            await asyncio.sleep(DAY)


def _watches_of(book: Rulebook) -> dict[str, Watch]:
    """The watches that some rule reads, by key."""
    return {watch.key: watch for watch in book.used_watches}


def forget_others(database: Database, book: Rulebook, now: Instant) -> None:
    """Drop what is kept of watches, rules and channels that are no more."""
    database.held.keep_only(book.tellings)
    keys = {watch.key for watch in book.used_watches} | {rule.name for rule in book.rules}
    for health in database.health.list():
        if health.name not in keys:
            database.health.forget(health.kind, health.name)
    names = {watch.name for watch in book.used_watches}
    targets = {target for channel in book.channels.values() for target in channel.targets}
    for cause in database.health.causes():
        name = troubles.watch_of(cause.cause)
        dead = cause.cause.startswith(DEAD_MESSAGE)
        if (name is not None and name not in names) or (
            dead and cause.cause.removeprefix(DEAD_MESSAGE) not in targets
        ):
            database.health.clear_cause(cause.cause, now)


def _touch(database: Database) -> None:
    """Take the write lock and let it go: fails where nothing can be written."""
    with database.atomic():
        pass
