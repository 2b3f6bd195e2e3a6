"""Pictures of products for mails and pages: from the cache, or else fetched beside what shows them.

The collector's addresses are exchanged for such as can be shown for a day, up to ten for a credit;
nothing is asked before the probe found the endpoint that does it. What could not be had is left
alone for a while, and nobody waits for long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import structlog

from watcher.daemon.scheduling.budget import LedgerBudget
from watcher.daemon.scheduling.picture_cache import PictureCache, picture_key
from watcher.daemon.scheduling.picture_source import (
    addresses_in,
    covers_in,
    hosts_of,
    known_covers,
    probe_in_force,
)
from watcher.daemon.scheduling.scanner import Scanner
from watcher.delivery.marking import StoreThread
from watcher.errors import InvalidQuery, SourceError, SourceUnavailable, StoreError
from watcher.model import Instant
from watcher.rules.rulebook import Api
from watcher.source.endpoints import COVERS
from watcher.source.picture_fetch import PictureFetcher, PictureRefused
from watcher.source.picture_hosts import host_of
from watcher.store.ports import Store
from watcher.store.sql.siblings import Picture
from watcher.units import DAY, HOUR, MINUTE

LEDGER = "pictures"  # what its credits are booked on
GOOD_FOR = DAY - HOUR  # seconds: an address holds for a day
WAIT = 3.0  # seconds that a message waits at most
_Work: TypeAlias = Callable[[], Coroutine[Any, Any, None]]
_REST = 5 * MINUTE  # in which the source, or a host, is not asked that did not answer
_MOST_WAITING = 200  # products that pages wait for; a crawler asks for all of them

log = structlog.get_logger("watcher.scan")


@dataclass(frozen=True, slots=True)
class _Known:
    """Knowledge of the store: the probe's path, and of each picture that is wanted its cover and
    what came of it before."""

    path: str
    covers: Mapping[int, str]
    earlier: Mapping[int, Picture]


@dataclass
class PictureDesk:
    """Has the pictures of a book's products. To be closed."""

    scanner: Scanner
    writer: StoreThread
    cache: PictureCache
    wait: float = WAIT
    fetcher: PictureFetcher | None = None
    _of: tuple[str, Sequence[str]] = ("", ())  # what the fetcher was made of
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _painting: asyncio.Lock = field(default_factory=asyncio.Lock)
    _under_way: dict[str, asyncio.Task[bytes | None]] = field(default_factory=dict)
    _waiting: set[int] = field(default_factory=set)
    _resting: dict[str, Instant] = field(default_factory=dict)
    _closed: bool = False

    async def shown(self, products: Sequence[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
        """The pictures of these products (region and id) that can be had now. What is not there
        in time comes to the cache all the same."""
        found: dict[tuple[str, str], bytes] = {}
        if products and not self._closed:
            task = self._begun(partial(self._shown, products, found))
            await asyncio.wait({task}, timeout=self.wait)
        return dict(found)

    def want(self, products: Sequence[int]) -> None:
        """Somebody looks at these products: their pictures are fetched, for the next look."""
        new = [each for each in products if each not in self._waiting]
        if new and not self._closed and len(self._waiting) + len(new) <= _MOST_WAITING:
            self._waiting.update(new)
            task = self._begun(partial(self._fill, new, {}))
            task.add_done_callback(lambda _done: self._waiting.difference_update(new))

    def covers(self, database: Store, products: Sequence[int]) -> dict[int, str]:
        """The source's addresses of these products' pictures; none where pictures are off."""
        return covers_in(database, self.scanner.book, products)

    async def present(self, covers: Mapping[int, str]) -> dict[int, str]:
        """The keys of the pictures that are in the cache, by product."""
        return await asyncio.to_thread(self._present, covers)

    async def read(self, cover: str) -> bytes | None:
        """The picture in the cache."""
        return await asyncio.to_thread(self.cache.get, picture_key(cover))

    @property
    def under_way(self) -> list[asyncio.Task[Any]]:
        """Tasks that fetch something now."""
        return [*self._tasks, *self._under_way.values()]

    def use(self, fetcher: PictureFetcher) -> None:
        """Fetch by this one for as long as the rules say the same of hosts."""
        self.fetcher, self._of = fetcher, _made_of(self.scanner.book.api)

    async def close(self) -> None:
        """Begin nothing more, and end what is under way."""
        self._closed = True
        tasks = self.under_way
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.fetcher is not None:
            await self.fetcher.close()

    def _begun(self, work: _Work) -> asyncio.Task[None]:
        task = asyncio.create_task(_guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _present(self, covers: Mapping[int, str]) -> dict[int, str]:
        keys = {product: picture_key(cover) for product, cover in covers.items()}
        return {product: key for product, key in keys.items() if self.cache.get(key) is not None}

    async def _shown(
        self, products: Sequence[tuple[str, str]], found: dict[tuple[str, str], bytes]
    ) -> None:
        keys = await self.writer.run(lambda db: db.history.keys_of(products))
        names = {key: pair for pair, key in keys.items()}
        await self._fill([*names], _Renamed(names, found))

    async def _fill(self, products: Sequence[int], found: dict[int, bytes] | _Renamed) -> None:
        """Put what can be had into ``found``, each as it comes."""
        known = await self.writer.run(partial(self._known, products))
        if known is None:
            return
        missing = await self._cached(known.covers, found)
        if not missing:
            return
        async with self._turn:  # what another one exchanged meanwhile is not asked for again
            known = await self.writer.run(partial(self._known, missing))
            addresses = await self._addresses(known, missing) if known is not None else {}
        if known is not None:
            await asyncio.gather(
                *(
                    self._fetched(product, known.covers[product], address, found)
                    for product, address in addresses.items()
                )
            )

    def _known(self, products: Sequence[int], database: Store) -> _Known | None:
        book, now = self.scanner.book, self.scanner.now()
        probe = probe_in_force(database, book)
        if probe is None or not (covers := known_covers(database, products)):
            return None
        return _Known(probe.path, covers, database.pictures.of([*covers], now))

    async def _cached(
        self, covers: Mapping[int, str], found: dict[int, bytes] | _Renamed
    ) -> list[int]:
        """Put those that are in the cache into ``found``; the others."""
        missing = []
        for product, cover in covers.items():
            picture = await self.read(cover)
            if picture is None:
                missing.append(product)
            else:
                found[product] = picture
        return missing

    # -------------------------------------------------------------- asking the source

    async def _addresses(self, known: _Known, missing: Sequence[int]) -> dict[int, str]:
        """The addresses to fetch from: those of earlier that are good, and new ones."""
        addresses, asked = dict[int, str](), dict[str, list[int]]()
        for product in missing:
            earlier = known.earlier.get(product)
            if earlier is None:
                asked.setdefault(known.covers[product], []).append(product)
            elif earlier.address is not None:
                addresses[product] = earlier.address
        covers = [*asked]
        for begin in range(0, len(covers), COVERS.page_size):
            some = covers[begin : begin + COVERS.page_size]
            answer = await self._exchanged(known.path, some)
            if answer is None:
                break
            given, error = answer
            now = self.scanner.now()
            pictures = [
                _picture(product, given.get(cover), error, now)
                for cover in some
                for product in asked[cover]
            ]
            await self.writer.run(partial(_keep, pictures, now))
            addresses |= {each.product: each.address for each in pictures if each.address}
        return addresses

    async def _exchanged(
        self, path: str, covers: Sequence[str]
    ) -> tuple[Mapping[str, str], str] | None:
        """The addresses that can be shown, by those that were asked for, and what went wrong with
        the others; None where it is better asked later."""
        scanner, now = self.scanner, self.scanner.now()
        if self._rests(LEDGER, now) or scanner.breaker.why_shut(LEDGER, now) is not None:
            return None
        budget = LedgerBudget(
            self.writer, scanner.clock, scanner.book.api, LEDGER, tenure=scanner.tenure
        )
        if not await self.writer.run(lambda db: budget.begin(db, 1, now)):
            log.info("no pictures: the rule file's cap on credits leaves none for them")
            self._resting[LEDGER] = now + _REST
            return None
        try:
            params = {"cover_urls": ",".join(covers)}
            body = await scanner.client.answer(COVERS, params, budget, path)
        except InvalidQuery as error:
            return {}, str(error)
        except SourceError as error:
            log.warning("no pictures", error=str(error))
            self._resting[LEDGER] = scanner.now() + _REST
            return None
        finally:
            await self.writer.run(budget.settle)
            budget.close()
        allowed = addresses_in(body, covers, self._fetcher().hosts)
        return allowed, "the source gave no address of its own that can be shown"

    # -------------------------------------------------------------- fetching

    async def _fetched(
        self, product: int, cover: str, address: str, found: dict[int, bytes] | _Renamed
    ) -> None:
        """Fetch it, once for all who want it now."""
        key = picture_key(cover)
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(self._fetch(product, key, address))
            self._under_way[key] = task
            task.add_done_callback(lambda _done: self._under_way.pop(key, None))
        picture = await task
        if picture is not None:
            found[product] = picture

    async def _fetch(self, product: int, key: str, address: str) -> bytes | None:
        from watcher.charts.thumbnail import thumbnail  # noqa: PLC0415 - a daemon may never need it

        host, now = host_of(address), self.scanner.now()
        if self._rests(host, now):
            return None
        try:
            content = await self._fetcher().fetch(address)
            async with self._painting:  # one takes up to 64 MB
                picture = await asyncio.to_thread(thumbnail, content)
        except (PictureRefused, ValueError) as error:
            log.info("a picture can't be had", error=str(error))
            refused = _picture(product, None, str(error), now)
            await self.writer.run(partial(_keep, [refused], now))
            return None
        except SourceUnavailable as error:
            log.info("a picture can't be had now", error=str(error))
            self._resting[host] = self.scanner.now() + _REST
            return None
        await asyncio.to_thread(self.cache.put, key, picture)
        return picture

    def _rests(self, what: str, now: Instant) -> bool:
        """Whether it is not asked now; not for longer where the clock was set back."""
        return now < self._resting.get(what, 0) <= now + _REST

    def _fetcher(self) -> PictureFetcher:
        """The one for the rules in force."""
        api = self.scanner.book.api
        if self.fetcher is None or self._of != _made_of(api):
            old = self.fetcher
            self.use(PictureFetcher(hosts_of(api)))
            if old is not None:
                self._begun(old.close)
        assert self.fetcher is not None  # noqa: S101 - by ``use``
        return self.fetcher


class _Renamed:
    """Takes pictures by the products' keys, and hands them on by region and id."""

    def __init__(
        self, names: Mapping[int, tuple[str, str]], found: dict[tuple[str, str], bytes]
    ) -> None:
        self._names, self._found = names, found

    def __setitem__(self, product: int, picture: bytes) -> None:
        self._found[self._names[product]] = picture


def _made_of(api: Api) -> tuple[str, Sequence[str]]:
    return api.url, api.picture_hosts


async def _guarded(work: _Work) -> None:
    """A picture that fails is only not there."""
    try:
        await work()
    except StoreError as error:  # the health tells of it
        log.info("no pictures: the database can't be asked", error=str(error))
    except Exception:
        log.exception("pictures could not be had")


def _keep(pictures: Sequence[Picture], now: Instant, database: Store) -> None:
    with database.atomic():
        database.pictures.forget(now)
        database.pictures.put(pictures)


def _picture(product: int, address: str | None, error: str, now: Instant) -> Picture:
    until = now + (GOOD_FOR if address else DAY)
    return Picture(product, now, address, until, None if address else error)
