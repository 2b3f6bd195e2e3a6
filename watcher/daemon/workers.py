"""Workers: a timer puts its watch on the queue; a worker scans it and arms its next alarm."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import structlog

from watcher import plan
from watcher.daemon.core import Core
from watcher.daemon.heartbeat import Heartbeat
from watcher.daemon.scheduling.look_records import region_key
from watcher.daemon.supervision.memory import Returns
from watcher.daemon.supervision.supervisor import why
from watcher.data_days import LookResult
from watcher.errors import StoreAway, StoreError
from watcher.incident import About, Incident, IncidentKind
from watcher.model import Instant, ScanState
from watcher.pipeline import ScanOutcome
from watcher.region_plan import refresh_watches, regions_of
from watcher.rules.rulebook import Watch
from watcher.schedule import Refresh
from watcher.units import HOUR, MINUTE

WORKERS = 2
SCAN_GRACE_SECONDS = 35.0  # a running page has at most 30
LATE_SECONDS = HOUR
FORGIVEN_SECONDS = 5.0  # of a wait for the source: shorter ones make nobody late
LOST_LOOKS = 12  # at a watch without an alarm, before it gets one
AWAY_SECONDS = 5  # before a server is asked again that could not be reached
BROKEN_SECONDS = 15 * MINUTE  # before a watch is scanned again whose scan raised

log = structlog.get_logger("watcher.daemon")


@dataclass(slots=True)
class Rounds:
    """A round is over once each watch that is queued or running had its scan in it. Not once
    nothing is queued: where lists are long and read often, some watch always is."""

    _good: dict[str, bool] = field(default_factory=dict)  # by watch: was each of its scans good

    def ended(self, watch: str, busy: AbstractSet[str], *, good: bool) -> bool | None:
        """None, or whether all of the round was good that a scan ended; the watches of ``busy`` are
        queued or running."""
        self._good[watch] = good and self._good.get(watch, True)
        if not busy <= self._good.keys():
            return None
        all_good = all(self._good.values())
        self._good.clear()
        return all_good


@dataclass(frozen=True, slots=True, order=True)
class Job:
    """A watch that waits to be scanned as of ``at``: by ``order``, the smallest first, and
    among equals in turn (``number``)."""

    order: float
    number: int
    key: str = ""
    at: Instant = 0


_STOP = math.inf  # the order of the job that ends a worker


class Workers:
    """Scan what is due. Beside the commits nothing here needs to survive a kill."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.heartbeat = Heartbeat()
        self.supervisor = core.supervisor()
        self.queue: asyncio.PriorityQueue[Job] = asyncio.PriorityQueue()
        self.busy: set[str] = set()  # keys of watches that are queued or running
        core.scanner.rounds.busy = self.busy
        self._rounds = Rounds()
        self._regions: dict[str, str] = {}  # by the names of their jobs and alarms
        self._silent: dict[str, int] = {}  # looks at each watch that has no alarm
        self._queued = itertools.count()
        self._returns = Returns(core.writer)
        self._over = False

    def start(self) -> None:
        """Begin to scan what is queued."""
        for name in (f"scanning {number + 1}" for number in range(WORKERS)):
            self.supervisor.start(name, partial(self._work, name))

    async def finish(self) -> None:
        """Let the scans under way end, and begin no more."""
        for _ in range(WORKERS):
            self.queue.put_nowait(Job(_STOP, next(self._queued)))
        await self.supervisor.finish(SCAN_GRACE_SECONDS)
        self._returns.stop()

    async def abandon(self) -> None:
        """End the scans under way at once, whatever was read."""
        self._over = True
        self._returns.stop()
        await self.supervisor.stop()
        await self.heartbeat.finish()

    def enqueue(self, key: str, at: Instant) -> None:
        """Put a watch on the queue, unless it is there already or being scanned."""
        if key not in self.busy and not self.core.stopping.is_set():
            self.busy.add(key)
            self.queue.put_nowait(Job(self._order(key), next(self._queued), key, at))

    def _order(self, key: str) -> float:
        """A region's look comes first: it is one request, and tells what else is due."""
        if key in self._regions:
            return -math.inf
        watch = self.core.watches.get(key)
        return -self.core.book.priority(watch) if watch is not None else 0

    async def _work(self, part: str) -> None:
        while not self._over:  # also where a store's error took the place of a cancellation
            self.core.liveness.rest(part)
            job = await self.queue.get()
            if job.order == _STOP:
                return
            good = False
            try:
                good = await self._scan(job.key, job.at, partial(self.core.beat, part, "scan"))
            finally:
                self.busy.discard(job.key)
                self.core.scanner.rounds.ended(job.key)
                over = self.end_of_scan(job.key, good=good)  # first: it may be queued meanwhile
                await self.arm(job.key)
            await self.tell_round()
            if over:
                await self._returns.round_is_over()

    async def tell_round(self) -> None:
        """Tell what waited for a scan that came to nothing: one that did tells it itself."""
        scanner = self.core.scanner
        if not scanner.rounds.is_over(scanner.book, self.core.clock.now()):
            return
        with suppress(StoreError):  # else the minute's sweep does
            if await self.core.writer.run(scanner.sweep):
                self.core.courier.wake()

    def end_of_scan(self, key: str, *, good: bool) -> bool:
        """Tell the heartbeat of a good round of scans; whether one is over."""
        round_was_good = self._rounds.ended(key, self.busy, good=good)
        if round_was_good and not self.core.stopping.is_set():
            self.heartbeat.beat(self.core.book.heartbeat)
        return round_was_good is not None

    async def _scan(self, key: str, at: Instant, moved: Callable[[], None]) -> bool:
        """Scan the watch; whether it was read whole, or is no more."""
        moved()
        if key in self._regions:
            return await self._attend(self._regions[key], at, moved)
        watch = self.core.watches.get(key)
        if watch is None or self.core.stopping.is_set():  # removed by a reload while it waited
            return True
        outcome = await self._outcome(watch, at, moved)
        if outcome is None:
            return False
        await self.core.note(_breaks(watch), on=False)
        self.core.courier.wake()
        return outcome.scan.state is ScanState.COMPLETE

    async def _outcome(
        self, watch: Watch, at: Instant, moved: Callable[[], None]
    ) -> ScanOutcome | None:
        """Scan it; None where the scan was not begun, or broke: then it is put off."""
        try:
            await self.core.tenure.begin(moved)
            return await self.core.scanner.scan(watch, at, moved=moved)
        except StoreError as error:
            # The health check tells of it, once. The next try buys nothing before it can write.
            log.error("a scan failed for the database", watch=watch.name, error=str(error))  # noqa: TRY400
            self.core.scanner.postpone(watch, self.core.clock.now() + _until_again(error))
        except Exception as error:
            # Not the worker's death: its credits are spent, and what broke now would break again.
            log.exception("a scan broke", watch=watch.name)
            self.core.scanner.postpone(watch, self.core.clock.now() + BROKEN_SECONDS)
            await self.core.note(_breaks(watch).with_details(**why(error)), on=True)
        return None

    async def _attend(self, region: str, rang: Instant, moved: Callable[[], None]) -> bool:
        """Look whether the region's data is new, and queue what is due: the higher priority first.
        False where it could not be asked."""
        try:
            await self.core.tenure.begin(moved)
            plan = await self.core.looker.attend(region, moved, rang)
        except StoreError as error:
            log.error("can't look for new data", region=region, error=str(error))  # noqa: TRY400
            self._wait_for(region, _until_again(error))
            return False
        except Exception:
            log.exception("a look for new data broke", region=region)
            self._wait_for(region, BROKEN_SECONDS)
            return False
        now = self.core.clock.now()
        for key, due in plan.due.items():
            watch = self.core.watches.get(key)
            if watch is not None and max(due, self.core.scanner.not_before(watch)) <= now:
                self.enqueue(key, now)
        self.core.courier.wake()
        looks = plan.state.looks
        return not looks or looks[-1].result is not LookResult.FAILED

    def _wait_for(self, region: str, seconds: int) -> None:
        self.core.scanner.skipped[region_key(region)] = self.core.clock.now() + seconds

    async def _arm_region(self, region: str) -> None:
        """Set the alarm of the region's next look or scan."""
        key, now = region_key(region), self.core.clock.now()
        watches = {watch.key: watch for watch in refresh_watches(self.core.book, region)}
        if not watches:
            self.core.timers.disarm(key)
            return
        self._regions[key] = region
        put_off = self.core.scanner.skipped.get(key, 0)
        try:
            plan = await self.core.writer.run(lambda db: self.core.looker.note_plan(db, region))
        except StoreError as error:
            log.error("can't read when a region is due", region=region, error=str(error))  # noqa: TRY400
            moments = [now + _until_again(error)]
        except Exception:
            log.exception("can't tell when a region is due", region=region)
            moments = [now + BROKEN_SECONDS]
        else:
            moments = [
                max(due, self.core.scanner.not_before(watches[key]))
                for key, due in plan.due.items()
                if key in watches and key not in self.busy
            ]
            moments += filter(None, (self.core.looker.opens(plan), plan.wakes(now)))
        moment = max(min(moments, default=now + HOUR), put_off if put_off > now else 0)
        if not self.core.stopping.is_set():
            self.core.timers.arm(key, moment, self.ring_region)

    def ring_region(self, key: str, due: Instant) -> None:
        """Queue the look of a region whose alarm was set to ``due``."""
        self.enqueue(key, due)

    async def arm_all(self) -> None:
        """Arm every watch."""
        for region in regions_of(self.core.book):
            await self._arm_region(region)
        # What is due together rings together: all are asked for before the first is armed.
        watches = dict(self.core.watches)
        timed = [each for each in watches.values() if not isinstance(each.schedule, Refresh)]
        moments = {watch.key: await self._due(watch) for watch in timed}
        for key in watches.keys() - moments.keys():
            self.core.timers.disarm(key)  # of an interval that it had before
        for key, due in moments.items():
            if not self.core.stopping.is_set():
                self.core.timers.arm(key, due, self.ring)

    async def arm(self, key: str) -> None:
        """Set the alarm of the watch's next scan; of one that is read with the refresh, and of a
        region, that of the region."""
        watch = self.core.watches.get(key)
        if watch is not None and isinstance(watch.schedule, Refresh):
            await self._arm_region(watch.schedule.region)
            return
        if key in self._regions:
            await self._arm_region(self._regions[key])
            return
        if watch is None:
            self.core.timers.disarm(key)
            return
        due = await self._due(watch)
        if not self.core.stopping.is_set():
            self.core.timers.arm(key, due, self.ring)

    async def _due(self, watch: Watch) -> Instant:
        now = self.core.clock.now()
        try:
            scans = await self.core.writer.run(
                lambda database: database.history.scans(watch.key, limit=plan.LOOK_BACK)
            )
            return max(plan.due(watch.schedule, scans, now), self.core.scanner.not_before(watch))
        except StoreError as error:
            log.error("can't read when a watch is due", watch=watch.name, error=str(error))  # noqa: TRY400
            return now + _until_again(error)
        except Exception:
            log.exception("can't tell when a watch is due", watch=watch.name)
            return now + BROKEN_SECONDS

    def ring(self, key: str, due: Instant) -> None:
        """Queue a watch whose alarm was set to ``due``."""
        now = self.core.clock.now()
        watch = self.core.watches.get(key)
        # A scan on time stands for its own instant of the schedule: days stay days, whatever
        # the queue took. One that is late (the daemon was down) stands for now.
        on_time = now - due < LATE_SECONDS and watch is not None and watch.schedule.next(due) > now
        self.enqueue(key, due if on_time else now)

    def forgive(self) -> None:
        """While the source has everybody wait, no scan is late: behind others that are told to wait
        again and again, one may not have its turn for hours."""
        if self.core.client.waits() > FORGIVEN_SECONDS:
            for part in self.supervisor.names:
                self.core.liveness.renew(part, self.core.limits.silence["scan"])

    async def find_lost(self) -> None:
        """Arm each watch that nobody will scan: whatever went wrong between its scan and its next
        alarm, it is read again. One that was just scanned, or is new, has none for a moment."""
        watches = self.core.watches.items()
        alarms = {key: _alarm_of(watch) for key, watch in watches if key not in self.busy}
        silent = (
            key
            for key, alarm in alarms.items()
            if not self.core.timers.rings(alarm) and alarm not in self.busy
        )
        self._silent = {key: self._silent.get(key, 0) + 1 for key in silent}
        for key, looks in self._silent.items():
            if looks > LOST_LOOKS:
                log.warning("a watch had no alarm", watch=key)
                await self.arm(key)


def _alarm_of(watch: Watch) -> str:
    """The name of the alarm that has the watch scanned."""
    schedule = watch.schedule
    return region_key(schedule.region) if isinstance(schedule, Refresh) else watch.key


def _until_again(error: StoreError) -> int:
    return AWAY_SECONDS if isinstance(error, StoreAway) else MINUTE


def _breaks(watch: Watch) -> Incident:
    return Incident(IncidentKind.BREAKS, About.WATCH, watch.name)
