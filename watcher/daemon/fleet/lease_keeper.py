"""Takes, renews and releases leases: on a thread and a connection of its own, so that a busy event
loop loses none. One that stands still for long keeps none: then others go on with its books.

A dead holder is followed within ten seconds: its lease runs out after ``LEASE_SECONDS``, which
everybody knows in advance and looks then, and a book begins in one or two. A server that answers
nobody for three seconds costs nobody a lease.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

import msgspec
import structlog

from watcher.daemon.fleet.lease_tenure import LeaseTenure, steady
from watcher.delivery.daemon_thread import DaemonThread
from watcher.errors import StoreError
from watcher.store.control import LEASE_SECONDS, RENEW_SECONDS, Control, DaemonState, LeaseState
from watcher.store.places import Server

LOOK_SECONDS = 1.0
JUST_AFTER = 0.02  # seconds after a lease has run out, when it is looked whether it has
# Before its lease can run out nothing is begun any more: clocks drift, and a beginning takes time.
MARGIN_SECONDS = 1.0
DEAF_SECONDS = 60.0  # without a word of the event loop: it stands still
# What one turn adds to that at most: the machine, the process or the server stood still, not it.
_DEAF_AT_ONCE = 2.0
STUCK_SECONDS = 25.0  # without an answer, where none may take as long: the connection is dead
COMPARE_SECONDS = 60.0  # between two comparisons of the machine's clock with the server's
SKEW_SECONDS = 5.0  # that they may differ by before somebody is told

T = TypeVar("T")

log = structlog.get_logger("watcher.daemon")


class FleetView(msgspec.Struct, frozen=True):
    """All books and daemons at a look that began ``at`` an instant of the keeper's clock."""

    leases: tuple[LeaseState, ...] = ()
    daemons: tuple[DaemonState, ...] = ()
    at: float = float("-inf")


class LeaseListener(Protocol):
    """Hears of the keeper, on the keeper's thread."""

    def saw(self, view: FleetView) -> None:
        """Looked, and perhaps renewed."""

    def lost(self, tenure: LeaseTenure) -> None:
        """Another daemon has the book."""


