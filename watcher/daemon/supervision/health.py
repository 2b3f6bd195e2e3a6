"""Whether the daemon is well, as ``/healthz`` and systemd's watchdog are told."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from watcher.daemon.core import Core
from watcher.daemon.supervision.supervisor import Supervisor
from watcher.delivery.courier import Sender
from watcher.delivery.message import render
from watcher.delivery.permission import always, may_send
from watcher.delivery.rendered import OutcomeKind, Way
from watcher.errors import WatcherError
from watcher.incident import Incident, IncidentKind
from watcher.language import Language
from watcher.message import Message
from watcher.model import Instant, Severity
from watcher.notification.policy import NotifyPolicy
from watcher.store.ports import Store

PROBE_SECONDS = 5.0
DATABASE_TURNS = 6  # it is looked at each half minute
LOOKS = 2  # bad looks in a row before somebody is told: a lock or a large commit passes
DATABASE = Incident(IncidentKind.DATABASE)
DAEMON = "daemon"  # the kind of the health that is written as a probe

log = structlog.get_logger("watcher.daemon")


@dataclass(slots=True, eq=False)
class DirectAlert:
    """Word to the operator where the database fails: the one message that can't go by the outbox.
    It is sent straight to the operator's targets, once a cause and once at its end, and is kept in
    memory only. A target that does not take it is asked again at the next look. ``operator`` and
    ``targets`` are asked for at each look, as are the ``ways`` of channels: a reload may change
    all. Of the books of one process that tell the same ``address`` one tells it: ``told_by`` is
    theirs together."""

    operator: Callable[[], Sequence[NotifyPolicy]]
    targets: Callable[[], Mapping[str, Sender]]
    address: Callable[[str], object] = lambda name: name
    ways: Callable[[], Mapping[str, Way]] = dict
    told_by: dict[object, DirectAlert] = field(default_factory=dict)
    _bad: int = 0
    _told: set[str] = field(default_factory=set)  # targets that know of it

    @property
    def told(self) -> bool:
        """Whether somebody knows of it."""
        return bool(self._told)

    async def look(self, reason: str | None, now: Instant) -> None:
        """Take the ``reason`` that the database fails; None is none."""
        if reason is None:
            self._bad = 0
            self._told -= await self._send(DATABASE, self._told, now)
            return
        self._bad += 1
        if self._bad >= LOOKS:
            began = DATABASE.with_details(error=reason)
            names = _targets_of(self.operator()) - self._told
            self._told |= await self._send(began, names, now)

    async def _send(self, incident: Incident, names: set[str], now: Instant) -> set[str]:
        """Tell that it began or, without an error, is over; the targets that took it or are no
        more."""
        over = "error" not in incident.details
        severity = Severity.INFO if over else Severity.CRITICAL
        message = Message("operator", "", severity, created=now, incident=incident, over=over)
        held = (each for each in self.operator() if each.urgent_hold(now) is not None)
        asked = sorted(names - _targets_of(held))
        took = await asyncio.gather(*(self._try(name, message) for name in asked))
        return set(itertools.compress(asked, took))

    async def _try(self, name: str, message: Message) -> bool:
        target, address = self.targets().get(name), self.address(name)
        if target is None:
            return True
        if message.over:
            teller = self.told_by.get(address)
        else:
            teller = self.told_by.setdefault(address, self)
        if teller is not self:
            return True
        # Of the database's failure the one who can't reach it tells, whoever has the book.
        may_send.set(always)  # in this task alone
        told = render(message, target.style, limit=target.limit, language=self._language_of(name))
        outcome = await target.send(told)
        took = outcome.kind is OutcomeKind.SENT
        if not took:
            log.warning("the operator could not be told", target=name, error=outcome.detail)
        if took is message.over:  # that it is over, or nothing yet
            self.told_by.pop(address, None)
        return took

    def _language_of(self, target: str) -> Language:
        """The language of the target's channel."""
        channels = (each.channel for each in self.operator() if target in each.targets)
        return self.ways().get(next(channels, ""), Way()).language


