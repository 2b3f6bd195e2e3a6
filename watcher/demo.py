"""The whole daemon on a simulated market: no key, no account, no network.

The market is served on loopback and read by the ordinary client; alerts go through the ordinary
outbox and Apprise to an inbox on loopback, which prints them. Only time is not the real one: a
simulated day takes some seconds, and the past is played before the clock starts.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

from aiohttp import web

from watcher.daemon.clock import FastClock, keep_clock
from watcher.daemon.scheduling.scanner import Scanner, client_of
from watcher.daemon.service import Service
from watcher.errors import WatcherError
from watcher.model import Instant
from watcher.rules.files.keeping import KeepingLoader
from watcher.rules.files.loading import load
from watcher.rules.rulebook import Rulebook
from watcher.source.endpoints import COVERS
from watcher.source.simulator import PRESETS, Market, Simulator
from watcher.store.engine import Writer
from watcher.store.sql.siblings import Probe
from watcher.units import DAY, HOUR, next_midnight, utc_day
from watcher.web.address import parse_address

KEY = "demo-key"
_READ_AT = 6 * HOUR  # when the past's daily scans were made


@dataclass(frozen=True, slots=True)
class Settings:
    """The user's choices: ``market`` is one of the simulator's presets, ``seconds`` ends the demo
    after that time, None never; ``keep`` is a new folder for what it writes, which stays."""

    now: Instant
    seed: int = 7
    products: int = 5_000
    market: str = "real"
    days: int = 30
    day_seconds: float = 10.0
    listen: str | None = "127.0.0.1:8787"
    seconds: float | None = None
    keep: Path | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """Shows what happens: a day of the past, that it is ready, each message, each day; and says
    whether nobody looks any more."""

    past: Callable[[int, int], None]
    ready: Callable[[Path, Path, str | None], None]
    message: Callable[[Mapping[str, str]], None]
    day: Callable[[Instant], None]
    left: Callable[[], bool] = lambda: False


@dataclass(slots=True)
class Demo:
    """One run; everything it writes is in a folder of its own, removed at the end unless the user
    has it kept. ``load`` reads its rule file, with the user's own variables; ``follow`` with the
    rules that are written in its page, which its database has."""

    settings: Settings
    listener: Listener
    load: Callable[[Path], Rulebook] = lambda path: load([path], os.environ)
    follow: Callable[[Path, Path], KeepingLoader] | None = None

    async def run(self) -> None:
        """Serve the market, play the past, then run the daemon until it is stopped."""
        if self.settings.listen is not None:
            parse_address(self.settings.listen)  # said before the past is played
        async with AsyncExitStack() as stack:
            await self._run(stack, stack.enter_context(_place(self.settings.keep)))

    async def _run(self, stack: AsyncExitStack, folder: Path) -> None:
        chosen, rules, database = self.settings, folder / "rules.yaml", folder / "watcher.db"
        market = Market(
            seed=chosen.seed,
            products=chosen.products,
            start=utc_day(chosen.now - chosen.days * DAY),
            behaviour=PRESETS[chosen.market],
        )
        simulator = await stack.enter_async_context(Simulator(market, key=KEY))
        inbox = await stack.enter_async_context(_inbox(self.listener.message))
        text = resources.files("watcher").joinpath("demo.rules.yaml").read_text("utf-8")
        # With the places of this run filled in: other commands read the file as it is.
        places = {"DEMO_KEY": KEY, "DEMO_URL": simulator.url, "DEMO_INBOX": inbox}
        for name, value in places.items():
            text = text.replace(f"${{{name}}}", value)
        rules.write_text(text, encoding="utf-8")
        await self._play_past(self.load(rules), database, market)
        clock = FastClock(chosen.now, speed=DAY / chosen.day_seconds)
        stopping = asyncio.Event()
        loader = self.follow(rules, database) if self.follow is not None else None
        service = Service(
            rules=rules,
            database=database,
            listen=chosen.listen,
            load=loader or (lambda: self.load(rules)),
            draft=loader.draft if loader is not None else None,
            clock=clock,
            on_ready=lambda page: self.listener.ready(rules, database, page),
        )
        if chosen.seconds is not None:
            asyncio.get_running_loop().call_later(chosen.seconds, stopping.set)
        beside = asyncio.create_task(self._pass_days(market, clock, stopping))
        try:
            await service.run(stopping)
        finally:
            beside.cancel()
            await asyncio.gather(beside, return_exceptions=True)
            if chosen.keep is not None:  # its time goes on, as fast as ours
                keep_clock(database, FastClock(clock.exact(), speed=1.0))

    async def _play_past(self, book: Rulebook, database: Path, market: Market) -> None:
        """The days before now, through the same scan and evaluation; nobody is told of them."""
        clock = FastClock(0, speed=1e-9)  # it stands where it is put
        nobody = {
            name: replace(channel, urls=(), origins=(), quiet=None, digest=None)
            for name, channel in book.channels.items()
        }
        async with Writer(database) as writer, client_of(book) as client:
            scanner = Scanner(replace(book, channels=nobody), client, writer, clock)
            midnight = next_midnight(self.settings.now) - DAY
            for day in range(self.settings.days, 0, -1):
                clock.start = now = midnight - day * DAY + _READ_AT
                if day == self.settings.days:
                    await writer.run(lambda store: store.rules.sync(book.marks, clock.now()))
                for watch in book.used_watches:
                    await scanner.scan(watch, now)
                market.advance()
                self.listener.past(self.settings.days - day + 1, self.settings.days)
            # As `watcher source probe` would find: this market exchanges addresses of pictures.
            probe = Probe(
                COVERS.name, clock.now(), works=True, status=200, words="", path=COVERS.path,
                credential=book.api.credential,
            )  # fmt: skip
            await writer.run(lambda store: store.probes.put(probe))

    async def _pass_days(self, market: Market, clock: FastClock, stopping: asyncio.Event) -> None:
        while True:
            midnight = next_midnight(clock.now())
            await asyncio.sleep(max(0.0, clock.seconds_until(midnight)))
            market.advance((utc_day(midnight) - market.day) // timedelta(days=1))
            self.listener.day(midnight)
            if self.listener.left():
                stopping.set()


@contextmanager
def _place(kept: Path | None) -> Iterator[Path]:
    """An empty folder for a run: ``kept``, or one that is removed. Raises ``WatcherError`` where
    the one to keep holds anything, or can't be made."""
    if kept is None:
        with TemporaryDirectory(prefix="watcher-demo-", ignore_cleanup_errors=True) as folder:
            yield Path(folder)
        return
    try:
        kept.mkdir(parents=True, exist_ok=True)
        is_empty = not any(kept.iterdir())
    except OSError as error:
        raise WatcherError(f"{kept}: {error.strerror or error}") from error
    if not is_empty:
        raise WatcherError(f"{kept}: this folder is not empty; name a new one")
    yield kept


@asynccontextmanager
async def _inbox(show: Callable[[Mapping[str, str]], None]) -> AsyncIterator[str]:
    """The URL of an inbox on a loopback port of its own, which takes what Apprise posts as JSON."""

    async def take(request: web.Request) -> web.Response:
        show(await request.json())
        return web.Response(text="ok")

    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.router.add_post("/", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"json://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        with suppress(OSError):
            await runner.cleanup()
