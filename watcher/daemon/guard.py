"""Long tasks under guard: named, restarted with backoff when they die, and reported."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0

log = structlog.get_logger("watcher.daemon")

Report = Callable[[str, BaseException | None], Awaitable[None]]


@dataclass(slots=True)
class Guard:
    """Keeps long tasks running. ``report(name, error)`` hears of a death, and with None that
    the task has run again for as long as its last wait."""

    report: Report
    _tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    def start(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Run ``work`` until it returns; start it anew when it raises."""
        self._tasks[name] = asyncio.create_task(self._keep(name, work), name=name)

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
        wait = _FIRST_WAIT
        while True:
            try:
                await work()
            except Exception as error:
                log.exception("task died", task=name, again_in=wait)
                await self._tell(name, error)
                await asyncio.sleep(wait)
                wait = min(wait * 2, _LONGEST_WAIT)
            else:
                return

    async def _tell(self, name: str, error: BaseException) -> None:
        try:
            await self.report(name, error)
        except Exception:
            log.exception("could not report a dead task", task=name)
