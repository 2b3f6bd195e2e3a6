"""A control plane in memory, by a clock that is set, and a store in memory for each book."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from watcher.errors import StoreAway
from watcher.store.control import DaemonState, Lease, LeaseState, Revision, digest_of


@dataclass
class SetSteady:
    """A clock of seconds that stands where it is put."""

    instant: float = 1_000.0

    def __call__(self) -> float:
        return self.instant


@dataclass
class FakeServer:
    """All that daemons share. While it is ``away`` nobody reaches it."""

    clock: SetSteady = field(default_factory=SetSteady)
    away: bool = False
    ahead: float = 0.0
    rows: dict[str, LeaseState] = field(default_factory=dict)
    until: dict[str, float] = field(default_factory=dict)
    at_work: dict[str, tuple[DaemonState, float]] = field(default_factory=dict)
    revisions: dict[str, list[tuple[Revision, Mapping[str, bytes]]]] = field(default_factory=dict)

    def open(self) -> FakeControl:
        """A connection."""
        self.reach()
        return FakeControl(self)

    def reach(self) -> None:
        """Raise where it is away."""
        if self.away:
            raise StoreAway("the server is away", "a server")

    def push(self, book: str, text: str) -> Revision:
        """Rules in one file."""
        files = {"rules.yaml": text.encode()}
        held = self.revisions.setdefault(book, [])
        revision = Revision(book, len(held) + 1, digest_of(files), 0, "a test")
        held.append((revision, files))
        return revision

    def held_by(self, holder: str) -> list[str]:
        """The books whose lease it has now."""
        return [each.book for each in self.leases() if each.held and each.holder == holder]

    def leases(self) -> list[LeaseState]:
        """Of every book, by name."""
        now = self.clock()
        return [
            msgspec.structs.replace(each, left=self.until.get(name, now) - now)
            for name, each in sorted(self.rows.items())
        ]


@dataclass
class FakeControl:
    """One connection to it; all faces in one."""

    server: FakeServer
    aborted: int = 0

    @property
    def books(self) -> Any:
        return FakeBooks(self.server)

    @property
    def leases(self) -> Any:
        return FakeLeases(self.server)

    @property
    def daemons(self) -> Any:
        return FakeDaemons(self.server)

    def now(self) -> float:
        """Its clock is this machine's, but for what is ``ahead``."""
        return time.time() + self.server.ahead

    def abort(self) -> None:
        """Nobody waits here."""
        self.aborted += 1

    def close(self) -> None:
        """Nothing was open."""


@dataclass
class FakeBooks:
    """Books by name."""

    server: FakeServer

    def create(self, book: str) -> None:
        self.server.rows.setdefault(book, LeaseState(book, None, 0, 0.0, 0))

    def current(self, book: str) -> Revision | None:
        self.server.reach()
        found = self.history(book)
        return found[0] if found else None

    def history(self, book: str) -> list[Revision]:
        self.server.reach()
        return [each for each, _ in reversed(self.server.revisions.get(book, []))]

    def files(self, book: str, number: int) -> Mapping[str, bytes]:
        self.server.reach()
        return self.server.revisions[book][number - 1][1]


@dataclass
class FakeLeases:
    """At most one daemon a book."""

    server: FakeServer

    def take(self, book: str, holder: str, seconds: float) -> Lease | None:
        self.server.reach()
        row = self.server.rows[book]
        if row.holder is not None and self.server.until[book] > self.server.clock():
            return None
        self.server.rows[book] = LeaseState(book, holder, row.fence + 1, 0.0, 0)
        self.server.until[book] = self.server.clock() + seconds
        return Lease(book, holder, row.fence + 1)

    def renew(
        self, leases: Sequence[Lease], seconds: float, ill: Mapping[str, str | None]
    ) -> list[Lease]:
        self.server.reach()
        kept = []
        for each in leases:
            row = self.server.rows.get(each.book)
            if row is not None and (row.holder, row.fence) == (each.holder, each.fence):
                self.server.until[each.book] = self.server.clock() + seconds
                self.server.rows[each.book] = msgspec.structs.replace(row, ill=ill[each.book])
                kept.append(each)
        return kept

    def release(self, lease: Lease) -> None:
        self.server.reach()
        row = self.server.rows[lease.book]
        if (row.holder, row.fence) == (lease.holder, lease.fence):
            self.server.rows[lease.book] = msgspec.structs.replace(row, holder=None)

    def all(self) -> list[LeaseState]:
        self.server.reach()
        return self.server.leases()


@dataclass
class FakeDaemons:
    """The daemons at work."""

    server: FakeServer

    def beat(self, daemon: DaemonState) -> None:
        self.server.reach()
        self.server.at_work[daemon.id] = daemon, self.server.clock()

    def leave(self, daemon: str) -> None:
        self.server.reach()
        self.server.at_work.pop(daemon, None)

    def all(self) -> list[DaemonState]:
        now = self.server.clock()
        return [
            msgspec.structs.replace(each, seen=now - seen)
            for each, seen in self.server.at_work.values()
        ]


def a_daemon(name: str, wanted: tuple[str, ...] | None = None) -> DaemonState:
    """One on some host."""
    return DaemonState(name, "host", 1, "1.0", None, 0, wanted=wanted)
