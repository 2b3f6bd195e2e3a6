"""A proxy between a client and its PostgreSQL server that cuts, holds or slows what passes.

It reads the client's messages, so that it can cut right before a COMMIT reaches the server, swallow
the server's answer to it, or break off in the middle of a COPY. It has a thread and a loop of its
own: clients that block and clients on a loop can both be served, and its methods may be called from
anywhere.
"""

from __future__ import annotations

import asyncio
import re
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple, Self

HOST = "127.0.0.1"
_PIECE = 1 << 16
_STARTUP = 3 << 16  # the protocol's version: a client that presents itself
_COMMIT = re.compile(rb"(?:^|;)\s*(?:COMMIT|END)\b", re.IGNORECASE)
_BEGIN = re.compile(rb"^\s*(?:BEGIN|START TRANSACTION)\b", re.IGNORECASE)
_NAME = re.compile(rb"\0application_name\0([^\0]*)\0")
_AT_REST = b"Z\x00\x00\x00\x05I"  # the server's last word: ready, and in no transaction


class Moment(StrEnum):
    """A message of the client's at which something may happen."""

    BEGIN = "begin"
    COMMIT = "commit"
    COPY = "copy"


class How(StrEnum):
    """The thing that happens then, to its connection and to the message."""

    BEFORE = "before"  # cut; the message never arrives
    AFTER = "after"  # it arrives, its answer does not: cut once the server has given it
    LATE = "late"  # cut for the client at once; the message arrives some time later
    HALF = "half"  # half of it arrives, then it is cut
    PASS = "pass"  # nothing but what ``act`` does while the message is held


class Wire(NamedTuple):
    """One message as it stood on the wire; ``kind`` is b"" for those that begin a connection."""

    kind: bytes
    whole: bytes

    @property
    def body(self) -> bytes:
        return self.whole[5:]


@dataclass(eq=False)
class Trap:
    """Springs at the ``count``-th such moment of connections whose application name is ``of`` it.

    ``act`` is called while the message is held, before anything is cut; ``done`` once the server
    has answered what ``How.AFTER`` and ``How.LATE`` let through, before the client knows of a cut.
    """

    moment: Moment
    how: How
    count: int = 1
    delay: float = 0.3
    of: Callable[[str], bool] = lambda _name: True
    act: Callable[[], object] = lambda: None
    done: Callable[[], object] = lambda: None
    sprung: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)  # all of it has happened


class Reader:
    """Makes messages of a client's bytes."""

    def __init__(self) -> None:
        self.name = ""
        self._rest = bytearray()
        self._presented = False
        self._statements: dict[bytes, bytes] = {}

    def feed(self, data: bytes) -> Iterator[Wire]:
        """The messages that are whole by now."""
        self._rest += data
        while (message := self._next()) is not None:
            yield message

    def _next(self) -> Wire | None:
        head = 1 if self._presented else 0
        if len(self._rest) < head + 4:
            return None
        size = head + int(struct.unpack_from("!I", self._rest, head)[0])
        if len(self._rest) < size:
            return None
        whole = bytes(self._rest[:size])
        del self._rest[:size]
        if not self._presented:
            self._presented = struct.unpack_from("!I", whole, 4)[0] == _STARTUP
            if found := _NAME.search(whole):
                self.name = found[1].decode()
        return Wire(whole[:head], whole)

    def moment(self, message: Wire) -> Moment | None:
        """The moment that comes with this message."""
        if message.kind == b"d":
            return Moment.COPY
        text = self._text(message)
        if _COMMIT.search(text):
            return Moment.COMMIT
        return Moment.BEGIN if _BEGIN.match(text) else None

    def _text(self, message: Wire) -> bytes:
        """The statement that it runs; a prepared one is known by its name."""
        if message.kind == b"Q":
            return message.body
        if message.kind == b"P":
            name, text, _ = message.body.split(b"\0", 2)
            self._statements[name] = text
        if message.kind == b"B":
            return self._statements.get(message.body.split(b"\0", 2)[1], b"")
        return b""


class Cut(Exception):
    """The connection is cut."""