def _targets_of(channels: Iterable[NotifyPolicy]) -> set[str]:
    return {target for channel in channels for target in channel.targets}


@dataclass(slots=True)
class DaemonHealth:
    """Looks after the parts: which of them moves, and whether the database takes writes."""

    core: Core
    supervisors: Sequence[Supervisor]
    direct_alert: DirectAlert = field(init=False)
    _probe: asyncio.Task[None] | None = field(default=None)
    _asked: float = 0.0  # when the probe began, on a clock that never jumps

    def __post_init__(self) -> None:
        core = self.core
        self.direct_alert = DirectAlert(
            lambda: core.scanner.policies,
            lambda: core.courier.targets,
            ways=lambda: core.courier.ways,
        )

    async def ill(self) -> str | None:
        """The part that does not move, or why the disk takes no writes; None while all is well."""
        return self.still() or await self._unwritable()

    def still(self) -> str | None:
        """The part that does not move, in words."""
        if not self.core.timers.running:
            return "the timers stand still"
        ended = (supervisor.ended for supervisor in self.supervisors)
        name = next(itertools.chain(*ended, self.core.liveness.late()), None)
        return f"the part {name} stands still" if name is not None else None

    async def look_after(self) -> None:
        """The part "health", for ever: start anew what stands still for long, and have the
        operator told where the database fails."""
        looking: asyncio.Task[None] | None = None
        try:
            for turn in itertools.count():
                self.core.liveness.tick()
                self.restart_late()
                if turn % DATABASE_TURNS == 0 and (looking is None or looking.done()):
                    # Beside this loop: a target that hangs must not hold up the ticks.
                    looking = asyncio.create_task(self._look_at_database(), name="emergency")
                await asyncio.sleep(self.core.liveness.period)
        finally:
            if looking is not None:
                looking.cancel()

    def restart_late(self) -> None:
        """Start each part anew that stands still for longer than anybody's patience."""
        patience = self.core.limits.patience
        for name, overdue in self.core.liveness.late().items():
            if overdue > patience and self._restart(name, overdue):
                self.core.liveness.beat(name, patience)

    def _restart(self, name: str, overdue: float) -> bool:
        why = f"it was not heard of for {overdue:.0f} s longer than it may be silent"
        return any(supervisor.restart(name, why) for supervisor in self.supervisors)

    async def _look_at_database(self) -> None:
        try:
            await self.direct_alert.look(await self._unwritable(), self.core.clock.now())
        except Exception:
            log.exception("the look at the database broke; the next one comes")

    async def _unwritable(self) -> str | None:
        probe = self._probing()  # ours: who wakes before us may have begun the next one
        # Who asks while one has waited for long is answered at once.
        patience = max(0.0, self._asked + PROBE_SECONDS - time.monotonic())
        done, _ = await asyncio.wait({probe}, timeout=patience)
        if not done:
            return f"the database has not taken a write for {PROBE_SECONDS:g} s"
        try:
            probe.result()
        except WatcherError as error:
            return f"the database can't be written: {error}"
        # A small row may find room where a scan does not.
        unstored = self.core.scanner.unstored
        return f"a scan can't be stored: {unstored}" if unstored else None

    def _probing(self) -> asyncio.Task[None]:
        """The probe under way. One at a time: behind a lock that lasts they would queue up before
        the real work."""
        if self._probe is None or self._probe.done():
            self._probe = asyncio.create_task(self.core.writer.run(self._write), name="probe")
            self._probe.add_done_callback(lambda probe: probe.cancelled() or probe.exception())
            self._asked = time.monotonic()
        return self._probe

    def _write(self, database: Store) -> None:
        """A real one: an empty transaction succeeds on a full disk, too."""
        database.health.ok(DAEMON, "database", self.core.clock.now())
