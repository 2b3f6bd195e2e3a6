"""The control plane, which the daemons on one server share beside each book's own store: books and
their rules, leases, and the daemons themselves. Times of leases are the server's: no daemon's clock
counts."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Protocol, Self

from msgspec import Struct

from watcher.errors import StoreError, WatcherError
from watcher.model import Instant
from watcher.units import format_instant
from watcher.words import quoted

LEASE_SECONDS = 6.0  # for which a lease is taken: so long nobody else has the book of a killed one
RENEW_SECONDS = 1.5  # between two renewals
LONGEST_LEASE = 60  # seconds: none is granted for longer
LOOK_BACK = 20  # revisions that are tried, from the newest on, where that can't be read
LATELY = 15.0  # seconds: a daemon that was not heard of for longer is not at work
MOST_FILES, MOST_BYTES = 1_000, 32 << 20  # of a book's rules
_LONGEST_NAME = 200  # bytes: of a file, with room for what a file system takes
_BOOK = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)


class LeaseLost(StoreError):
    """Another daemon has the book by now: nothing more may be written for it."""


class NoBooks(StoreError):
    """A database in which nobody has made a book yet, for who only reads."""


class Raced(StoreError):
    """Rules were pushed that do not follow those that the book has by now."""


class Lease(Struct, frozen=True):
    """The right to write a book's store until it runs out. ``fence`` rises with each holder."""

    book: str
    holder: str  # a daemon's id
    fence: int


class LeaseState(Struct, frozen=True):
    """A book's lease. ``left`` is how many seconds it still holds, below 0 where it ran out;
    ``holder`` is None where nobody has it. ``ill`` is what its holder said of it last."""

    book: str
    holder: str | None
    fence: int
    left: float
    since: Instant
    ill: str | None = None

    @property
    def held(self) -> bool:
        return self.holder is not None and self.left > 0


class DaemonState(Struct, frozen=True):
    """A daemon at work: ``seen`` is how many seconds ago it was heard of, ``page`` the URL of its
    page, ``wanted`` the books that it may hold (None: all) but for those ``refused``, which a newer
    version wrote."""

    id: str
    host: str
    pid: int
    version: str
    page: str | None
    started: Instant
    seen: float = 0.0
    wanted: tuple[str, ...] | None = None
    refused: tuple[str, ...] = ()


class Revision(Struct, frozen=True):
    """A book's rule files as they were pushed once; ``number`` counts from 1 in each book."""

    book: str
    number: int
    digest: str
    pushed: Instant
    by: str
    comment: str = ""


class Books(Protocol):
    """Books by name, and their rules."""

    def names(self) -> Sequence[str]: ...

    def create(self, book: str) -> None:
        """A new, empty book with a schema and a role of its own; nothing where there is one.
        ``WatcherError`` for a name that no book can have."""

    def drop(self, book: str, *, held: bool = False) -> None:
        """The book with all its history. ``StoreError`` where a daemon holds it, unless it may be
        ``held``: that daemon finds its lease lost."""

    def push(
        self, book: str, files: Mapping[str, bytes], *, expected: str | None, by: str,
        comment: str = "",
    ) -> Revision:  # fmt: skip
        """Make these the book's rule files, where those of today have the digest ``expected`` (None
        where it has none yet), and tell the daemons. The same files again are no new revision.
        Raises ``Raced``."""

    def current(self, book: str) -> Revision | None: ...

    def keep_clock(self, book: str, clock: bytes | None) -> None:
        """Note how the simulated clock of the book's daemon goes; None: the real one."""

    def clock(self, book: str) -> bytes | None: ...

    def set_token(self, book: str, digest: str | None) -> None:
        """Have the book's page ask for the token of this SHA-256 (in hexadecimal digits), or for
        none of its own. ``StoreError`` where there is no such book."""

    def tokens(self) -> Mapping[str, str]:
        """The digests of the books that have a token of their own."""

    def history(self, book: str) -> Sequence[Revision]:
        """The newest first."""

    def files(self, book: str, number: int) -> dict[str, bytes]:
        """The rule files of a revision, by name. ``StoreError`` where there is no such."""


