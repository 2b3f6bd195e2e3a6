"""The daemon's parts have these in common: rules, store, source, clock, signs of life, operator."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from watcher.daemon.clock import Clock
from watcher.daemon.couriers import courier_of
from watcher.daemon.scheduling.errands import Errands
from watcher.daemon.scheduling.looker import Looker
from watcher.daemon.scheduling.picture_cache import PictureCache
from watcher.daemon.scheduling.pictures import PictureDesk
from watcher.daemon.scheduling.scanner import Scanner, client_of
from watcher.daemon.scheduling.timers import Timers
from watcher.daemon.supervision.liveness import Limits, Liveness
from watcher.daemon.supervision.signals import Stop
from watcher.daemon.supervision.supervisor import Supervisor, incident_of
from watcher.daemon.tenure import Tenure
from watcher.delivery.marking import StoreThread
from watcher.incident import Incident
from watcher.rules.rulebook import Rulebook, Watch


@dataclass
class Core:
    """One book: one store, one rulebook at a time. ``stopping`` is the order to stop, ``stop`` what
    the parts see of it; by its ``tenure`` they may begin something. ``cache`` has the pictures of
    products."""

    book: Rulebook
    writer: StoreThread
    clock: Clock
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    limits: Limits = field(default_factory=Limits)
    liveness: Liveness = field(default_factory=Liveness)
    tenure: Tenure = field(default_factory=Tenure)
    cache: PictureCache = field(default_factory=lambda: PictureCache(None))

    def __post_init__(self) -> None:
        self.timers = Timers(self.clock)
        self.stop = Stop(self.stopping)
        self.client = client_of(self.book)
        self.scanner = Scanner(self.book, self.client, self.writer, self.clock, stop=self.stop)
        self.scanner.tenure = self.tenure
        self.page_news = asyncio.Event()
        self.errands = Errands.of(self.scanner, self.writer)
        self.pictures = PictureDesk(self.scanner, self.writer, self.cache)
        self.looker = Looker(self.scanner, self.writer, self.clock)
        self.courier = courier_of(
            self.writer,
            lambda: self.scanner.book,
            self.clock.now,
            pictures=self.pictures,
            on_turn=lambda: self.beat("delivery"),
            begin=self.tenure.begin,
        )

    def wake(self) -> None:
        """Somebody wrote something that is to be done: in the outbox, what is followed, or rules in
        the page."""
        self.courier.wake()
        self.page_news.set()
        self.errands.wake()

    @property
    def watches(self) -> dict[str, Watch]:
        """The watches that some rule reads, by key."""
        return {watch.key: watch for watch in self.book.used_watches}

    def supervisor(self) -> Supervisor:
        """One whose tasks' deaths the operator hears of."""
        return Supervisor(self._task_died, self.tenure.rest, may_end=self.stopping.is_set)

    def beat(self, part: str, kind: str | None = None) -> None:
        """The part (of that kind, where it is one of several) moved."""
        self.liveness.beat(part, self.limits.silence[kind or part])

    async def note(self, incident: Incident, *, on: bool) -> None:
        """Tell the operator that it began or is over, unless that was told."""
        if await self.writer.run(lambda db: self.scanner.operator(db).note(incident, on=on)):
            self.courier.wake()

    async def _task_died(self, name: str, error: BaseException | None) -> None:
        incident = incident_of(name, error)
        if incident is not None:
            await self.note(incident, on=error is not None)
