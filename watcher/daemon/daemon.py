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
from functools import partial

import structlog

from watcher import plan
from watcher.daemon.clock import Clock
from watcher.daemon.connections import client_of, targets_of, ways_of
from watcher.daemon.maintenance import Disk, upkeep, watch_disk
from watcher.daemon.scheduling.budget import CHECKPOINT
from watcher.daemon.scheduling.scanner import Scanner
from watcher.daemon.scheduling.timers import Timers
from watcher.daemon.supervision.direct_alert import DirectAlert
from watcher.daemon.supervision.forgetting import forget_others
from watcher.daemon.supervision.health import DaemonHealth
from watcher.daemon.supervision.heartbeat import Heartbeat, Rounds
from watcher.daemon.supervision.liveness import WATCH, Limits, Liveness
from watcher.daemon.supervision.memory import Returns
from watcher.daemon.supervision.signals import Stop
from watcher.daemon.supervision.supervisor import StoodStill, Supervisor
from watcher.daemon.supervision.systemd import Systemd
from watcher.delivery.courier import Courier
from watcher.errors import RulesError, StoreError, WatcherError
from watcher.incident import About, Incident, IncidentKind
from watcher.incidents.delivery_hooks import Post
from watcher.incidents.failing import note_clock, note_credits
from watcher.incidents.operator import Operator
from watcher.model import Instant, ScanState
from watcher.notification.flush_deferred import sweep
from watcher.notification.policy import policies_of
from watcher.rules.rulebook import Keep, Rulebook, Watch
from watcher.source.client import Client
from watcher.store.engine import Writer
from watcher.store.ports import Store
from watcher.units import HOUR, MINUTE