class Leases(Protocol):
    """At most one daemon a book."""

    def take(self, book: str, holder: str, seconds: float) -> Lease | None:
        """The book's lease for at most ``LONGEST_LEASE`` seconds, where nobody has it or its holder
        let it run out; None otherwise. The sessions of the holder of before are ended, lest one
        that stands still inside a transaction blocks the book."""

    def renew(
        self, leases: Sequence[Lease], seconds: float, ill: Mapping[str, str | None]
    ) -> Sequence[Lease]:
        """Have these run on from now, with what is wrong with each book; those that still hold."""

    def release(self, lease: Lease) -> None:
        """Hand the book over: whoever may have it is told."""

    def all(self) -> Sequence[LeaseState]:
        """The lease of every book, by name."""


class Daemons(Protocol):
    """The daemons that are at work."""

    def beat(self, daemon: DaemonState) -> None:
        """It is alive."""

    def leave(self, daemon: str) -> None:
        """It ends in order."""

    def all(self) -> Sequence[DaemonState]:
        """The daemons that were heard of lately, the oldest first."""


class Control(Protocol):
    """A server's part that all books share, over one connection that belongs to its thread."""

    @property
    def books(self) -> Books: ...

    @property
    def leases(self) -> Leases: ...

    @property
    def daemons(self) -> Daemons: ...

    def is_readonly(self) -> bool:
        """Whether nothing can be written there, as on a replica."""

    def now(self) -> float:
        """The server's clock."""

    def tell(self, event: str, book: str) -> None:
        """Have all who listen know: ``rules``, ``lease``, ``wake`` of a book."""

    def abort(self) -> None:
        """Break the connection, from any thread: whoever waits in it for an answer hears that the
        server is away. The next use makes another."""

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def described(revision: Revision) -> str:
    """``revision 3 (1a2b3c4d5e6f), pushed by ann@laptop at 2026-03-01 10:00 UTC ("why")``."""
    why = f' ("{revision.comment}")' if revision.comment else ""
    when = format_instant(revision.pushed)
    return (
        f"revision {revision.number} ({revision.digest[:12]}), "
        f"pushed by {revision.by} at {when}{why}"
    )


def digest_of(files: Mapping[str, bytes]) -> str:
    """A hash of names and contents."""
    hashed = sha256()
    for name in sorted(files):
        for part in (name.encode(), files[name]):
            hashed.update(len(part).to_bytes(8, "big") + part)
    return hashed.hexdigest()


def refuse_name(book: str) -> None:
    """Raise ``WatcherError`` for a name that no book can have."""
    if not _BOOK.fullmatch(book):
        shown = quoted(book if len(book) <= 80 else f"{book[:80]}…")
        raise WatcherError(
            f"{shown} is no name of a book: a small letter, then small letters, digits, - and _, "
            "at most 40 together"
        )


def refuse_files(files: Mapping[str, bytes]) -> None:
    """Raise ``WatcherError`` for files that can't be a book's rules, wherever they come from."""
    if not files:
        raise WatcherError("there is no file to push")
    if len(files) > MOST_FILES:
        raise WatcherError(f"{len(files):,} files are too many: a book has at most {MOST_FILES:,}")
    for name in files:
        if wrong := _wrong_with(name):
            raise WatcherError(f"{quoted(name[:80])} is no name of a rule file: {wrong}")
    if sum(map(len, files.values())) > MOST_BYTES:
        largest = max(files, key=lambda name: len(files[name]))
        raise WatcherError(
            f"the files have more than the {MOST_BYTES >> 20} MiB that a book may have; the "
            f"largest is {largest}"
        )


def _wrong_with(name: str) -> str:
    """The reason why no rule file can be called so: a daemon makes a file of that name."""
    if "/" in name or "\\" in name:
        return "it leads to another folder"
    if not name or name.startswith("."):
        return "it is empty, or begins with a dot"
    if not name.isprintable():  # nor what stands for bytes that are no text
        return "it has characters that can't be printed"
    if len(name.encode()) > _LONGEST_NAME:
        return f"it has over {_LONGEST_NAME} bytes"
    return ""


def new_daemon() -> str:
    """An id for a daemon, which no other has."""
    return secrets.token_hex(6)
