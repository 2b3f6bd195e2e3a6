"""Daemons, books and leases on a server, as the index of the books shows them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec import Struct

from watcher.model import Instant
from watcher.store.control import Control, DaemonState, LeaseState, Revision


class BookState(Struct, frozen=True):
    """A book: its lease, with the holder where that is at work, and its rules as they were pushed
    last (None: it has none, or the files of its daemon)."""

    name: str
    lease: LeaseState
    holder: DaemonState | None = None
    rules: Revision | None = None

    @property
    def trouble(self) -> str | None:
        """The words for what is wrong with it."""
        if not self.lease.held:
            return "held by nobody: nothing is scanned or sent for it"
        return self.lease.ill


class Fleet(Struct, frozen=True):
    """All of it at ``now`` of the server's clock. ``readonly``: the server is a replica."""

    now: Instant
    daemons: Sequence[DaemonState]
    books: Sequence[BookState]
    readonly: bool = False

    def books_of(self, daemon: DaemonState) -> list[str]:
        """The books that a daemon holds, by name."""
        return [
            book.name for book in self.books if book.lease.held and book.lease.holder == daemon.id
        ]

    @property
    def trouble(self) -> str | None:
        """The words for what is wrong with some book."""
        found = [f"book {each.name}: {each.trouble}" for each in self.books if each.trouble]
        return "; ".join(found) or None


def read_fleet(control: Control, only: Collection[str] | None = None) -> Fleet:
    """The fleet as the server knows it; with ``only`` some of the books."""
    daemons, leases = control.daemons.all(), control.leases.all()
    by_id = {each.id: each for each in daemons}
    books = [
        BookState(each.book, each, by_id.get(each.holder or ""), control.books.current(each.book))
        for each in leases
        if only is None or each.book in only
    ]
    return Fleet(int(control.now()), daemons, books, control.is_readonly())


class PrintedDaemon(Struct, frozen=True, kw_only=True):
    """A daemon at work; ``wanted`` are the books that it may hold, null: all."""

    id: str
    host: str
    pid: int
    version: str
    page: str | None
    started: Instant
    seen_seconds_ago: float
    wanted: tuple[str, ...] | None
    books: list[str]


class PrintedLease(Struct, frozen=True, kw_only=True):
    """A book, and who holds it."""

    name: str
    held: bool
    holder: str | None
    since: Instant | None
    lease_seconds_left: float | None
    fence: int
    trouble: str | None
    rules: Revision | None


class PrintedFleet(Struct, frozen=True, kw_only=True):
    """All daemons and books of a server."""

    now: Instant
    readonly: bool
    daemons: list[PrintedDaemon]
    books: list[PrintedLease]


def fleet_json(fleet: Fleet) -> PrintedFleet:
    """For programs: ``/api/fleet.json``, and ``watcher status --json``."""
    return PrintedFleet(
        now=fleet.now,
        readonly=fleet.readonly,
        daemons=[
            PrintedDaemon(
                id=each.id,
                host=each.host,
                pid=each.pid,
                version=each.version,
                page=each.page,
                started=each.started,
                seen_seconds_ago=each.seen,
                wanted=each.wanted,
                books=fleet.books_of(each),
            )
            for each in fleet.daemons
        ],
        books=[*map(_book_json, fleet.books)],
    )


def _book_json(book: BookState) -> PrintedLease:
    lease = book.lease
    return PrintedLease(
        name=book.name,
        held=lease.held,
        holder=lease.holder if lease.held else None,
        since=lease.since if lease.held else None,
        lease_seconds_left=lease.left if lease.held else None,
        fence=lease.fence,
        trouble=book.trouble,
        rules=book.rules,
    )