class Dropping:
    """Passes on to the server on ``port`` whatever comes on a port of its own, within ``with``."""

    def __init__(self, port: int) -> None:
        self.server = port
        self.port = 0
        self.pause = 0.0  # seconds for which each piece waits, both ways
        self.refusing = False  # whether new connections are closed at once
        self.traps: list[Trap] = []
        self.passages: set[Passage] = set()
        self.accepted = 0
        self.gate = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._begin(), self._loop).result(10)
        return self

    def __exit__(self, *_error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _begin(self) -> None:
        self.gate.set()
        self._listening = await asyncio.start_server(self._serve, HOST, self.port)
        self.port = int(self._listening.sockets[0].getsockname()[1])

    async def _end(self) -> None:
        self._listening.close()
        await self._cut(lambda _name: True)
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def trap(
        self,
        moment: Moment,
        how: How,
        *,
        count: int = 1,
        delay: float = 0.3,
        of: Callable[[str], bool] = lambda _name: True,
        act: Callable[[], object] = lambda: None,
    ) -> Trap:
        """Set a trap; it springs once."""
        trap = Trap(moment, how, count, delay, of, act)
        self._loop.call_soon_threadsafe(self.traps.append, trap)
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self._loop).result(10)
        return trap

    def forget(self, trap: Trap) -> None:
        """Take back a trap that may not have sprung."""

        async def forgotten() -> None:
            with suppress(ValueError):
                self.traps.remove(trap)

        asyncio.run_coroutine_threadsafe(forgotten(), self._loop).result(10)

    def cut(self, of: Callable[[str], bool] = lambda _name: True) -> int:
        """Cut the connections now that there are; how many they were."""
        return asyncio.run_coroutine_threadsafe(self._cut(of), self._loop).result(10)

    async def _cut(self, of: Callable[[str], bool]) -> int:
        chosen = [each for each in self.passages if of(each.reader.name)]
        for passage in chosen:
            passage.abort()
        return len(chosen)

    def swallow(self) -> None:
        """Become a black hole: nothing passes, nothing closes, who comes is never answered."""
        self._loop.call_soon_threadsafe(self.gate.clear)

    def heal(self) -> None:
        """Let pass what was held back, and what comes."""
        self._loop.call_soon_threadsafe(self.gate.set)

    def sprung_by(self, message: Wire, passage: Passage) -> Trap | None:
        """The trap that springs at this message."""
        moment = passage.reader.moment(message)
        if moment is None:
            return None
        for trap in self.traps:
            if trap.moment is moment and trap.of(passage.reader.name):
                trap.count -= 1
                if trap.count == 0:
                    self.traps.remove(trap)
                    return trap
        return None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        with suppress(OSError, asyncio.CancelledError):
            await self.gate.wait()
            if self.refusing:
                writer.transport.abort()
                return
            to_server = await asyncio.open_connection(HOST, self.server)
            passage = Passage(self, (reader, writer), to_server)
            self.passages.add(passage)
            try:
                await passage.run()
            finally:
                self.passages.discard(passage)
        writer.transport.abort()


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Passage:
    """One client's connection and its twin to the server."""

    def __init__(self, proxy: Dropping, client: Ends, server: Ends) -> None:
        self.proxy = proxy
        self.reader = Reader()
        self._client, self._server = client, server
        self._trap: Trap | None = None  # one that sprang, and is not at its end
        self._held: list[bytes] = []
        self._answered = asyncio.Event()

    def abort(self) -> None:
        """Cut it, both ways."""
        for _, writer in (self._client, self._server):
            writer.transport.abort()

    async def run(self) -> None:
        """Pass messages and answers until one of them ends."""
        ways = {asyncio.create_task(self._up()), asyncio.create_task(self._down())}
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            if self._trap is not None:  # the client is gone, its message is still on its way
                await asyncio.wait(ways, timeout=self._trap.delay + 30)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            self.abort()
            if self._trap is not None:
                self._trap.ended.set()

    async def _up(self) -> None:
        with suppress(OSError, Cut):
            while piece := await self._client[0].read(_PIECE):
                for message in self.reader.feed(piece):
                    await self._take(message)
        if self._trap is None:
            self._server[1].transport.abort()

    async def _take(self, message: Wire) -> None:
        await self.proxy.gate.wait()
        await asyncio.sleep(self.proxy.pause)
        trap = None if self._trap else self.proxy.sprung_by(message, self)
        if trap is not None:
            await self._spring(trap, message)
        if self._trap is not None and self._trap.how is How.LATE:
            await self._hold(self._trap, message)
            return
        await self._send(message.whole)

    async def _spring(self, trap: Trap, message: Wire) -> None:
        trap.act()
        trap.sprung.set()
        if trap.how is How.PASS:
            trap.ended.set()
        elif trap.how in (How.BEFORE, How.HALF):
            if trap.how is How.HALF:
                await self._send(message.whole[: len(message.whole) // 2])
            self.abort()
            trap.ended.set()
            raise Cut
        else:
            self._trap = trap

    async def _hold(self, trap: Trap, message: Wire) -> None:
        """Keep what makes the whole request; then cut the client off, and deliver it later."""
        self._held.append(message.whole)
        if message.kind not in (b"Q", b"S"):
            return
        self._client[1].transport.abort()
        await asyncio.sleep(trap.delay)
        await self._send(b"".join(self._held))
        await self._answered.wait()
        raise Cut

    async def _send(self, data: bytes) -> None:
        self._server[1].write(data)
        await self._server[1].drain()

    async def _down(self) -> None:
        with suppress(OSError):
            while piece := await self._server[0].read(_PIECE):
                if self._trap is not None:
                    if piece.endswith(_AT_REST):
                        self._trap.done()
                        self._answered.set()
                        self.abort()
                        return
                    continue
                await self.proxy.gate.wait()
                await asyncio.sleep(self.proxy.pause)
                self._client[1].write(piece)
                await self._client[1].drain()
        self._client[1].transport.abort()
