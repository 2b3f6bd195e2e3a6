"""Long tasks under supervision: named, restarted with backoff when they die, and reported."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from watcher.errors import LeaseUncertain, StoreAway, StoreError, WatcherError
from watcher.incident import About, Incident, IncidentKind
from watcher.retrying import backoff

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0

log = structlog.get_logger("watcher.daemon")

Report = Callable[[str, BaseException | None], Awaitable[None]]


class StoodStill(Exception):
    """A task that did not move any more: it was ended from outside, or ended by itself."""


@dataclass(slots=True)
class Supervisor:
    """Keeps long tasks running. ``report(name, error)`` hears of each death, and with None once
    the task has worked again for ``well_after`` seconds. One that returns has died, too, until it
    ``may_end``.
    """

    report: Report
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    well_after: float = 60.0
    may_end: Callable[[], bool] = lambda: True
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _working: dict[str, asyncio.Future[None]] = field(default_factory=dict)
    _stuck: dict[str, StoodStill] = field(default_factory=dict)

    def start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run ``work``, and start it anew when it raises or ends before its time."""
        self._tasks[name] = asyncio.create_task(self._keep(name, work), name=name)

    def restart(self, name: str, why: str) -> bool:
        """End a task that stands still, as if it had died; False where it is another's."""
        working = self._working.get(name)
        if working is None or working.done():
            return False
        self._stuck[name] = StoodStill(why)
        working.cancel()
        return True

    @property
    def names(self) -> list[str]:
        """The tasks that were started."""
        return list(self._tasks)

    @property
    def ended(self) -> list[str]:
        """The tasks that run no more."""
        return [name for name, task in self._tasks.items() if task.done()]

    async def finish(self, seconds: float) -> None:
        """Let the tasks end by themselves for so long, then stop them."""
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=seconds)
        await self.stop()

    async def stop(self) -> None:
        """Cancel what still runs, and wait until it is gone."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()

    async def _keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        failures = 0
        while True:
            self._working[name] = task = asyncio.ensure_future(work())
            try:
                if failures and await self._is_well(task):
                    await self._tell(name, None)
                    failures = 0
                await self._end_of(name, task)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told
                wait = backoff(failures, FIRST_WAIT, LONGEST_WAIT)
                _say(name, error, wait, failures)
                failures += 1
                await self._tell(name, error)
                await self.pause(wait)
            else:
                return
            finally:
                if not task.done():
                    task.cancel()
                    await asyncio.wait({task})

    async def _is_well(self, task: asyncio.Future[None]) -> bool:
        """Whether it works for so long that it counts as well."""
        done, _ = await asyncio.wait({task}, timeout=self.well_after)
        return not done

    async def _end_of(self, name: str, task: asyncio.Future[None]) -> None:
        """Raise what the task ended with; ``StoodStill`` where ``restart`` ended it."""
        await asyncio.wait({task})
        stuck = self._stuck.pop(name, None)
        if task.cancelled():  # the task alone, not its supervisor: a death like any other
            raise stuck or StoodStill("it was cancelled")
        task.result()
        if not self.may_end():
            raise StoodStill("it ended, and nobody had asked it to")

    async def _tell(self, name: str, error: BaseException | None) -> None:
        try:
            await self.report(name, error)
        except Exception:
            log.exception("could not report on a task", task=name)


def _say(name: str, error: Exception, wait: float, failures: int) -> None:
    """Log a death. Of a store that is away once, and of a lease not at all: whoever keeps it does,
    for all parts together."""
    told = isinstance(error, LeaseUncertain) or (isinstance(error, StoreAway) and failures)
    if told:
        log.debug("task died", task=name, error=str(error), again_in=wait)
    elif isinstance(error, WatcherError):  # its text says all
        log.error("task died", task=name, error=str(error), again_in=wait)
    else:
        log.error("task died", task=name, again_in=wait, exc_info=error)


def incident_of(task: str, error: BaseException | None) -> Incident | None:
    """The incident of a task's death, without details once it works again (``error`` is None). None
    of the database's: of that the health tells, once for all."""
    incident = Incident(IncidentKind.TASK, About.PART, task)
    if error is None:
        return incident
    return None if isinstance(error, StoreError) else incident.with_details(**why(error))


def why(error: BaseException) -> dict[str, str]:
    """Details for the operator. An error of no kind of ours may hold anything, a secret too: the
    log, which hides those, has its text."""
    known = isinstance(error, WatcherError | StoodStill)
    return {"error": str(error)} if known else {"type": type(error).__name__}
