"""News for pages that are open: that something changed, of which kind, and never what.

One look for all: while any page of a book is open, its store is asked every other second for the
marks of what changes (a handful of ends of indexes), however many pages there are. A page that is
told asks for itself anew, which costs more than the look: so pages are told one after the other,
as fast as their questions stay within a small share of a processor (``LivePace``), but those of one
address together, for they are answered by one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias
from zlib import crc32

import structlog

from watcher.errors import StoreError
from watcher.store.sql.news import KINDS

Marks: TypeAlias = Mapping[str, int]

PERIOD = 2.0  # seconds from one look to the next
SHARE = 0.003  # of a processor: what the questions of pages that were told may take
LARGEST = 0.2  # seconds that one question counts as
BURST = 0.12  # seconds of a processor that may be taken at once, after a time of rest
USUAL, SAME = 0.05, 0.001  # seconds that a page is thought to take until it did; and one more
_PAGES = 500  # addresses of which it is remembered
ILL = 15.0  # seconds between questions for the health, which tries to write
OLD = 300.0  # seconds after which a page that was told nothing is made anew: times grow old
TIME = "time"  # the kind of what is told then


log = structlog.get_logger("watcher.web")


class MarkedStores(Protocol):
    """The stores behind the pages; "" is what they have in common, or the only one."""

    async def marks(self, book: str) -> Marks:
        """The marks as they are now; raises ``StoreError``, or ``LookupError`` of no such book."""

    async def ill(self, book: str) -> str | None:
        """The reason why the daemon of the book is not well; raises as ``marks`` does."""


def written(marks: Marks) -> str:
    """Marks as text, which a page brings back."""
    return ".".join(str(marks.get(kind, 0)) for kind in KINDS)


def read_marks(text: str) -> Marks | None:
    """The marks that a page brings; None where these are none."""
    parts = text.split(".")
    known = len(parts) == len(KINDS) and all(map(_is_mark, parts))
    return dict(zip(KINDS, map(int, parts), strict=True)) if known else None


def _is_mark(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 10


@dataclass(slots=True)
class LivePace:
    """The pace at which pages are told: what they ask then takes ``share`` of a processor. A page,
    by its address, is thought to take what it took the last times; whoever has the same one open
    gets the same answer, which takes little more."""

    share: float = SHARE
    clock: Callable[[], float] = time.monotonic
    _left: float = BURST
    _at: float | None = None
    _usual: dict[str, float] = field(default_factory=dict)  # seconds by page
    _owed: dict[str, float] = field(default_factory=dict)  # thought to be taken, and not yet

    def wait(self) -> float:
        """The seconds until one more may be told."""
        now = self.clock()
        if self._at is not None:
            self._left = min(BURST, self._left + (now - self._at) * self.share)
        self._at = now
        return max(0.0, -self._left / self.share)

    def told(self, page: str, count: int = 1) -> None:
        """So many who have a page open were told, and will ask."""
        thought = self._usual.get(page, USUAL) + (count - 1) * SAME
        self._left -= thought
        self._owed[page] = self._owed.pop(page, 0.0) + thought
        while len(self._owed) > _PAGES:
            self._owed.pop(next(iter(self._owed)))

    def took(self, page: str, seconds: float, *, made: bool = True) -> None:
        """So much did it take to answer one, and not what it was thought to; it was ``made``, and
        not the same as another's."""
        seconds = min(seconds, LARGEST)  # one that a scan fell into is no reason to be silent
        thought = self._usual.get(page, USUAL) if made else SAME
        thought = min(self._owed.get(page, 0.0), thought)
        if thought:
            self._owed[page] -= thought
        self._left += thought - seconds
        if made:
            usual = self._usual.pop(page, seconds)
            self._usual[page] = usual + (seconds - usual) / 2
            while len(self._usual) > _PAGES:
                self._usual.pop(next(iter(self._usual)))