WORKERS = 2
DRAIN_SECONDS = 10.0
SCAN_GRACE_SECONDS = 35.0  # a running page has at most 30
CLOCK_CHECK_SECONDS = 5.0
CLOCK_JUMP_SECONDS = 5.0
TICK_SECONDS = 10.0
LATE_SECONDS = HOUR
SHORTEST_SWEEP_SECONDS = 0.1  # of real time: the clock may run fast
LOST_LOOKS = 12  # of the clock's part at a watch without an alarm, before it gets one
BROKEN_SECONDS = 15 * MINUTE  # before a watch is scanned again whose scan raised
RULE_FILE = Incident(IncidentKind.RULE_FILE)

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
    systemd: Systemd = field(default_factory=Systemd)
    disk: Disk | None = None
    limits: Limits = field(default_factory=Limits)
    liveness: Liveness = field(default_factory=Liveness)

    def __post_init__(self) -> None:
        self.timers = Timers(self.clock)
        self.heartbeat = Heartbeat()
        self._rounds = Rounds()
        self._silent: dict[str, int] = {}  # looks at each watch that has no alarm
        self._queue: asyncio.PriorityQueue[Job] = asyncio.PriorityQueue()
        self._queued = itertools.count()
        self._busy: set[str] = set()  # keys of watches that are queued or running
        self._stop = Stop(self.stopping)
        self.supervisor = Supervisor(self._task_died, may_end=self.stopping.is_set)
        self._scanning = Supervisor(self._task_died, may_end=self.stopping.is_set)
        self._resources = AsyncExitStack()
        self._reloading = asyncio.Lock()
        self._reloads: set[asyncio.Task[bool]] = set()
        self._soon: asyncio.Task[None] | None = None  # the reload that a signal asked for
        self._returns = Returns(self.writer)
        self._again = False  # whether another signal came since it began
        self._offset = self.clock.offset()  # of the clock when the timers were armed
        self._client = client_of(self.book)
        self.scanner = Scanner(self.book, self._client, self.writer, self.clock, stop=self._stop)
        self.courier = Courier(
            self.writer,
            targets_of(self.book),
            now=self.clock.now,
            ways=ways_of(self.book),
            keeper=Post(lambda: self.scanner.book, self.clock.now),
            on_turn=lambda: self.beat("delivery"),
        )
        self.health = DaemonHealth(
            self.liveness,
            self.timers,
            (self.supervisor, self._scanning),
            self.writer,
            self.clock,
            DirectAlert(lambda: self.scanner.policies, lambda: self.courier.targets),
            lambda: self.scanner.unstored,
            self.limits.patience,
        )

    async def run(self, ready: Callable[[], None] | None = None) -> None:
        """Work until ``stopping`` is set, then stop in order."""
        async with self._resources:
            await self._start()
            if ready is not None:
                ready()
            await self.stopping.wait()
            await self._end()

    async def _start(self) -> None:
        await self._client.open()
        self._resources.push_async_callback(self._close_client)
        await self.writer.run(lambda database: database.ledger.settle_all(CHECKPOINT))
        await self.writer.run(self._begin_anew)
        self.timers.start()
        self._tick()
        self._start_parts()
        await self._arm_all()

    def _start_parts(self) -> None:
        start = self.supervisor.start
        start(WATCH, self.health.look_after)
        start("clock", self._watch_clock)
        start("upkeep", lambda: upkeep(self.writer, self._keep, self.clock, self.liveness))
        start("sweep", self._sweep)
        start("delivery", lambda: self.courier.run(self._stop))
        if (disk := self.disk) is not None:
            start("disk", lambda: watch_disk(disk, self._trouble, self._end_trouble, self.liveness))
        if self.systemd.watchdog is not None:
            start("watchdog", lambda: self.systemd.feed(self.ill))
        for name in (f"scanning {number + 1}" for number in range(WORKERS)):
            self._scanning.start(name, partial(self._work, name))

    def _keep(self) -> Keep:
        return self.book.keep

    def beat(self, part: str, kind: str | None = None) -> None:
        """The part (of that kind, where it is one of several) moved."""
        self.liveness.beat(part, self.limits.silence[kind or part])

    def _tick(self) -> None:
        """Have the scheduler itself be heard of."""
        self.beat("timers")
        self.timers.tick("timers", TICK_SECONDS, partial(self.beat, "timers"))

    async def _close_client(self) -> None:
        """That which is in force at the end; an older one ended with the last scan through it."""
        await self._client.close()

    async def _end(self) -> None:
        log.info("stopping")
        self.systemd.stopping()
        self.timers.stop()
        for _ in range(WORKERS):
            self._queue.put_nowait(Job(_STOP, next(self._queued)))
        await self._scanning.finish(SCAN_GRACE_SECONDS)
        self._returns.stop()
        try:
            await self.courier.drain(DRAIN_SECONDS)
        except StoreError as error:
            log.error("what waits is sent at the next start", error=str(error))  # noqa: TRY400
        await self.heartbeat.finish()
        await self.supervisor.stop()
        for reload in self._reloads:
            reload.cancel()
        await asyncio.gather(*self._reloads, return_exceptions=True)

    # -- scanning ---------------------------------------------------------------------------

    def enqueue(self, key: str, at: Instant) -> None:
        """Put a watch on the queue, unless it is there already or being scanned."""
        if key not in self._busy and not self.stopping.is_set():
            self._busy.add(key)
            watch = self._watches().get(key)
            priority = self.book.priority(watch) if watch is not None else 0
            self._queue.put_nowait(Job(-priority, next(self._queued), key, at))

    async def _work(self, part: str) -> None:
        while True:
            self.liveness.rest(part)
            job = await self._queue.get()
            if job.order == _STOP:
                return
            good = False
            try:
                good = await self._scan(job.key, job.at, partial(self.beat, part, "scan"))
            finally:
                self._busy.discard(job.key)
                over = self._end_of_scan(job.key, good=good)  # first: it may be queued meanwhile
                await self._arm(job.key)
            if over:
                await self._returns.round_is_over()

    def _end_of_scan(self, key: str, *, good: bool) -> bool:
        """Tell the heartbeat of a good round of scans; whether one is over."""
        round_was_good = self._rounds.ended(key, self._busy, good=good)
        if round_was_good and not self.stopping.is_set():
            self.heartbeat.beat(self.book.heartbeat)
        return round_was_good is not None

    async def _scan(self, key: str, at: Instant, moved: Callable[[], None]) -> bool:
        """Whether the watch was read whole, or is no more."""
        moved()
        watch = self._watches().get(key)
        if watch is None or self.stopping.is_set():  # removed by a reload while it waited
            return True
        incident = Incident(IncidentKind.BREAKS, About.WATCH, watch.name)
        try:
            outcome = await self.scanner.scan(watch, at, moved=moved)
        except StoreError as error:
            # The health check tells of it, once. The next try buys nothing before it can write.
            log.error("a scan failed for the database", watch=watch.name, error=str(error))  # noqa: TRY400
            self.scanner.postpone(watch, self.clock.now() + MINUTE)
            return False
        except Exception as error:
            # Not the worker's death: its credits are spent, and what broke now would break again.
            log.exception("a scan broke", watch=watch.name)
            self.scanner.postpone(watch, self.clock.now() + BROKEN_SECONDS)
            await self._trouble(incident.with_details(**_why(error)))
            return False
        if outcome is None:
            return False
        await self._end_trouble(incident)
        self.courier.wake()
        return outcome.scan.state is ScanState.COMPLETE

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
        except StoreError as error:
            log.error("can't read when a watch is due", watch=watch.name, error=str(error))  # noqa: TRY400
            due = now + MINUTE
        except Exception:
            log.exception("can't tell when a watch is due", watch=watch.name)
            due = now + BROKEN_SECONDS
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
            self.beat("sweep")
            now = self.clock.now()
            written = await self.writer.run(self._sweep_once)
            if written:
                self.courier.wake()
            wait = self.clock.seconds_until(now - now % MINUTE + MINUTE)
            await asyncio.sleep(min(max(wait, SHORTEST_SWEEP_SECONDS), MINUTE))

    def _sweep_once(self, database: Store) -> bool:
        """Whether something was written to be told."""
        now = self.clock.now()  # that of its turn: it may have waited for the store
        operator = self.scanner.operator(database, now)
        noted = note_clock(operator)
        # That a day or month of credits is over is seen without a scan.
        note_credits(operator, self.book.api)
        return bool(sweep(database, self.book, policies_of(self.book.channels), now)) or noted

    # -- reload -----------------------------------------------------------------------------

    def reload_soon(self) -> None:
        """Read the rule files anew as soon as the loop gets to it (for a signal)."""
        if self._soon is None or self._soon.done():
            self._soon = asyncio.create_task(self._reload_safely(), name="reload")
        else:
            self._again = True  # a storm of signals is one reload more

    async def _reload_safely(self) -> None:
        self._again = True
        while self._again and not self.stopping.is_set():
            self._again = False
            try:
                await self.reload()
            except Exception:
                log.exception("the reload broke; the old rules stay")

    async def reload(self) -> bool:
        """Read the rule files and swap them in whole; on an error keep the old ones.

        What has begun is done to its end, even if the one who awaits it is cancelled: half of it
        would leave the scans with other rules than the timers.
        """
        if self.stopping.is_set():
            return False
        doing = asyncio.create_task(self._reload_in_turn(), name="reload")
        self._reloads.add(doing)
        doing.add_done_callback(self._reloads.discard)
        return await asyncio.shield(doing)

    async def _reload_in_turn(self) -> bool:
        async with self._reloading:
            self.systemd.reloading()
            try:
                return await self._reload()
            finally:
                self.systemd.ready(self.status)

    async def _reload(self) -> bool:
        try:
            book = await asyncio.to_thread(self.load)
            targets = await asyncio.to_thread(targets_of, book)
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
        self.courier.update(targets, ways_of(book))
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
        await self._trouble(RULE_FILE.with_details(error=str(error)))

    def _swap(self, database: Store, book: Rulebook, client: Client | None) -> None:
        """On the store's thread, so that no scan commits half by old and half by new rules."""
        with database.atomic():
            self._adopt(database, book)
            policies = [policies_of(book.channels)[name] for name in book.operator]
            Operator(database, policies, self.clock.now()).end(RULE_FILE)
        self.scanner.swap(book, client)
        self.scanner.doubt(database)

    def _begin_anew(self, database: Store) -> None:
        """The rules were read and every part begins: what an earlier run told of them is over."""
        with database.atomic():
            self._note_clock(database, thorough=True)
            self._adopt(database, self.book)
            self.scanner.doubt(database)
            for each in database.health.incidents():
                if each.kind is RULE_FILE.kind or each.about is About.PART:
                    self.scanner.operator(database, self.clock.now()).end(each)

    def _note_clock(self, database: Store, *, thorough: bool = False) -> None:
        note_clock(self.scanner.operator(database, self.clock.now()), thorough=thorough)

    def _adopt(self, database: Store, book: Rulebook) -> None:
        now = self.clock.now()
        with database.atomic():
            database.rules.sync(book.marks, now)
            forget_others(database, book, now)

    # -- health -----------------------------------------------------------------------------

    @property
    def status(self) -> str:
        """One line for the service manager."""
        return f"{len(self.book.rules)} rules on {len(self.book.used_watches)} lists"

    async def ill(self) -> str | None:
        """Why the daemon is not healthy; None while every part moves and the disk takes writes."""
        return await self.health.ill()

    async def _trouble(self, incident: Incident) -> None:
        now = self.clock.now()
        await self.writer.run(lambda database: self.scanner.operator(database, now).begin(incident))
        self.courier.wake()

    async def _end_trouble(self, incident: Incident) -> None:
        now = self.clock.now()
        ended = await self.writer.run(
            lambda database: self.scanner.operator(database, now).end(incident)
        )
        if ended:
            self.courier.wake()

    async def _task_died(self, name: str, error: BaseException | None) -> None:
        incident = Incident(IncidentKind.TASK, About.PART, name)
        if error is None:
            await self._end_trouble(incident)
        elif not isinstance(
            error, StoreError
        ):  # of the database the health check tells, once for all
            await self._trouble(incident.with_details(**_why(error)))

    async def _watch_clock(self) -> None:
        """Where the clock is set forward or back, every timer is armed anew.

        On the loop's own time: a timer of the scheduler would stand still with the clock.
        """
        while True:
            self.beat("clock")
            await asyncio.sleep(CLOCK_CHECK_SECONDS)
            self._forgive()
            offset = self.clock.offset()
            if abs(offset - self._offset) > CLOCK_JUMP_SECONDS:
                log.warning("the clock jumped", seconds=round(offset - self._offset))
                self._tick()
                self.scanner.clock_was_set()
                await self.writer.run(self._note_clock)
                self.courier.wake()
                await self._arm_all()
                self._offset = offset  # at the end: what failed is done again
            await self._find_lost()

    def _forgive(self) -> None:
        """While the source has everybody wait, no scan is late: behind others that are told to wait
        again and again, one may not have its turn for hours."""
        if self._client.waits() > CLOCK_CHECK_SECONDS:
            for part in self._scanning.names:
                self.liveness.renew(part, self.limits.silence["scan"])

    async def _find_lost(self) -> None:
        """Arm each watch that nobody will scan: whatever went wrong between its scan and its next
        alarm, it is read again. One that was just scanned, or is new, has none for a moment."""
        silent = [key for key in self._watches() if key not in self._busy and not self._rings(key)]
        self._silent = {key: self._silent.get(key, 0) + 1 for key in silent}
        for key, looks in self._silent.items():
            if looks > LOST_LOOKS:
                log.warning("a watch had no alarm", watch=key)
                await self._arm(key)

    def _rings(self, key: str) -> bool:
        due = self.timers.due(key)
        return due is not None and self.clock.seconds_until(due) > 0


def _why(error: BaseException) -> dict[str, str]:
    """Details for the operator. An error of no kind of ours may hold anything, a secret too: the
    log, which hides those, has its text."""
    known = isinstance(error, WatcherError | StoodStill)
    return {"error": str(error)} if known else {"type": type(error).__name__}


def _watches_of(book: Rulebook) -> dict[str, Watch]:
    """The watches that some rule reads, by key."""
    return {watch.key: watch for watch in book.used_watches}