@dataclass(slots=True)
class LeaseKeeper:
    """Keeps the leases of ``daemon``, whose books are on the server at ``url``. ``opener`` opens a
    connection; ``heard`` is to be called by the event loop, as a sign of life."""

    daemon: DaemonState
    url: str
    opener: Callable[[], Control]
    listener: LeaseListener
    clock: Callable[[], float] = steady
    _held: dict[str, LeaseTenure] = field(default_factory=dict)
    _control: Control | None = None
    _jobs: SimpleQueue[Callable[[], None] | None] = field(default_factory=SimpleQueue)
    # A take may have to wait for a commit of the holder of before: no renewal waits with it.
    _taker: DaemonThread = field(default_factory=lambda: DaemonThread("lease-taker"))
    _taking: Control | None = None
    # Since when each of the two is at something; never, while it is not.
    _working_since: float = float("inf")
    _taking_since: float = float("inf")
    _renewed: float = float("-inf")
    _turned: float = float("inf")
    _next: float = LOOK_SECONDS  # until the next turn
    _deaf: float = 0.0  # for how long the event loop has said nothing
    _compared: float = float("-inf")
    _skewed: bool = False
    _away: bool = False
    _ended: bool = False

    def start(self) -> None:
        """Begin to renew, and to look."""
        threading.Thread(target=self._run, name="lease-keeper", daemon=True).start()

    def heard(self) -> None:
        """The event loop moves. It breaks connections that the threads hang in: a proxy between may
        keep one open that leads nowhere."""
        self._deaf = 0.0
        latest = self.clock() - STUCK_SECONDS
        if self._working_since < latest and self._control is not None:
            self._control.abort()
        if self._taking_since < latest and self._taking is not None:
            self._taking.abort()

    def look_soon(self) -> None:
        """FleetView now: something was said of a lease."""
        self._jobs.put(None)

    def declare(self, daemon: DaemonState) -> Future[None]:
        """Be known as this from now on; soon, for others reckon with it."""
        return self._ask(lambda control: self._declare(control, daemon))

    def take(self, book: str) -> Future[LeaseTenure | None]:
        """The book's lease, where nobody has it."""
        return self._taker.run(partial(self._take, book))

    def release(self, tenure: LeaseTenure) -> Future[None]:
        """Hand the book over. Where the server can't be reached its lease runs out."""
        return self._ask(lambda control: self._release(control, tenure))

    def close(self) -> Future[None]:
        """Say that the daemon ends, and end the thread."""

        def leave(control: Control) -> None:
            control.daemons.leave(self.daemon.id)

        self._ended = True
        self._taker.run(self._end_taking)
        self._taker.retire()
        return self._ask(leave)

    def turn(self) -> None:
        """Renew where that is due, and look. Raises ``StoreError`` where the server is away."""
        now = self.clock()
        deaf = self._is_deaf(now)
        control = self._connected()
        if not deaf and now - self._renewed >= RENEW_SECONDS:
            self._renew(control, now)
        at = self.clock()
        leases, daemons = tuple(control.leases.all()), tuple(control.daemons.all())
        self._drop_lost(leases)
        view = FleetView(leases, daemons, at)
        self.listener.saw(view)
        self._next = LOOK_SECONDS if deaf else self._until_next(view)
        if self._away:
            self._away = False
            log.info("the server is back")
        if now - self._compared >= COMPARE_SECONDS:
            self._compared = now
            self._compare_clocks(control)

    def _is_deaf(self, now: float) -> bool:
        """Whether the event loop has stood still for long; the log hears of it once."""
        before = self._deaf
        self._deaf += min(max(0.0, now - self._turned), _DEAF_AT_ONCE)
        self._turned = now
        if before <= DEAF_SECONDS < self._deaf:
            log.error("the event loop stands still: the books are left to other daemons")
        return self._deaf > DEAF_SECONDS

    def _until_next(self, view: FleetView) -> float:
        """Seconds until there is something to see, or to renew."""
        others = (each.left for each in view.leases if each.book not in self._held and each.held)
        ends = (left + JUST_AFTER for left in others)
        soonest = min([LOOK_SECONDS, self._renewed + RENEW_SECONDS - view.at, *ends])
        return max(0.0, soonest + view.at - self.clock())

    def _compare_clocks(self, control: Control) -> None:
        """Leases are the server's, and schedules the machine's own: with a wrong clock a book is
        scanned at other times here than where it was before."""
        before = time.time()
        skew = time.time() - control.now()
        rough = time.time() - before  # what the answer took
        skewed = abs(skew) > SKEW_SECONDS + rough
        if skewed and not self._skewed:
            log.warning("this machine's clock is not the server's", ahead_by=round(skew, 1))
        self._skewed = skewed

    # ------------------------------------------------------------------ on the thread

    def _run(self) -> None:
        while not self._ended:
            self._guarded(self.turn)
            self._work()
        self._work()  # what was asked for last
        self._disconnect()

    def _work(self) -> None:
        """Do what is asked for until the next look is due; nobody waits for that one's end."""
        until, self._next = self.clock() + self._next, LOOK_SECONDS
        with suppress(Empty):
            while True:
                left = until - self.clock()
                waits = left > 0 and not self._ended
                job = self._jobs.get(timeout=left) if waits else self._jobs.get_nowait()
                if job is not None:
                    self._guarded(job)
                elif not self._ended:
                    return

    def _guarded(self, work: Callable[[], None]) -> None:
        """Nothing ends the thread, and whatever failed may have been the connection."""
        self._working_since = self.clock()
        try:
            work()
        except StoreError as error:
            self._disconnect()
            if not self._away:
                log.error("the leases can't be renewed", error=str(error))  # noqa: TRY400
            self._away = True
        except Exception:
            self._disconnect()
            log.exception("the look at the leases broke; the next one comes")
        finally:
            self._working_since = float("inf")

    def _ask(self, work: Callable[[Control], T]) -> Future[T]:
        future: Future[T] = Future()

        def job() -> None:
            if not future.set_running_or_notify_cancel():
                return  # nobody waits for it any more
            try:
                result: Any = work(self._connected())
            except BaseException as error:
                future.set_exception(error)
                raise
            future.set_result(result)

        self._jobs.put(job)
        return future

    def _connected(self) -> Control:
        if self._control is None:
            self._control = self.opener()
        return self._control

    def _disconnect(self) -> None:
        control, self._control = self._control, None
        if control is not None:
            _close(control)

    def _renew(self, control: Control, now: float) -> None:
        self._renewed = now
        control.daemons.beat(self.daemon)
        held = list(self._held.values())
        if not held:
            return
        sent = self.clock()
        ill = {each.lease.book: each.ill for each in held}
        kept = set(control.leases.renew([each.lease for each in held], LEASE_SECONDS, ill))
        for tenure in held:
            if tenure.lease in kept:
                tenure.until = _until(sent)

    def _drop_lost(self, leases: Sequence[LeaseState]) -> None:
        """Lost is what the server says is another's. One that was not renewed, perhaps for a lock,
        may be by the next turn."""
        holders = {each.book: (each.holder, each.fence) for each in leases}
        for book, tenure in list(self._held.items()):
            if holders.get(book) != (tenure.lease.holder, tenure.lease.fence):
                tenure.until = 0.0  # at once, before the loop hears of it
                del self._held[book]
                self.listener.lost(tenure)

    def _declare(self, control: Control, daemon: DaemonState) -> None:
        self.daemon = daemon
        control.daemons.beat(daemon)

    def _take(self, book: str) -> LeaseTenure | None:
        """On the taker's thread. A connection that was kept may have broken meanwhile."""
        if self._taking is not None:
            with suppress(StoreError):
                return self._try_to_take(self._taking, book)
            self._end_taking()
        self._taking = self.opener()
        return self._try_to_take(self._taking, book)

    def _end_taking(self) -> None:
        taking, self._taking = self._taking, None
        if taking is not None:
            _close(taking)

    def _try_to_take(self, control: Control, book: str) -> LeaseTenure | None:
        self._taking_since = sent = self.clock()
        try:
            lease = control.leases.take(book, self.daemon.id, LEASE_SECONDS)
        finally:
            self._taking_since = float("inf")
        if lease is None:
            return None
        tenure = LeaseTenure(lease, Server(self.url, book), _until(sent), self.clock)
        # Between two turns: a look from before it would find that nobody has it.
        self._jobs.put(partial(self._held.__setitem__, book, tenure))
        return tenure

    def _release(self, control: Control, tenure: LeaseTenure) -> None:
        if self._held.get(tenure.lease.book) is tenure:
            del self._held[tenure.lease.book]
            control.leases.release(tenure.lease)


def _close(control: Control) -> None:
    try:
        control.close()
    except StoreError as error:
        log.debug("a broken connection could not be closed", error=str(error))


def _until(sent: float) -> float:
    """The instant up to which a lease is certain that was asked for at ``sent``."""
    return sent + LEASE_SECONDS - MARGIN_SECONDS