class Follower:
    """A page that is open: what it shows of, what it knows, and what it is to be told."""

    def __init__(self, kinds: Collection[str], known: Marks, now: float, page: str = "") -> None:
        self.page = page  # its address: who has the same is told with it, and is answered alike
        self.kinds = frozenset(kinds)
        self.known = known
        self.at = now  # when it was told something, or came
        self.over = False
        self._due = set[str]()
        self._wake = asyncio.Event()

    def changed(self, marks: Marks) -> set[str]:
        """The kinds that it shows and that are no longer as it knows them."""
        return {kind for kind in self.kinds if marks.get(kind, 0) != self.known.get(kind, 0)}

    def give(self, kinds: Collection[str], marks: Marks, now: float) -> None:
        """Have it told, at once."""
        self._due.update(kinds)
        self.known, self.at = marks, now
        self._wake.set()

    def end(self) -> None:
        """Tell it no more."""
        self.over = True
        self._wake.set()

    async def next(self, patience: float) -> list[str]:
        """The kinds that it is to be told now; none after so many seconds, or once it is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._wake.wait()
        if not self.over:
            self._wake.clear()
        due, self._due = sorted(self._due), set()
        return due


@dataclass(slots=True)
class _Book:
    """A book as it was looked at last, and the pages of it that are open."""

    marks: Marks | None = None
    at: float = 0.0
    ill: str | None = None
    asked: float | None = None  # when its health was
    followers: dict[Follower, None] = field(default_factory=dict)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class NewsDesk:
    """Looks for what changed while somebody wants to know, and tells it at a bearable pace."""

    def __init__(
        self, asked: MarkedStores, period: float = PERIOD, pace: LivePace | None = None
    ) -> None:
        self._asked, self._period, self.pace = asked, period, pace or LivePace()
        self._books: dict[str, _Book] = {}
        self._due: dict[Follower, tuple[_Book, set[str]]] = {}  # the first is told first
        self._any_due = asyncio.Event()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def marks(self, book: str) -> Marks:
        """The marks of a book, of this moment or the last look; raises as ``MarkedStores`` does."""
        kept = self._books.setdefault(book, _Book())
        async with kept.turn:  # many who come at once ask once
            if kept.marks is None or time.monotonic() - kept.at > self._period:
                try:
                    await self._ask(book, kept)
                except LookupError:
                    self._books.pop(book, None)
                    raise
            return self._whole(kept)

    @contextmanager
    def follow(self, book: str, follower: Follower) -> Iterator[None]:
        """Have a page told as long as this lasts."""
        kept = self._books.setdefault(book, _Book())
        kept.followers[follower] = None
        self._begin("look", self._look)
        self._begin("tell", self._tell)
        try:
            yield
        finally:
            kept.followers.pop(follower, None)
            self._due.pop(follower, None)
            if not any(each.followers for each in self._books.values()):
                self._rest()

    async def aclose(self) -> None:
        """Tell nobody any more."""
        for kept in self._books.values():
            for each in kept.followers:
                each.end()
        tasks = [*self._tasks.values()]
        self._rest()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _begin(self, name: str, work: Callable[[], Coroutine[None, None, None]]) -> None:
        if name not in self._tasks:
            self._tasks[name] = asyncio.create_task(work(), name=f"news: {name}")

    def _rest(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    async def _look(self) -> None:
        """Look at the books of which a page is open, one after the other, each period at one: the
        looks cost the same, however many these are."""
        while True:
            for name, kept in [*self._books.items()]:
                if kept.followers:
                    try:
                        await self._look_at(name, kept)
                    except Exception:
                        log.exception("a look for what changed broke", book=name)
                    await asyncio.sleep(self._period)
            if not any(kept.followers for kept in self._books.values()):
                await asyncio.sleep(self._period)

    async def _look_at(self, name: str, kept: _Book) -> None:
        try:
            async with kept.turn:
                await self._ask(name, kept)
        except StoreError:  # the page says it, to who loads it
            return
        except LookupError:
            for each in kept.followers:
                each.end()
            return
        self._ask_health(name, kept)
        marks, now = self._whole(kept), time.monotonic()
        for each in kept.followers:
            changed = each.changed(marks)
            if not changed and now - each.at > OLD:
                changed = {TIME}
            if changed:
                self._due.setdefault(each, (kept, set()))[1].update(changed)
                self._any_due.set()

    async def _ask(self, name: str, kept: _Book) -> None:
        kept.marks = await self._asked.marks(name)
        kept.at = time.monotonic()

    def _ask_health(self, name: str, kept: _Book) -> None:
        """Beside the looks: it may wait for a scan that is being stored."""
        now = time.monotonic()
        if kept.asked is None or now - kept.asked > ILL:
            kept.asked = now
            self._tasks.pop(f"health of {name}", None)
            self._begin(f"health of {name}", lambda: self._note_health(name, kept))

    async def _note_health(self, name: str, kept: _Book) -> None:
        with suppress(StoreError, LookupError):
            kept.ill = await self._asked.ill(name)

    @staticmethod
    def _whole(kept: _Book) -> Marks:
        marks = kept.marks or {}
        if kept.ill is None:
            return marks
        return {**marks, "health": crc32(f"{marks.get('health')} {kept.ill}".encode())}

    async def _tell(self) -> None:
        """Tell who is due, as fast as the pace allows."""
        while True:
            await self._any_due.wait()
            if wait := self.pace.wait():  # what is given back meanwhile makes it shorter
                await asyncio.sleep(min(wait, self._period))
                continue
            if not self._due:
                self._any_due.clear()
                continue
            page = next(iter(self._due)).page
            same = [each for each in self._due if each.page == page]
            for follower in same:
                kept, kinds = self._due.pop(follower)
                follower.give(kinds, self._whole(kept), time.monotonic())
            self.pace.told(page, len(same))
